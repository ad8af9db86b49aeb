"""A cache by content in the user's cache folder: results as JSON, keyed by a hash of all they depend on.

Entries are written to one side and moved into place, so that two runs at once and a killed one leave
whole entries; an entry that does not fit its own hash is as good as none.
"""

import hashlib
import json
import os
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from symact.emission import templates_folder

VARIABLE = "SYMACT_CACHE"
"""The environment variable that names another folder, or says ``off``."""

KEEP_DAYS = 30
"""Entries that nobody asked for in so long are of definitions and versions that are gone."""


@cache
def sources_hash() -> str:
    """Return one hash of all that results depend on beside their input: our sources, SymPy's version.

    The catalogue is input: a record is in the key of its own results, and a new one leaves the others'.
    """
    from sympy import __version__ as sympy_version

    package = Path(__file__).parent
    roots = [(package, "*.py"), (templates_folder(), "*.jinja")]
    digest = hashlib.sha256(sympy_version.encode())
    for root, pattern in roots:
        files = [file for file in root.rglob(pattern) if file.parent != package / "catalogue"]
        for file in sorted(files, key=lambda f: f.relative_to(root).as_posix()):
            digest.update(file.relative_to(root).as_posix().encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def key(*parts: str) -> str:
    """Return the key of a result: a hash of the parts and of our sources."""
    return hashlib.sha256(json.dumps([sources_hash(), *parts]).encode()).hexdigest()


def folder() -> Path | None:
    """Return the cache's folder; None where it is switched off."""
    setting = os.environ.get(VARIABLE, "")
    if setting == "off":
        return None
    if setting:
        return Path(setting)
    from platformdirs import user_cache_path

    return user_cache_path("symact", appauthor=False)


def load(entry: str) -> Any | None:
    """Return a result; None where there is none, or none that is whole."""
    place = folder()
    if place is None:
        return None
    file = place / entry[:2] / f"{entry}.json"
    try:
        content = json.loads(file.read_text("utf-8"))
        payload = content["payload"]
        if hashlib.sha256(payload.encode()).hexdigest() != content["sha256"]:
            return None
        os.utime(file)
        return json.loads(payload)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def store(entry: str, result: Any) -> None:
    """Keep a result. A cache that cannot be written is no failure: the next run computes again."""
    place = folder()
    if place is None:
        return
    payload = json.dumps(result)
    content = {"sha256": hashlib.sha256(payload.encode()).hexdigest(), "payload": payload}
    try:
        shelf = place / entry[:2]
        shelf.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=shelf, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(content, stream)
            Path(name).replace(shelf / f"{entry}.json")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError:
        return


def prune() -> None:
    """Remove the entries that nobody asked for in `KEEP_DAYS`, and what killed runs left."""
    place = folder()
    if place is None or not place.is_dir():
        return
    oldest = time.time() - KEEP_DAYS * 86400
    for file in [*place.glob("??/*.json"), *place.glob("??/*.tmp")]:
        try:
            if file.stat().st_mtime < oldest:
                file.unlink()
        except OSError:
            continue
