"""Tables and paragraphs for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from symact.derived import Derived, written
from symact.output_forms import OutputForm
from symact.writing import text

NONE = "\N{EM DASH}"


def catalogue(facts: Sequence[Mapping[str, Any]]) -> None:
    """Print one row an activation: name, formula, output form."""
    table = _table("name", "g = f(z)", "f' from g")
    for fact in facts:
        table.add_row(*map(Text, (fact["name"], fact["formula"], fact["output_form"] or NONE)))
    Console().print(table)


def derived(found: Derived, *, steps: bool) -> None:
    """Print a derivation as lines."""
    mark = "d/d" + found.found.wrt.name if found.found.wrt.name != "z" else "f" + "'" * found.found.order
    rows = [("f(z)", found.formula)]
    if steps:
        rows += [(step.rule, _with_note(text(step.after), step.note)) for step in found.steps]
    rows.append((mark, text(found.simplified)))
    form = found.output_form
    if isinstance(form, OutputForm):
        rows.append(("from g = f(z)", _with_note(text(form.expression), _where(form))))
        rows.append(("proof", form.proof))
    else:
        rows.append(("from g = f(z)", f"no such form: {form.reason}"))
        if form.witness is not None:
            first, second, why = form.witness
            rows.append(("witness", f"z = {written(first)} and z = {written(second)}: {why}"))
    for kink in found.kinks:
        sides = (
            f"{text(kink.left)} on the left, {text(kink.right)} on the right, {text(kink.convention)} taken"
        )
        rows.append((f"kink at {text(kink.at)}", sides))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, content in rows:
        table.add_row(Text(label), Text(content))
    Console().print(table)


def _where(form: OutputForm) -> str:
    return "" if form.condition == True else f"where {text(form.condition)}"  # noqa: E712 - SymPy's truth


def _with_note(content: str, note: str) -> str:
    return f"{content}    ({note})" if note else content


def accuracy(results: Sequence[Any]) -> None:
    """Print one row a function: its worst error, where, and whether the bound holds."""
    table = _table("activation", "function", "target", "dtype", "points", "worst ulp", "at", "bound", "holds")
    for result in results:
        row = result.to_json()
        table.add_row(
            *map(
                Text, (row["activation"], row["function"], row["target"], row["dtype"], f"{row['points']:,}")
            ),
            Text(_ulp(row["max_ulp"])),
            Text(str(row["at"])),
            Text(f"{row['bound_ulp']} {row['bound']}"),
            Text("yes" if row["holds"] else "NO", style="green" if row["holds"] else "bold red"),
        )
    Console().print(table)


def summary(facts: Sequence[Mapping[str, Any]], results: Sequence[Any]) -> None:
    """Print one row an activation and target: its output form, and the worst error in each format."""
    rows = [result.to_json() for result in results]
    targets = list(dict.fromkeys(row["target"] for row in rows))
    dtypes = list(dict.fromkeys(row["dtype"] for row in rows))
    table = _table("activation", "f' from g", "target", *(f"worst ulp, {dtype}" for dtype in dtypes), "holds")
    for fact in facts:
        for index, target in enumerate(targets):
            mine = [r for r in rows if r["activation"] == fact["name"] and r["target"] == target]
            worst = [max((r["max_ulp"] for r in mine if r["dtype"] == d), default=None) for d in dtypes]
            holds = all(r["holds"] for r in mine)
            first = (fact["name"], fact["output_form"] or NONE) if index == 0 else ("", "")
            table.add_row(
                *map(Text, (*first, target, *map(_ulp, worst))),
                Text("yes" if holds else "NO", style="green" if holds else "bold red"),
            )
    console = Console()
    console.print(table)
    forms = sum(fact["output_form"] is not None for fact in facts)
    bad = sum(not row["holds"] for row in rows)
    points = sum(row["points"] for row in rows)
    console.print(
        f"{len(facts)} activations, {forms} with an output form; "
        f"{len(rows)} functions measured at {points:,} points, {bad} beyond their bound"
    )


def _ulp(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
