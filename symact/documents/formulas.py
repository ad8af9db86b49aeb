r"""LaTeX mathematics broken into lines that fit: a formula in, lines no wider than the page out.

The formula is read as LaTeX, not as an expression, so that whatever prints formulas can change. A line
breaks before a top-level sign if it can, then inside parentheses, then between factors; a fraction, a
root or an exponent that is itself too wide is written on one level first: ``\frac{a}{b}`` as a / b.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from symact.documents.nodes import (
    GREEK,
    NARROW,
    POINTS,
    SPACED,
    Node,
    Sequence,
    cells,
    read,
    rows_node,
    tall,
    width_of,
    write,
)


@dataclass(frozen=True)
class _Item:
    """Material that stays together; a line may end before it at ``depth`` parentheses (0 is best)."""

    nodes: Sequence
    depth: int
    factor: bool = False

    @cached_property
    def width(self) -> float:
        return width_of(self.nodes)


def lines(latex: str, width: float) -> tuple[str, ...]:
    r"""Return the formula as lines of at most ``width`` points, the later ones leaving room to be indented.

    >>> lines("a + b", 400)
    ('a + b',)
    >>> lines(r"\left(a + b\right) + \left(c + d\right)", 70)
    ('\\left(a + b\\right)', '{}+ \\left(c + d\\right)')
    """
    return tuple(write(line).strip() for line in _lines(read(latex.strip()), width / POINTS))


SHORT_LEFT = 30.0
SHORT_DENOMINATOR = 0.3
"""The part of a line up to which a denominator goes in front, as ``\\frac{1}{a} (b)``."""
CASES_FRAME, COLUMN_GAP = 14.0, 10.0
"""What a case distinction needs for its brace, and between its columns."""
LEAST_CASES = 90.0
"""The width that a case distinction is not squeezed below."""
LEAST_VALUE = 0.35
"""The part of a case distinction's width that its values must get, lest their conditions go below them."""
INDENT = 20.0
"""By how much the lines after the first are indented, in points."""


def _lines(sequence: Sequence, width: float) -> list[Sequence]:
    if width_of(sequence) <= width:
        return [sequence]
    sequence = _narrow_rows(sequence, width)
    if width_of(sequence) <= width:
        return [sequence]
    items = list(_items(sequence, width - INDENT, 0))
    result: list[Sequence] = []
    while items:
        room = width - (INDENT if result else 0.0)
        end = _break(items, room)
        line = sum((item.nodes for item in items[:end]), ())
        if result and items[0].factor:
            line = (Node(r"\cdot "), *line)
        elif result and line and line[0].is_sign:
            # An empty group before a leading sign makes it a binary one, with its space.
            line = (Node("{}"), *line)
        result.append(line)
        items = items[end:]
    return result


def _break(items: list[_Item], room: float) -> int:
    """Return how many items the line takes: up to the shallowest break in its further half."""
    used, best, best_depth = 0.0, 1, 1000
    for index, item in enumerate(items):
        used += item.width
        if used > room:
            break
        if index + 1 == len(items):
            return len(items)
        depth = items[index + 1].depth
        if depth <= best_depth or used < 0.45 * room:
            best, best_depth = index + 1, depth
    return best


def _narrow_rows(sequence: Sequence, width: float) -> Sequence:
    """Break the cells of a case distinction so that the whole of it fits."""
    excess = width_of(sequence) - width
    result = []
    for node in sequence:
        if node.kind == "rows" and node.head != "aligned" and excess > 0:
            node = _narrowed(node, node.width - excess)
        result.append(node)
    return tuple(result)


def _narrowed(node: Node, width: float) -> Node:
    """Return rows whose values are broken; where conditions take most of the width, they go below."""
    width = max(width, LEAST_CASES)
    others = max((sum(width_of(c) for c in cells(row)[1:]) for row in node.parts), default=0.0)
    room = width - others - CASES_FRAME - COLUMN_GAP
    stacked = room < width * LEAST_VALUE
    rows: list[Sequence] = []
    for row in node.parts:
        value, *rest = cells(row)
        if stacked:
            broken = _lines(value, width - CASES_FRAME)
            for cell in rest:
                broken += _lines(cell, width - CASES_FRAME - INDENT)
            rows.append((aligned(broken),))
            continue
        broken = _lines(value, room)
        if len(broken) > 1:
            value = (aligned(broken),)
        rows.append(sum(((Node("&"), *cell) for cell in rest), value))
    return rows_node(node.head, rows)


def aligned(broken: list[Sequence]) -> Node:
    """Return lines set under each other as one node."""
    rows = [(Node("&"), *broken[0]), *((Node("&"), Node(r"\quad "), *line) for line in broken[1:])]
    node = rows_node("aligned", rows)
    return replace(node, text=node.text.replace(r"\begin{aligned}", r"\begin{aligned}[t]", 1))


def _items(sequence: Sequence, width: float, depth: int) -> Iterator[_Item]:
    """Yield a sequence as items no wider than ``width``, opened only as far as needed."""
    for term in _terms(sequence):
        if width_of(term) <= width:
            yield _Item(term, depth)
        else:
            yield from _factors(term, width, depth)


def _terms(sequence: Sequence) -> Iterator[Sequence]:
    term: Sequence = ()
    for node in sequence:
        # What is left of an equals sign stays with it unless it is long: ``u =`` is no line.
        short = node.text == "=" and width_of(term) < SHORT_LEFT
        if node.is_sign and not short and any(n.text.strip() for n in term) and not _ends_open(term):
            yield term
            term = ()
        term += (node,)
        if node.text == ",":
            yield term
            term = ()
    if term:
        yield term


