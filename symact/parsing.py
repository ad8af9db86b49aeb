"""Text to mathematics, by a grammar of our own: what is typed is never evaluated as code.

    formula    = sum
    sum        = product { ("+" | "-") product }
    product    = signed { ("*" | "/") signed }
    signed     = { "-" | "+" } power
    power      = atom [ ("**" | "^") signed ]
    atom       = number | name | name "(" arguments ")" | "(" sum ")"
    arguments  = sum { "," [ name "=" ] sum }
    where      = "where" "(" sum ("<" | "<=" | ">" | ">=") sum "," sum "," sum ")"

Each refusal is one line that names the column, counted from 1, and the way out.
"""

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import sympy as sp

from symact.activations import Activation, Parameter, Z
from symact.catalogue import activations, find, near_names
from symact.errors import InvalidActivation, InvalidFormula
from symact.guards import MAX_DEPTH, Unfit, build, piecewise, replaced
from symact.pieces import natural_domain

MAX_LENGTH = 2000
MAX_DIGITS = 50

_SAME_NAME = "exp log sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh erf erfc sign"
FUNCTIONS: Mapping[str, Callable[[Any], sp.Expr]] = {
    **{name: getattr(sp, name) for name in _SAME_NAME.split()},
    "abs": sp.Abs,
    "sqrt": lambda x: build(sp.Pow, x, sp.Rational(1, 2)),
    "expm1": lambda x: build(sp.exp, x) - 1,
    "log1p": lambda x: build(sp.log, 1 + x),
}
EXTREMA = {"max": sp.Max, "min": sp.Min}
CONSTANTS: Mapping[str, sp.Expr] = {"z": Z, "x": Z, "pi": sp.pi, "e": sp.E}
COMPARISONS = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "!=": sp.Ne}
C_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int "
    "long register restrict return short signed sizeof static struct switch typedef union unsigned void "
    "volatile while"
)
EMITTED = "g g_bar out np dd fn powi fabs ldexp fma isinf isfinite INFINITY NAN"
TAKEN = {*EMITTED.split(), "backend", "check", "evaluate", "vjp", *keyword.kwlist}
"""What no activation can be called: modules of generated NumPy have these names for other things."""

RESERVED = {"E", "I", *EMITTED.split(), *C_KEYWORDS.split(), *keyword.kwlist}
"""Names that no parameter may have: SymPy's constants, what we emit, words of the languages that we emit."""

_HINTS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "≤": "<=", "≥": ">=", "π": "pi", "²": "**2"}
_HINTS |= {"³": "**3", "√": "sqrt(...)", "σ": "sigmoid(z)", "|": "abs(z)", "[": "( and )", "{": "( and )"}
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|<=|>=|==|!=|[-+*/^(),<>=])"
)


# What others call.


def parse(text: str, *, functions: Mapping[str, Activation] | None = None) -> Activation:
    """Return the activation that a formula in z defines; every other plain name is a parameter of default 1.

    Its domain is where it is a real number.

    ``functions`` are activations beside the catalogue's that the formula may use by name.

    Raises InvalidFormula with the column and the way out.

    >>> parse("alpha*z*sigmoid(1.702*x)").expression
    alpha*z/(1 + exp(-851*z/500))
    """
    reader = _Reader(text, functions or {})
    expression = reader.whole()
    if not reader.has_variable:
        raise InvalidFormula(
            "column 1: no z in the formula; write what is done to the input, such as z*sigmoid(z)"
        )
    parameters = tuple(Parameter(name, sp.Integer(1)) for name in reader.parameters)
    activation = Activation(None, expression, parameters)
    try:
        return replace(activation, domain=natural_domain(activation))
    except InvalidActivation:
        raise InvalidFormula("column 1: the formula is a real number for no z; mend it") from None


def parse_expression(text: str, *, functions: Mapping[str, Activation] | None = None) -> sp.Expr:
    """Return a formula in z and parameters as an expression.

    >>> parse_expression("-z^2/2")
    -z**2/2
    """
    return _Reader(text, functions or {}).whole()


