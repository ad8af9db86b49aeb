"""symact.toml: a user's own activations, and what is to be generated for them."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sympy as sp

from symact import parsing
from symact.activations import Activation, Kink, Parameter
from symact.catalogue import activations, index_names
from symact.errors import InvalidActivation, SymactError

LICENCE = "MIT-0"
"""What is generated belongs to whoever runs symact."""

EXAMPLE = """\
# What `symact generate --config symact.toml` writes; `--check` in continuous integration compares.

# Names from the catalogue and from below. Without this line: all activations below.
generate = ["gelu", "gompertz"]

# The SPDX line of generated files.
licence = "MIT-0"

[activations.gompertz]
formula = "b*exp(-c*exp(-z))"
display_name = "Gompertz curve"
parameters.b = { default = "1", domain = "b > 0", meaning = "upper asymptote" }
parameters.c = { default = "1", domain = "c > 0" }

# Where f' jumps, say what it is to be there.
# [activations.bend]
# formula = "where(z > 0, z, z/2)"
# kinks = [{ at = "0", convention = "1/2" }]
"""

_ROOT: Mapping[str, type] = {"generate": list, "licence": str, "activations": dict}
_ACTIVATION: Mapping[str, type] = {
    "formula": str,
    "display_name": str,
    "aliases": list,
    "parameters": dict,
    "kinks": list,
}
_PARAMETER: Mapping[str, type] = {"default": str, "domain": str, "meaning": str}
_KINK: Mapping[str, type] = {"at": str, "convention": str}
_KINDS: Mapping[type, str] = {str: "a text", list: "a list", dict: "a table"}


@dataclass(frozen=True)
class Settings:
    """What a symact.toml says; without one, nothing of one's own."""

    activations: Mapping[str, Activation] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    licence: str = LICENCE

    @staticmethod
    def read(file: Path) -> "Settings":
        """Return a file's settings.

        Raises SymactError with the file, the entry at fault, and the way out.
        """
        try:
            content = tomllib.loads(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise InvalidActivation(f"{file}: {reason}; `symact init` writes one to start from") from error
        except tomllib.TOMLDecodeError as error:
            raise InvalidActivation(f"{file}: not TOML: {error}") from error
        try:
            return _settings(content)
        except SymactError as error:
            raise type(error)(f"{file}: {error}") from error


def _settings(content: Mapping[str, Any]) -> Settings:
    _check(content, _ROOT, "the file")
    own = {name: _activation(name, entry) for name, entry in content.get("activations", {}).items()}
    names = [str(name) for name in content.get("generate", own)]
    if not names:
        raise InvalidActivation("nothing to generate; list names under `generate`, or define an activation")
    index_names([*activations().values(), *own.values()])
    return Settings(own, tuple(names), content.get("licence", LICENCE))


def _activation(name: str, entry: Any) -> Activation:
    where = f"activations.{name}"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InvalidActivation(
            f"{where}: a name is lower-case letters, digits and _, a letter first; functions carry it"
        )
    if name in parsing.TAKEN:
        raise InvalidActivation(f"{where}: generated code has a {name} of its own; choose another name")
    _check(entry, _ACTIVATION, where)
    if "formula" not in entry:
        raise InvalidActivation(f'{where}: no formula; write formula = "..." in z')
    parsed = parsing.parse(entry["formula"])
    declared = entry.get("parameters", {})
    known = [parameter.name for parameter in parsed.parameters]
    for extra in declared:
        if extra not in known:
            raise InvalidActivation(f"{where}.parameters.{extra}: the formula has no {extra}; take it away")
    order = [*declared, *(other for other in known if other not in declared)]
    defaults = {parameter.name: parameter for parameter in parsed.parameters}
    return replace(
        parsed,
        name=name,
        parameters=tuple(_parameter(defaults[p], declared.get(p, {}), known, where) for p in order),
        kinks=(*parsed.kinks, *_kinks(entry.get("kinks", []), where)),
        display_name=entry.get("display_name", name.replace("_", " ")),
        aliases=tuple(str(alias) for alias in entry.get("aliases", [])),
        family="own",
    )


def _parameter(parameter: Parameter, entry: Any, names: list[str], where: str) -> Parameter:
    _check(entry, _PARAMETER, f"{where}.parameters.{parameter.name}")
    default = parsing.parse_number(entry["default"]) if "default" in entry else parameter.default
    domain = parsing.parse_condition(entry["domain"], names) if "domain" in entry else parameter.domain
    if domain.subs(parameter.symbol, default) == sp.false:
        raise InvalidActivation(
            f"{where}.parameters.{parameter.name}: the default {default} is outside the domain {domain}"
        )
    return replace(parameter, default=default, domain=domain, meaning=entry.get("meaning", ""))


def _kinks(entries: list[Any], where: str) -> Iterator[Kink]:
    for entry in entries:
        _check(entry, _KINK, f"{where}.kinks")
        if set(entry) != set(_KINK):
            raise InvalidActivation(f"{where}.kinks: each has both `at` and `convention`")
        yield Kink(parsing.constant(entry["at"]), parsing.constant(entry["convention"]))


def _check(entry: Any, kinds: Mapping[str, type], where: str) -> None:
    if not isinstance(entry, dict):
        raise InvalidActivation(f"{where}: a table is needed")
    for key, value in entry.items():
        if key not in kinds:
            raise InvalidActivation(f"{where}: no such entry as {key}; there are {', '.join(kinds)}")
        if not isinstance(value, kinds[key]):
            raise InvalidActivation(f"{where}.{key}: {_KINDS[kinds[key]]} is needed, in quotes if a number")


WORKFLOW = """\
# What is generated must be what the definitions say: `symact generate --config symact.toml` mends it.
name: symact
on: [push, pull_request]
jobs:
  generated:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install symact=={version}
      - run: symact generate --config symact.toml --check
"""


def starting_files(version: str) -> Mapping[str, str]:
    """Return what ``symact init`` writes: a symact.toml, and the workflow that checks it."""
    return {
        "symact.toml": EXAMPLE,
        ".github/workflows/symact.yml": WORKFLOW.replace("{version}", version),
    }
