"""Tables and paragraphs for a terminal."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from symact.activations import G
from symact.derivations import Derivation
from symact.derived import Derived
from symact.mixed_forms import MixedForm
from symact.mixed_forms.orders import written
from symact.output_forms import OutputForm
from symact.properties import Properties
from symact.writing import text

NONE = "\N{EM DASH}"
WIDE = 120
FORM_WIDTH = 48


def catalogue(facts: Sequence[Mapping[str, Any]]) -> None:
    """Print one row an activation: name, formula, output form."""
    table = _table("name", "g = f(z)", "f' from g")
    for fact in facts:
        table.add_row(*map(Text, (fact["name"], readable(fact["formula"]), _form(fact))))
    _console().print(table)


def timings(found: Sequence[Any]) -> None:
    """Print one row an activation, function and size: for each contender its least time and worst error."""
    contenders = list(dict.fromkeys(timing.contender for timing in found))
    table = _table("ns per element: least (median), worst ulp", "size", *contenders)
    rows: dict[tuple[str, int], dict[str, str]] = {}
    for one in found:
        worst = "" if one.max_ulp is None else f", {one.max_ulp:.3g}"
        row = rows.setdefault((f"{one.activation} {one.function}", one.size), {})
        row[one.contender] = f"{one.least:.3g} ({one.middle:.3g}){worst}"
    for (what, size), cells in rows.items():
        table.add_row(what, f"{size:,}", *(cells.get(contender, NONE) for contender in contenders))
    _console().print(table)


def derived(found: Derived, *, steps: bool) -> None:
    """Print a derivation as lines."""
    mark = "d/d" + found.found.wrt.name if found.found.wrt.name != "z" else "f" + "'" * found.found.order
    rows = [("f(z)", readable(found.formula))]
    if steps:
        rows += _steps(found.found.derivation)
    rows.append((mark, readable(text(found.simplified))))
    form = found.output_form
    if isinstance(form, OutputForm):
        rows += _steps(form.derivation) if steps else []
        rows.append(("from g = f(z)", _with_note(readable(text(form.expression)), _where(form))))
        rows.append(("proof", form.proof))
    else:
        rows.append(("from g = f(z)", f"no such form: {form.reason}" if form.decided else form.reason))
        if form.witness is not None:
            first, second, why = form.witness
            rows.append(("witness", f"z = {_decimal(first)} and z = {_decimal(second)}: {why}"))
        rows += _mixed_rows(found.mixed_form)
    for kink in found.kinks:
        sides = (
            f"{text(kink.left)} on the left, {text(kink.right)} on the right, {text(kink.convention)} taken"
        )
        rows.append((f"kink at {text(kink.at)}", sides))
    known = [f"{identity.relation} {identity.name}: {identity.statement}" for identity in found.identities]
    rows += [("known as" if i == 0 else "", line) for i, line in enumerate(known)]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, content in rows:
        table.add_row(Text(label), Text(content))
    _console().print(table)


def _mixed_rows(form: MixedForm | None) -> list[tuple[str, str]]:
    if form is None:
        return []
    uses_g = ["g"] if form.expression.has(G) else []
    label = "from " + " and ".join([*uses_g, *(symbol.name for symbol in form.residuals)])
    kept = [f"{s.name} = {text(value)}" for s, value in form.residuals.items() if s != value]
    return [
        (label, _with_note(readable(written(form.expression)), ", ".join(kept))),
        ("proof", form.proof),
    ]


def _steps(derivation: Derivation) -> list[tuple[str, str]]:
    return [(step.rule, _with_note(readable(text(step.after)), step.note)) for step in derivation.steps]


def properties(found: Properties) -> None:
    """Print one row a fact: its name, its value, for which parameters it holds, and how it is known."""
    table = _table("fact", "value", "for", "how it is known")
    for name, fact in found.facts.items():
        value = NONE if fact.value is None else _worded(fact.to_json()["value"])
        table.add_row(*map(Text, (name.replace("_", " "), value, fact.where, fact.method)))
    _console().print(table)


def _worded(value: Any) -> str:
    """Return a fact's value in words.

    >>> _worded({"lower": "0.25", "upper": "0.26"}), _worded([{"from": "-oo", "to": "0", "is": "convex"}])
    ('in [0.25, 0.26]', 'convex on (-oo, 0)')
    """
    if isinstance(value, list):
        return "; ".join(map(_worded, value)) or "none"
    if not isinstance(value, dict):
        return readable(str(value)) if value is not None else NONE
    if set(value) == {"lower", "upper"}:
        return f"in [{value['lower']}, {value['upper']}]"
    if "closed" in value:
        signs = ("[" if value["closed"][0] else "("), ("]" if value["closed"][1] else ")")
        return f"{signs[0]}{_end(value['lower'])}, {_end(value['upper'])}{signs[1]}"
    if "is" in value:
        return f"{value['is']} on ({_end(value['from'])}, {_end(value['to'])})"
    return ", ".join(f"{key}: {_worded(part)}" for key, part in value.items())


def _end(number: Any) -> str:
    """Return the end of an interval; an enclosed one by its digits that are certain to within one unit."""
    return str(number["lower"]) + "..." if isinstance(number, dict) else str(number)


def _decimal(number: sp.Expr) -> str:
    return text(number) if number.is_Integer else str(sp.N(number, 20))


def _where(form: OutputForm) -> str:
    return "" if form.condition == True else f"where {text(form.condition)}"  # noqa: E712 - SymPy's truth


def _with_note(content: str, note: str) -> str:
    return f"{content}    ({note})" if note else content


OPTIONAL = {"misrounded": "mis-\nrounded", "escalated": "esca-\nlated", "proved_ulp": "proved\nulp"}
"""Columns that are shown where they say something, and their heads."""


def accuracy(results: Sequence[Any]) -> None:
    """Print one row a function: its worst error, where, and whether the bound holds."""
    rows = [result.to_json() for result in results]
    more = [name for name in OPTIONAL if any(row.get(name) for row in rows)]
    heads = ["function", "target", "dtype", "worst\nulp", "at", "bound", *(OPTIONAL[name] for name in more)]
    table = _table(*heads, "holds", fixed=len(heads) + 1)
    for row in rows:
        title = f"{row['activation']} {row['function']}"
        bound = f"{row['bound_ulp']}{'' if row['bound'] == 'relative' else ' ' + row['bound']}"
        cells = [title, row["target"], row["dtype"], _ulp(row["max_ulp"]), str(row["at"]), bound]
        cells += [NONE if row.get(name) is None else str(row[name]) for name in more]
        table.add_row(*map(Text, cells), _verdict(row["holds"]))
    console = _console()
    console.print(table)
    console.print(_measured(rows))


def bounds(records: Sequence[Any]) -> None:
    """Print one row a function: the bound that is proved, or where none is, and what it rests on."""
    table = _table("function", "proved ulp", "not proved", fixed=2)
    for record in records:
        ulp = NONE if record.proved_ulp is None else str(record.proved_ulp)
        table.add_row(*map(Text, (f"{record.activation} {record.function}", ulp, record.where or "")))
    console = _console()
    console.print(table)
    proved = sum(record.proved_ulp is not None for record in records)
    console.print(
        f"float64, all finite inputs, default parameters: {proved} of {len(records)} functions are proved,",
        "given that + - * / sqrt of double-double are good to 2^-100 and its functions to 2^-76.",
    )


def summary(facts: Sequence[Mapping[str, Any]], results: Sequence[Any]) -> None:
    """Print one row an activation: its output form, and the worst error for each target and format."""
    rows = [result.to_json() for result in results]
    kinds = list(dict.fromkeys((row["target"], row["dtype"]) for row in rows))
    kinds.sort(key=lambda kind: kind[0])
    table = _table("activation", "f' from g", *(" ".join(kind) for kind in kinds), "holds")
    table.columns[1].max_width, table.columns[1].overflow = FORM_WIDTH, "ellipsis"
    table.columns[1].no_wrap = True
    for fact in facts:
        mine = [row for row in rows if row["activation"] == fact["name"]]
        worst = [
            max((row["max_ulp"] for row in mine if (row["target"], row["dtype"]) == kind), default=None)
            for kind in kinds
        ]
        holds = all(row["holds"] for row in mine)
        table.add_row(*map(Text, (fact["name"], _form(fact), *map(_ulp, worst))), _verdict(holds))
    console = _console()
    console.print(table)
    forms = sum(fact["output_form"] is not None for fact in facts)
    console.print(
        f"Worst errors in ulp. {len(facts)} activations, {forms} with an output form;", _measured(rows)
    )


def audits(found: Sequence[Any]) -> None:
    """Print one row a function of somebody else's, and below where it fails first and last."""
    table = _table("function", "for", "worst ulp", "wrong", "points", "NaN", "kinks as", fixed=2)
    console, titles = _console(), {}
    for one in found:
        result = one.result
        titles[id(one)] = result.activation + ("'" if result.function == "derivative" else "")
        cells = (
            result.target,
            titles[id(one)],
            _ulp(result.max_ulp),
            str(one.beyond),
            str(result.points),
            "swallowed" if one.swallowed_nan else "kept",
            ", ".join(one.profiles) if one.kinks else "",
        )
        table.add_row(*map(Text, cells))
    console.print(table)
    for one in found:
        for fault in _faults(one, 2):
            console.print(Text(f"{one.result.target}, {titles[id(one)]}: {fault}"))
    faulty = sum(not one.holds for one in found)
    points = sum(one.result.points for one in found)
    console.print(f"{len(found)} functions judged at {points:,} points, {faulty} with faults")