def constant(text: str) -> sp.Expr:
    """Return a formula in parameters alone, such as the place of a kink.

    >>> constant("-lambd")
    -lambd
    """
    return _Reader(text, {}, variable=False).whole()


def parse_number(text: str) -> sp.Expr:
    """Return an exact number.

    >>> parse_number("2/3 + 0.1")
    23/30
    """
    return _Reader(text, {}, variable=False, names=()).whole()


def parse_condition(text: str, names: Sequence[str]) -> sp.Basic:
    """Return a condition on parameters: comparisons, joined by ``and``.

    >>> parse_condition("a > 0 and a != b", ["a", "b"])
    (a > 0) & Ne(a, b)
    """
    return _Reader(text, {}, variable=False, names=names).whole_condition()


# From text to tokens.


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else _shown(self.text)


def _shown(text: str) -> str:
    """Return text from outside for a message: quoted, ASCII controls escaped, short."""
    return repr(text if len(text) <= 30 else text[:27] + "...")


def _refuse(column: int, message: str) -> NoReturn:
    raise InvalidFormula(f"column {column}: {message}")


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        _refuse(MAX_LENGTH + 1, f"the formula has {len(text)} characters; at most {MAX_LENGTH} are read")
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        if text[position] in " \t\r\n":
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            hint = _HINTS.get(text[position])
            way = f"write {hint}" if hint else "names start with a letter; operators are + - * / ** ( ) ,"
            _refuse(position + 1, f"unexpected {_shown(text[position])}; {way}")
        tokens.append(_Token(str(match.lastgroup), match.group(), position + 1))
        position = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


# From tokens to an expression.

