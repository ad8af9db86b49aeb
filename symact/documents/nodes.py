"""A formula read as LaTeX: its nodes, and how wide each is when set."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|[{}]|\s+|.", re.DOTALL)
POINTS = 1.095
"""The document is set in 11 point: the widths below are those of Computer Modern at 10 point."""
SCRIPT = 0.73
# fmt: off
GAP = {
    r"\,": 1.7, r"\:": 2.3, r"\;": 2.8, r"\quad": 10.0, r"\qquad": 20.0, "~": 3.4, r"\ ": 3.4, r"\!": -1.7,
}
SPACED = {
    "+": 12.3, "-": 12.3, "=": 13.4, "<": 13.4, ">": 13.4, r"\cdot": 7.3, r"\times": 12.3, r"\leq": 13.4,
    r"\geq": 13.4, r"\neq": 13.4, r"\in": 12.3, r"\ne": 13.4, r"\le": 13.4, r"\ge": 13.4, r"\wedge": 11.2,
    r"\vee": 11.2, r"\to": 15.6, r"\pm": 12.3, r"\cup": 11.2, r"\land": 11.2, r"\lor": 11.2,
    r"\mapsto": 15.6, r"\Rightarrow": 15.6, r"\iff": 25.0,
}
NARROW = {
    "(": 3.9, ")": 3.9, "[": 2.8, "]": 2.8, ",": 4.5, ".": 2.8, ";": 4.5, "|": 2.8, "/": 5.0, "!": 2.8,
    "'": 3.0, ":": 8.4, "i": 3.5, "j": 4.2, "l": 3.1, "f": 6.0, "r": 4.6, "s": 4.7, "t": 3.7, "m": 8.8,
    "w": 7.2, r"\alpha": 6.5, r"\omega": 6.3, r"\infty": 10.0, r"\pi": 5.8, r"\beta": 6.2, r"\lvert": 2.8,
    r"\rvert": 2.8, r"\lambda": 5.9, r"\ldots": 13.5, r"\{": 5.0, r"\}": 5.0, r"\Phi": 7.3,
    r"\max": 20.3, r"\min": 17.6,
}
GREEK = {
    "gamma", "delta", "epsilon", "zeta", "eta", "theta", "mu", "nu", "xi", "rho", "sigma", "tau", "phi",
    "varphi", "chi", "psi", "kappa", "iota", "partial", "mid",
}
SILENT = {
    r"\big", r"\bigl", r"\bigr", r"\Big", r"\Bigl", r"\Bigr", r"\bigg", r"\biggl", r"\biggr",
    r"\displaystyle", r"\textstyle", r"\limits", r"\nolimits",
}
WORDS = {
    r"\text", r"\mathrm", r"\operatorname", r"\operatorname*", r"\mathbf", r"\textrm", r"\mathit",
}
# fmt: on
JOINED = re.compile(r"(\\[A-Za-z]+)\x00([A-Za-z])")
SIGNS = {"+", "-", "=", "<", ">", r"\leq", r"\geq", r"\pm", r"\wedge", r"\vee"}


@dataclass(frozen=True)
class Node:
    """A piece of a formula: its LaTeX, its kind, and the sequences inside it."""

    text: str
    kind: str = "atom"  # atom, group, frac, sqrt, script, fence, rows, words
    parts: tuple["Sequence", ...] = ()
    head: str = ""
    tail: str = ""

    @cached_property
    def width(self) -> float:
        """The estimated width in points at 10 point."""
        return WIDTHS[self.kind](self)

    @property
    def is_sign(self) -> bool:
        """Whether a line may break before it."""
        return self.kind == "atom" and self.text in SIGNS


Sequence = tuple[Node, ...]


def width_of(sequence: Sequence) -> float:
    """Return the estimated width in points at 10 point."""
    return sum(node.width for node in sequence)


def _atom_width(node: Node) -> float:
    text = node.text
    if not text.strip() or text in SILENT:
        return 0.0
    for table in (GAP, SPACED, NARROW):
        if text in table:
            return table[text]
    if text.startswith("\\"):
        name = text.strip("\\*")
        return 5.2 * len(name) + 2.0 if len(name) > 2 and name.islower() and name not in GREEK else 7.0
    if text[0].isdigit():
        return 5.0 * len(text)
    return 7.6 if text.isupper() else 5.2


def _rows_width(node: Node) -> float:
    columns: list[float] = []
    for part in node.parts:
        for index, cell in enumerate(cells(part)):
            columns[index : index + 1] = [
                max(width_of(cell), columns[index] if index < len(columns) else 0.0)
            ]
    if node.head == "aligned":
        return sum(columns)
    return sum(columns) + 10.0 * (len(columns) - 1) + 12.0


WIDTHS: Mapping[str, Callable[[Node], float]] = {
    "atom": _atom_width,
    "group": lambda node: width_of(node.parts[0]),
    "frac": lambda node: max(width_of(part) for part in node.parts) + 2.6,
    "sqrt": lambda node: sum(width_of(part) for part in node.parts) + 10.5,
    "script": lambda node: SCRIPT * width_of(node.parts[0]) + 0.6,
    "fence": lambda node: width_of(node.parts[0]) + (13.5 if tall(node.parts[0]) else 7.8),
    "rows": _rows_width,
    "words": lambda node: 5.0 * len(node.text.split("{", 1)[1]),
}


def tall(sequence: Sequence) -> bool:
    """Return whether the sequence has a fraction or rows in it."""
    return any(
        n.kind in ("frac", "rows") or any(tall(p) for p in n.parts if n.kind != "script") for n in sequence
    )


def read(latex: str) -> Sequence:
    """Return the formula as a sequence of nodes."""
    return _Reader(TOKEN.findall(latex)).sequence()


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def sequence(self, *ends: str) -> Sequence:
        nodes = []
        while self.at < len(self.tokens) and self.tokens[self.at] not in ends:
            nodes.append(self.node())
        return tuple(nodes)

    def take(self) -> str:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        return token

    def skip(self) -> None:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1

    def argument(self) -> Sequence:
        self.skip()
        if self.at < len(self.tokens) and self.tokens[self.at] == "{":
            self.take()
            inside = self.sequence("}")
            self.take()
            return inside
        return (self.node(),)

    def node(self) -> Node:
        token = self.take()
        if token == "{":
            inside = self.sequence("}")
            self.take()
            return group(inside)
        if token in (r"\frac", r"\tfrac", r"\dfrac"):
            top, bottom = self.argument(), self.argument()
            return Node(f"{token}{{{write(top)}}}{{{write(bottom)}}}", "frac", (top, bottom))
        if token == r"\sqrt":
            return self.root()
        if token in ("^", "_"):
            inside = self.argument()
            return Node(f"{token}{{{write(inside)}}}", "script", (inside,), head=token)
        if token == r"\left":
            self.skip()
            left = self.take()
            inside = self.sequence(r"\right")
            self.take()
            self.skip()
            return fence(left, inside, self.take())
        if token == r"\begin":
            return self.environment()
        if token in WORDS:
            inside = self.argument()
            return Node(f"{token}{{{write(inside)}}}", "words", (inside,))
        return Node(token)

    def root(self) -> Node:
        index: Sequence = ()
        if self.at < len(self.tokens) and self.tokens[self.at] == "[":
            self.take()
            index = self.sequence("]")
            self.take()
        inside = self.argument()
        head = f"[{write(index)}]" if index else ""
        return Node(f"\\sqrt{head}{{{write(inside)}}}", "sqrt", (inside,), head=write(index))

    def environment(self) -> Node:
        name = write(self.argument())
        rows = [self.sequence(r"\\", r"\end")]
        while self.take() == r"\\":
            rows.append(self.sequence(r"\\", r"\end"))
        self.argument()
        return rows_node(name, [row for row in rows if write(row).strip()])


def write(sequence: Sequence) -> str:
    r"""Return the LaTeX of a sequence; a command's name does not run into a letter.

    >>> write((Node(r"\alpha"), Node("g")))
    '\\alpha g'
    """
    return JOINED.sub(r"\1 \2", "\0".join(node.text for node in sequence)).replace("\0", "")


def group(inside: Sequence) -> Node:
    """Return a sequence in braces."""
    return Node(f"{{{write(inside)}}}", "group", (inside,))


def fence(left: str, inside: Sequence, right: str) -> Node:
    """Return a sequence between delimiters that grow with it."""
    return Node(f"\\left{left}{write(inside)}\\right{right}", "fence", (inside,), left, right)


def rows_node(name: str, rows: list[Sequence]) -> Node:
    """Return rows as an environment, ``cases`` or ``aligned``."""
    body = r" \\ ".join(write(row).strip() for row in rows)
    return Node(f"\\begin{{{name}}} {body} \\end{{{name}}}", "rows", tuple(rows), name)


def cells(row: Sequence) -> list[Sequence]:
    """Return the parts between the ampersands."""
    cells: list[Sequence] = [()]
    for node in row:
        if node.text == "&":
            cells.append(())
        else:
            cells[-1] += (node,)
    return cells
