"""The catalogue: activations as data, one file a family. To add one, add a record to a family's file.

The package itself can be called, as ``symact.catalogue()["relu"]``.
"""

import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType, ModuleType

from symact.activations import Activation
from symact.catalogue import (
    elementary,
    exponential_units,
    gated,
    rectifiers,
    shrinkage,
    sigmoidal,
    smooth,
)
from symact.errors import InvalidActivation, UnknownName

FAMILIES = (sigmoidal, rectifiers, exponential_units, gated, shrinkage, smooth, elementary)


@cache
def activations() -> Mapping[str, Activation]:
    """Return every activation by its canonical name, family after family; read-only.

    Raises InvalidActivation where two records claim one name.

    >>> activations()["relu"].expression
    Max(0, z)
    """
    records = [activation for family in FAMILIES for activation in family.ACTIVATIONS]
    index_names(records)
    return MappingProxyType({record.name: record for record in records if record.name is not None})


catalogue = activations


def find(name: str) -> Activation | None:
    """Return the activation that a name or an alias stands for, or None.

    >>> find("swish").name, find("z + 1")
    ('silu', None)
    """
    return _names().get(name)


def resolve(name: str) -> Activation:
    """Return the activation that a name or an alias stands for.

    Raises UnknownName, which names the nearest ones.

    >>> resolve("hard_silu").name
    'hardswish'
    """
    if (found := find(name)) is not None:
        return found
    near = near_names(name, _names())
    hint = f"did you mean {near}?" if near else "`symact list` shows the catalogue"
    raise UnknownName(f"{name}: no such activation; {hint}")


def index_names(records: Iterable[Activation]) -> Mapping[str, Activation]:
    """Return the records by name and by alias.

    Raises InvalidActivation where a record has no name, or two records claim one.
    """
    names: dict[str, Activation] = {}
    for record in records:
        if record.name is None:
            raise InvalidActivation(f"{record.title}: a record of the catalogue needs a name; give it one")
        for name in (record.name, *record.aliases):
            if name in names:
                raise InvalidActivation(
                    f"{name}: claimed by {names[name].name} and by {record.name}; rename one of them"
                )
            names[name] = record
    return names


def near_names(name: str, names: Iterable[str]) -> str:
    """Return up to three names like the one that was typed, as words for a message; empty where none is.

    >>> near_names("sigmiod", ["sigmoid", "tanh"])
    "'sigmoid'"
    """
    return " or ".join(repr(near) for near in get_close_matches(name.lower(), sorted(names), n=3, cutoff=0.6))


@cache
def _names() -> Mapping[str, Activation]:
    return MappingProxyType(dict(index_names(activations().values())))


class _Callable(ModuleType):
    """A module that answers a call: `symact.catalogue()` is a name that users rely on."""

    def __call__(self) -> Mapping[str, Activation]:
        return activations()


sys.modules[__name__].__class__ = _Callable