_SYMPY_ERRORS = (
    ArithmeticError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Reader:
    """A recursive descent over one formula's tokens; ``names`` are its only parameters, where given."""

    def __init__(
        self,
        text: str,
        functions: Mapping[str, Activation],
        *,
        variable: bool = True,
        names: Sequence[str] | None = None,
    ) -> None:
        self.tokens = _tokens(text)
        self.position = 0
        self.depth = 0
        self.functions = functions
        self.variable = variable
        self.names = names
        self.has_variable = False
        self.parameters: list[str] = []

    # The whole text.

    def whole(self) -> sp.Expr:
        return self.guarded(self.formula)

    def whole_condition(self) -> sp.Basic:
        return self.guarded(self.conjunction)

    def guarded(self, rule: Callable[[], Any]) -> Any:
        """Return what a rule makes of all tokens. No text may end in an exception of another kind."""
        if self.next.kind == "end":
            _refuse(1, "nothing is here; write a formula in z, such as z*sigmoid(z)")
        try:
            result = rule()
        except _SYMPY_ERRORS as error:
            what = f"SymPy cannot read this ({type(error).__name__}); write it more simply"
            raise InvalidFormula(f"column {self.next.column}: {what}") from error
        if self.next.kind != "end":
            self.unexpected("an operator or the end is needed")
        return result

    def formula(self) -> sp.Expr:
        result = self.sum()
        if self.next.text in ("<", "<=", ">", ">=", "==", "!=", "="):
            self.unexpected()
        return result

    def conjunction(self) -> sp.Basic:
        conditions = [self.comparison(("<", "<=", ">", ">=", "!="))]
        while self.accept("and"):
            conditions.append(self.comparison(("<", "<=", ">", ">=", "!=")))
        return sp.And(*conditions)

    # Tokens.

    @property
    def next(self) -> _Token:
        return self.tokens[self.position]

    def take(self) -> _Token:
        token = self.next
        self.position += token.kind != "end"
        return token

    def accept(self, *texts: str) -> _Token | None:
        return self.take() if self.next.text in texts and self.next.kind != "end" else None

    def expect(self, text: str, where: str) -> None:
        if not self.accept(text):
            self.unexpected(f"{text!r} is needed {where}")

    def unexpected(self, need: str = "") -> NoReturn:
        """Refuse the next token with the best advice that its kind and the one before it allow."""
        token, last = self.next, self.tokens[self.position - 1] if self.position else None
        after_value = last is not None and (last.kind in ("number", "name") or last.text == ")")
        if token.text in ("==", "!=", "="):
            _refuse(token.column, f"unexpected {token}; conditions compare with < <= > >=, inside where(...)")
        if token.text in ("<", "<=", ">", ">="):
            advice = "where(condition, value, otherwise) takes one comparison, first; nest where for more"
            _refuse(token.column, f"unexpected {token}; {advice}")
        if after_value and (token.kind in ("number", "name") or token.text == "("):
            _refuse(token.column, f"an operator is missing before {token}; for a product write *")
        if token.text == ")":
            _refuse(token.column, "unexpected ')'; " + (need or "a value is missing, or a '(' too few"))
        _refuse(token.column, f"unexpected {token}; {need or 'a value is needed: a number, a name or (...)'}")

    def deepen(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            _refuse(self.next.column, f"more than {MAX_DEPTH} levels of parentheses and powers; flatten it")

    # The grammar's rules.

    def sum(self) -> sp.Expr:
        self.deepen()
        result = self.product()
        while operator := self.accept("+", "-"):
            right = self.product()
            right = right if operator.text == "+" else self.build(operator, sp.Mul, sp.Integer(-1), right)
            result = self.build(operator, sp.Add, result, right)
        self.depth -= 1
        return result

    def product(self) -> sp.Expr:
        result = self.signed()
        while operator := self.accept("*", "/"):
            right = self.signed()
            if operator.text == "/":
                right = self.build(operator, sp.Pow, right, sp.Integer(-1))
            result = self.build(operator, sp.Mul, result, right)
        return result

    def signed(self) -> sp.Expr:
        negative = None
        while operator := self.accept("+", "-"):
            if operator.text == "-":
                negative = None if negative else operator
        result = self.power()
        return self.build(negative, sp.Mul, sp.Integer(-1), result) if negative else result

    def power(self) -> sp.Expr:
        base = self.atom()
        if not (operator := self.accept("**", "^")):
            return base
        self.deepen()
        exponent = self.signed()
        self.depth -= 1
        return self.build(operator, sp.Pow, base, exponent)

    def atom(self) -> sp.Expr:
        token = self.next
        if token.kind == "number":
            return _number(self.take())
        if token.kind == "name":
            self.take()
            return self.call(token) if self.next.text == "(" else self.name(token)
        if self.accept("("):
            result = self.sum()
            self.expect(")", "to close what was opened")
            return result
        self.unexpected()

    def name(self, token: _Token) -> sp.Expr:
        name = token.text
        if name in CONSTANTS:
            if CONSTANTS[name] == Z and not self.variable:
                _refuse(token.column, f"{name!r} is the input; only numbers and parameters can stand here")
            self.has_variable |= CONSTANTS[name] == Z
            return CONSTANTS[name]
        if name in FUNCTIONS or name in EXTREMA or name == "where" or self.activation(name):
            _refuse(token.column, f"{name!r} is a function; write {name}(z)")
        if name in RESERVED or "__" in name:
            _refuse(token.column, f"{_shown(name)} is reserved; choose another name for the parameter")
        if self.names is not None and name not in self.names:
            known = f"the names here are {', '.join(self.names)}" if self.names else "a number is needed"
            _refuse(token.column, f"unknown name {_shown(name)}; {known}")
        if name not in self.parameters:
            self.parameters.append(name)
        return sp.Symbol(name, real=True)

    def call(self, token: _Token) -> sp.Expr:
        name = token.text
        function = FUNCTIONS.get(name) or EXTREMA.get(name)
        activation = None if function else self.activation(name)
        if name != "where" and function is None and activation is None:
            self.unknown_function(token)
        self.expect("(", "after a function's name")
        if name == "where":
            return self.where(token)
        if activation is not None:
            return self.applied(token, activation)
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.expect(")", f"to close {name}(")
        if (name in EXTREMA) != (len(arguments) > 1):
            count = "two or more values" if name in EXTREMA else "one value"
            _refuse(token.column, f"{name} takes {count}, not {len(arguments)}")
        return self.build(token, function, *arguments)

    def where(self, token: _Token) -> sp.Expr:
        condition = self.comparison(("<", "<=", ">", ">="))
        self.expect(",", "after the condition: where(condition, value, otherwise)")
        value = self.sum()
        self.expect(",", "after the value: where(condition, value, otherwise)")
        otherwise = self.sum()
        self.expect(")", "to close where(")
        return self.build(token, lambda a, b: piecewise([(a, condition), (b, sp.true)]), value, otherwise)

    def comparison(self, operators: tuple[str, ...]) -> sp.Basic:
        left = self.sum()
        operator = self.accept(*operators)
        if operator is None:
            if self.next.text in ("==", "!=", "="):
                self.unexpected()
            self.unexpected("a comparison < <= > >= is needed")
        return COMPARISONS[operator.text](left, self.sum())

    def applied(self, token: _Token, activation: Activation) -> sp.Expr:
        """Return an activation's expression at its arguments: the input, then parameters by place or name."""
        argument = self.sum()
        symbols = {parameter.name: parameter.symbol for parameter in activation.parameters}
        given: dict[str, sp.Expr] = {}
        named = False
        while self.accept(","):
            start = self.next
            if named := named or self.tokens[min(self.position + 1, len(self.tokens) - 1)].text == "=":
                if start.kind != "name" or self.tokens[self.position + 1].text != "=":
                    _refuse(start.column, "values by place come before those by name")
                name = self.take().text
                self.take()
            else:
                name = next((free for free in symbols if free not in given), "")
            if name not in symbols:
                takes = f"its parameters are {', '.join(symbols)}" if symbols else "it has no parameters"
                what = f"has no parameter {_shown(name)}" if name else "is given too many values"
                _refuse(start.column, f"{token.text} {what}; {takes}")
            if name in given:
                _refuse(start.column, f"{name} is given twice; take one away")
            given[name] = self.sum()
            values = {symbols[other]: value for other, value in given.items()}
            domain = activation.parameters[list(symbols).index(name)].domain
            if domain.subs({**activation.defaults, **values}, simultaneous=True) == sp.false:
                _refuse(start.column, f"{name} is outside its domain, {sp.sstr(domain)}")
        self.expect(")", f"to close {token.text}(")
        replacements = {Z: argument, **activation.defaults}
        replacements |= {symbols[name]: value for name, value in given.items()}
        return self.build(token, lambda *_: replaced(activation.expression, replacements), argument)

    def activation(self, name: str) -> Activation | None:
        return self.functions.get(name) or find(name)

    def unknown_function(self, token: _Token) -> NoReturn:
        if token.text in CONSTANTS or token.text in self.parameters:
            _refuse(
                token.column,
                f"{token} is not a function; for a product write {_shown(token.text + '*(...)')}",
            )
        names = [n for a in activations().values() for n in (a.name, *a.aliases) if n]
        near = near_names(token.text, {*FUNCTIONS, *EXTREMA, "where", *self.functions, *names})
        hint = f"did you mean {near}?" if near else "`symact list` shows the catalogue; for a product write *"
        _refuse(token.column, f"unknown function {token}; {hint}")

    def build(self, token: _Token, function: Any, *arguments: sp.Expr) -> sp.Expr:
        """Return a function of arguments; what is wrong with it is wrong at the token."""
        try:
            return build(function, *arguments)
        except Unfit as unfit:
            _refuse(token.column, str(unfit))


def _number(token: _Token) -> sp.Expr:
    digits, _, power = token.text.lower().partition("e")
    whole, _, fraction = digits.partition(".")
    if len(whole + fraction) > MAX_DIGITS:
        _refuse(token.column, f"a number of more than {MAX_DIGITS} digits; round it")
    shift = int(power or "0") if len(power) <= 5 else MAX_LENGTH
    if abs(shift) > 400:
        _refuse(token.column, f"{token} is beyond every format; powers of ten go from e-400 to e400")
    return sp.Integer(int(whole + fraction)) * sp.Integer(10) ** (shift - len(fraction))
