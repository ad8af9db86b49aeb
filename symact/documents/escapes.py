"""Plain text as LaTeX: the glyphs of the oldest fonts suffice, so that no font package is needed."""

from unicodedata import name, normalize

# fmt: off
ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"$\mathdollar$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''",
}
LETTERS = {
    "\u2013": "--", "\u2014": "---", "\u2018": "`", "\u2019": "'", "\u201c": "``", "\u201d": "''",
    "\u00a0": "~", "\u2026": r"\ldots{}", "\u00df": r"\ss{}", "\u00f8": r"\o{}", "\u00d8": r"\O{}",
    "\u0142": r"\l{}", "\u0141": r"\L{}", "\u00e6": r"\ae{}", "\u00c6": r"\AE{}", "\u0131": r"\i{}",
    "\u2212": "$-$", "\u00b7": r"$\cdot$", "\u00d7": r"$\times$", "\u221e": r"$\infty$",
    "\u2264": r"$\leq$", "\u2265": r"$\geq$", "\u2260": r"$\neq$", "\u03b1": r"$\alpha$",
    "\u03b2": r"$\beta$", "\u03bb": r"$\lambda$", "\u03c0": r"$\pi$", "\u03a6": r"$\Phi$",
    "\u03c6": r"$\varphi$", "\u03c3": r"$\sigma$", "\u2032": "$'$", "\u2202": r"$\partial$",
    "\u00b1": r"$\pm$", "\u2192": r"$\to$", "\u2208": r"$\in$", "\u211d": r"$\mathbf{R}$",
}
ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0308": r'\"', "\u030a": r"\r",
    "\u030c": r"\v", "\u0327": r"\c", "\u0306": r"\u", "\u0304": r"\=", "\u0307": r"\.", "\u030b": r"\H",
}
# fmt: on


def escape(text: str) -> str:
    r"""Return plain text as LaTeX text: specials escaped, accents and symbols as commands, all ASCII.

    >>> escape("50% of a_b & G\u00f6del")
    '50\\% of a\\_b \\& G{\\"o}del'
    """
    out = []
    for character in text:
        if character in ESCAPES:
            out.append(ESCAPES[character])
        elif character in LETTERS:
            out.append(LETTERS[character])
        elif character.isascii():
            out.append(character if character.isprintable() else " ")
        else:
            base, marks = (decomposed := normalize("NFD", character))[0], decomposed[1:]
            if base.isascii() and len(marks) == 1 and marks[0] in ACCENTS:
                accent = ACCENTS[marks[0]]
                letter = {"i": r"\i", "j": r"\j"}.get(base, base)
                out.append(f"{{{accent}{{{letter}}}}}" if accent[-1].isalpha() else f"{{{accent}{letter}}}")
            else:
                out.append(f"[{escape(name(character, f'U+{ord(character):04X}').lower())}]")
    return "".join(out)