def audit(found: Sequence[Any]) -> None:
    """Print what is wrong with one function, and what to use instead."""
    (one,) = found
    result = one.result
    console = _console()
    what = "the derivative of " if result.function == "derivative" else ""
    console.print(Text(f"{result.target} against {what}{result.activation}, {result.dtype}"))
    rows = [
        ("worst error", f"{_ulp(result.max_ulp)} ulp at z = {result.at}: {result.got}, not {result.want}"),
        ("wrong values", f"{one.beyond} of {result.points} points beyond {result.bound_ulp:g} ulp"),
        ("NaN", "swallowed: NaN in gives a number" if one.swallowed_nan else "kept"),
    ]
    rows += [("fault", fault) for fault in _faults(one, MOST_FAULTS)]
    for kink in one.kinks:
        like = ", ".join(kink.policies) or "none of the policies"
        wrong = "" if kink.inside else f", no subgradient of [{kink.left}, {kink.right}]"
        rows.append((f"kink at {kink.at}", f"{kink.got:g} ({like}){wrong}"))
    if one.kinks:
        rows.append(("kinks as", ", ".join(one.profiles) or "no framework that is known here"))
    if not one.holds:
        rows.append(("instead", one.repair))
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, content in rows:
        table.add_row(Text(name, style="bold"), Text(content))
    console.print(table)