def _ends_open(term: Sequence) -> bool:
    last = next(n for n in reversed(term) if n.text.strip())
    return last.text in SPACED or last.text in ("(", "[", ",")


def _factors(term: Sequence, width: float, depth: int) -> Iterator[_Item]:
    """Yield a term that is too wide factor by factor; factors that are themselves too wide are opened."""
    first = True
    for factor in _split_factors(term):
        if width_of(factor) <= width:
            # Only a fence or fraction starts a line of its own; a letter clings to what precedes it.
            yield _Item(factor, depth if first else depth + 2, factor=not first)
        else:
            items = list(_opened(factor, width, depth))
            items[0] = replace(items[0], depth=depth if first else depth + 2, factor=not first)
            yield from items
        first = False


def _split_factors(term: Sequence) -> list[Sequence]:
    factors: list[Sequence] = [()]
    for node in term:
        if node.kind in ("script", "group") or node.is_sign or not _complete(factors[-1]):
            factors[-1] += (node,)
        elif not node.text.strip() or node.text in (r"\,", r"\cdot"):
            continue
        else:
            factors.append((node,))
    return [f for f in factors if f]


def _complete(factor: Sequence) -> bool:
    """Whether what follows is another factor: not a sign, not a function still waiting for its argument."""
    last = next((n for n in reversed(factor) if n.text.strip() and n.kind != "script"), None)
    if last is None or last.is_sign:
        return False
    if last.kind == "frac" and last.text.startswith(r"\frac{\mathrm{d}"):
        return False  # d/dz and what it applies to
    is_function = last.kind == "words" or (
        last.kind == "atom"
        and last.text.startswith("\\")
        and (last.text not in NARROW and last.text.strip("\\") not in GREEK)
    )
    return not is_function


def _opened(factor: Sequence, width: float, depth: int) -> Iterator[_Item]:
    """Yield a factor that is too wide with its widest node written on one level."""
    index = max(range(len(factor)), key=lambda i: factor[i].width)
    before, node, after = factor[:index], factor[index], factor[index + 1 :]
    if node.kind == "group":
        yield from _opened((*before, *node.parts[0], *after), width, depth)
        return
    if node.kind == "fence":
        left, right = _fenced(node.head, node.parts[0], node.tail)
        yield from _around((*before, *left), node.parts[0], (*right, *after), width, depth)
        return
    if node.kind == "frac":
        top, bottom = node.parts
        left, right = _fenced("(", top, ")") if len(top) > 1 else ((), ())
        if width_of(bottom) < SHORT_DENOMINATOR * width:
            head = Node(f"\\frac{{1}}{{{write(bottom)}}}", "frac", (read("1"), bottom))
            yield from _around((*before, head, *left), top, (*right, *after), width, depth)
            return
        yield from _around((*before, *left), top, right, width, depth)
        left, right = _fenced("(", bottom, ")")
        yield from _around((Node(r"\Big"), Node("/"), *left), bottom, (*right, *after), width, depth + 1)
        return
    if node.kind == "sqrt":
        left, right = _fenced("(", node.parts[0], ")")
        power = read(r"^{1/%s}" % (node.head or "2"))
        yield from _around((*before, *left), node.parts[0], (*right, *power, *after), width, depth)
        return
    if node.kind == "script" and before and before[-1].text == "e":
        left, right = _fenced("(", node.parts[0], ")")
        yield from _around(
            (*before[:-1], Node(r"\exp"), *left), node.parts[0], (*right, *after), width, depth
        )
        return
    if node.kind == "rows" and node.head != "aligned":
        yield _Item((*before, _narrowed(node, width - width_of(before) - width_of(after)), *after), depth)
        return
    yield _Item(factor, depth)


def _fenced(left: str, inside: Sequence, right: str) -> tuple[Sequence, Sequence]:
    """Return delimiters of a fixed size, which may stand on different lines."""
    size = r"\Big" if tall(inside) else r"\big"
    return (Node(f"{size}l"), Node(left)), (Node(f"{size}r"), Node(right))


def _around(before: Sequence, inside: Sequence, after: Sequence, width: float, depth: int) -> Iterator[_Item]:
    """Yield what is inside as items one level deeper, the delimiters clinging to the first and the last."""
    items = list(_items(inside, width - width_of(before) - width_of(after), depth + 1))
    items[0] = replace(items[0], nodes=before + items[0].nodes, depth=depth)
    items[-1] = replace(items[-1], nodes=items[-1].nodes + after)
    yield from items


def inline_width(latex: str) -> float:
    """Return the estimated width of a formula in points at 10 point."""
    return width_of(read(latex))


MAX_TOGETHER = 8
"""Lines that are kept together on a page; a longer display is set line by line."""


@dataclass(frozen=True)
class Display:
    """A displayed formula: one block, or a first line and ``more`` lines that may stand on the next page."""

    head: str
    more: tuple[str, ...] = ()


def display(latex: str, width: float, lead: str = "") -> Display:
    r"""Return a formula for a display of at most ``width`` points, broken where it must be.

    >>> display("a + b", 300, lead="f(z) =").head
    'f(z) = a + b'
    """
    room = width - (inline_width(lead) + 3.0) * POINTS if lead else width
    # dcases is mathtools' case distinction with fractions of full size.
    broken = tuple(line.replace("{cases}", "{dcases}") for line in lines(latex, room))
    start = f"{lead} " if lead else ""
    if len(broken) == 1:
        return Display(start + broken[0])
    if len(broken) > MAX_TOGETHER:
        return Display(start + broken[0], broken[1:])
    rows = [f"&{broken[0]}", *(f"&\\quad {line}" for line in broken[1:])]
    return Display(start + r"\begin{aligned}[t] " + r" \\ ".join(rows) + r" \end{aligned}")