MOST_FAULTS = 12


def _faults(one: Any, most: int) -> list[str]:
    """Return intervals of wrong values, the last among them, and where it is not monotone."""
    shown = [str(interval) for interval in one.intervals]
    if len(shown) > most:
        shown = [*shown[: most - 1], shown[-1] + f" (the last of {len(shown)} intervals)"]
    result = one.result
    counts = {"not mirrored": result.asymmetric, "out of the range": result.out_of_range}
    shown += [f"{count} values {what}" for what, count in counts.items() if count]
    return shown + ([f"not monotone: {one.disorder}"] if one.disorder else [])


def _measured(rows: Sequence[Mapping[str, Any]]) -> str:
    beyond = sum(not row["holds"] for row in rows)
    points = sum(row["points"] for row in rows)
    return f"{len(rows)} functions measured at {points:,} points, {beyond} beyond their bound"


def _form(fact: Mapping[str, Any]) -> str:
    return NONE if fact["output_form"] is None else readable(fact["output_form"])


def readable(written: str) -> str:
    """Return an expression's text with a piecewise one in words; others as they are.

    >>> readable("Piecewise((1, g > 0), (alpha*(g + 1), True))")
    '1 if g > 0, else alpha*(g + 1)'
    """
    head = "Piecewise("
    if not written.startswith(head) or not written.endswith(")"):
        return written
    parts = []
    for pair in _split(written[len(head) : -1]):
        value, condition = _split(pair[1:-1])
        parts.append(f"else {value}" if condition == "True" else f"{value} if {condition}")
    return ", ".join(parts)


def _split(written: str) -> list[str]:
    """Split at commas outside parentheses."""
    parts, depth = [""], 0
    for sign in written:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def _verdict(holds: bool) -> Text:
    return Text("yes", style="green") if holds else Text("NO", style="bold red")


def _ulp(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}" if value < 1e5 else f"{value:.0e}"


def _table(*columns: str, fixed: int = 1) -> Table:
    """Return a table without lines; the first ``fixed`` columns are not broken."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index < fixed, overflow="fold")
    return table


def _console() -> Console:
    """Return standard output: as wide as the terminal, and wide where it is none."""
    console = Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(width=WIDE)
