"""The stages in order; the file to read first.

Each stage is one function of one module, and its result is the next one's argument:

    resolve               text -> Activation                       catalogue, parsing
    differentiate         Activation -> Derivative                 derivatives
    recover_output_form   Derivative -> OutputForm | NoOutputForm  output_forms
    recover_mixed_form    Derivative -> MixedForm | None           mixed_forms, where there is no output form
    lower                 Derived -> Kernels                       kernels (regimes, forms, arithmetics)
    emit                  Kernels -> Files                         targets, emission

`derive` is the first four, `generate` all of them; `verify` measures what generate emits, `prove` bounds
it, `document` typesets it. Work is done an activation at a time, in processes where ``jobs`` is more
than one, and what is emitted is kept by content in the user's cache folder.
"""

import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import sympy as sp

from symact import __version__, caches, confinement, emission, parsing, profiles
from symact.activations import Activation, Kink, Z
from symact.catalogue import activations, index_names, near_names
from symact.confinement import OutOfTime, at_most, confined
from symact.derivatives import Derivative, differentiate
from symact.derived import Derived
from symact.emission import Files
from symact.errors import GaveUp, InvalidActivation, NotSupported, StaleOutput, SymactError, UnknownName
from symact.mixed_forms import recover_mixed_form
from symact.output_forms import NoOutputForm, recover_output_form
from symact.processes import Progress, in_processes, silent
from symact.properties import properties
from symact.quotations import FILE, Quotations, quotations
from symact.settings import LICENCE, Settings

VARIABLES = ("z", "x", "pi", "e")
"""Words that are formulas, not names that nobody knows."""


# One activation.


def resolve(target: str | Activation, own: Mapping[str, Activation] | None = None) -> Activation:
    """Return the activation that a TARGET means: one's own name, the catalogue's, or a formula in z.

    Raises UnknownName with near names, or InvalidFormula with the column.
    """
    if isinstance(target, Activation):
        return target
    known = {**index_names(activations().values()), **(own or {})}
    if target in known:
        return known[target]
    if target.isidentifier() and target not in VARIABLES:
        near = near_names(target, known)
        hint = f"did you mean {near}?" if near else "`symact list` shows the catalogue"
        raise UnknownName(f"{target}: no such activation; {hint}")
    return parsing.parse(target, functions=own)


def derive(
    target: str | Activation,
    *,
    wrt: str | None = None,
    order: int = 1,
    kinks: Mapping[str, str] | None = None,
    own: Mapping[str, Activation] | None = None,
    mixed: bool = True,
) -> Derived:
    """Return what mathematics says of an activation: its derivative with steps, output form and properties.

    ``target`` is a catalogue name, a formula in z, or an `Activation`; ``wrt`` a parameter's name where
    not z; ``kinks`` conventions by point, both as formulas (``{"0": "1/2"}``).

    >>> derive("tanh").output_form.expression
    1 - g**2
    """
    return _assembled(dict(_stages(_Question(target, wrt, order, kinks, own, mixed=mixed))))


def derive_within(
    target: str | Activation,
    seconds: float,
    *,
    wrt: str | None = None,
    order: int = 1,
    kinks: Mapping[str, str] | None = None,
    own: Mapping[str, Activation] | None = None,
    thorough: bool = False,
) -> Derived:
    """Return what `derive` returns, or as much of it as is known after some seconds, in a child process.

    Of a search that was given up the answer says so. A name of the catalogue, which is known to be
    answered soon, is answered in this process. ``thorough`` has every property found in the child too.

    Raises GaveUp where not even the derivative was found.
    """
    if isinstance(target, str) and target in index_names(activations().values()) and order <= SMALL_ORDER:
        return derive(target, wrt=wrt, order=order, kinks=kinks, own=own)
    known: dict[str, Any] = {}
    why = ""
    for found in confined(
        _stages, _Question(target, wrt, order, kinks, own, SHARE * seconds, thorough), seconds
    ):
        if isinstance(found, confinement.GaveUp):
            why = found.why
        else:
            known[found[0]] = found[1]
    if "found" not in known:
        raise GaveUp(f"{target}: gave up {why}, before the derivative was found; write it more simply")
    return _assembled(
        {"output_form": NoOutputForm(f"gave up {why}", decided=False), "properties": None, **known}, why
    )


Found = TypeVar("Found")

SHARE = 0.4
"""Of the time that all may take, how much the searches for an output and a mixed form may, each."""

SMALL_ORDER = 3
"""Derivatives of the catalogue up to this order need no clock."""


@dataclass(frozen=True)
class _Question:
    """What `derive` is asked; ``seconds`` for the output form, if they are bounded."""

    target: str | Activation
    wrt: str | None
    order: int
    kinks: Mapping[str, str] | None
    own: Mapping[str, Activation] | None
    seconds: float | None = None
    thorough: bool = False
    mixed: bool = True


def _stages(asked: _Question) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a `Derived` as they become known."""
    activation = resolve(asked.target, asked.own)
    if asked.kinks:
        activation = _with_conventions(activation, asked.kinks)
    yield "activation", activation
    derivative = differentiate(activation, _symbol(activation, asked.wrt), asked.order)
    yield "found", derivative
    form = _within(recover_output_form, derivative, asked.seconds)
    gave_up = NoOutputForm(f"gave up after {asked.seconds:g} s", decided=False) if form is None else None
    yield "output_form", form or gave_up
    if asked.mixed and isinstance(form, NoOutputForm):
        yield "mixed_form", _within(recover_mixed_form, derivative, asked.seconds)
    first = derivative if derivative.order == 1 and derivative.wrt == Z else differentiate(activation)
    known = properties(first)
    if asked.thorough:
        known.to_json()  # what is found is kept
    yield "properties", known


def _within(
    search: Callable[[Derivative], Found], derivative: Derivative, seconds: float | None
) -> Found | None:
    """Return what a search finds, None where it takes longer than it may."""
    if seconds is None:
        return search(derivative)
    try:
        with at_most(seconds):
            return search(derivative)
    except OutOfTime:
        return None


def _assembled(known: Mapping[str, Any], gave_up: str = "") -> Derived:
    return Derived(
        activation=known["activation"],
        found=known["found"],
        output_form=known["output_form"],
        known_properties=known["properties"],
        mixed_form=known.get("mixed_form"),
        gave_up=gave_up,
    )


def _symbol(activation: Activation, wrt: str | None) -> sp.Symbol:
    if wrt in (None, "z", "x"):
        return Z
    symbols = {parameter.name: parameter.symbol for parameter in activation.parameters}
    if wrt not in symbols:
        others = ", ".join(["z", *symbols])
        raise UnknownName(f"{activation.title}: nothing called {wrt} to differentiate by; there is {others}")
    return symbols[wrt]


def _with_conventions(activation: Activation, given: Mapping[str, str]) -> Activation:
    """Return the activation with some kinks' conventions replaced, or declared where none was."""
    conventions = {parsing.constant(at): parsing.constant(value) for at, value in given.items()}
    kept = tuple(kink for kink in activation.kinks if kink.at not in conventions)
    return replace(activation, kinks=(*kept, *(Kink(at, value) for at, value in conventions.items())))


def with_profile(activation: Activation, profile: str) -> Activation:
    """Return the activation with every kink's convention as a policy or a framework's profile has it.

    Where that is infinite the declared convention stays.

    Raises UnknownName for a profile that does not exist.
    """
    if profile not in profiles.names():
        raise UnknownName(f"{profile}: no such profile of kinks; there are {', '.join(profiles.names())}")
    if profile == "declared" or not activation.kinks:
        return activation
    kinks = differentiate(activation).kinks
    chosen = []
    for kink, policy in zip(kinks, profiles.policies(profile, str(activation.name), len(kinks)), strict=True):
        value = policy(kink.left, kink.right, kink.convention)
        chosen.append(Kink(kink.at, value if value.is_finite is not False else kink.convention))
    return replace(activation, kinks=tuple(chosen))


# Many activations.


@dataclass(frozen=True)
class Request:
    """What to generate: activations, in order, for targets, under a licence."""

    activations: tuple[Activation, ...]
    targets: tuple[str, ...]
    licence: str = LICENCE


def request(
    names: Sequence[str] = (),
    *,
    targets: Sequence[str] = (),
    kinks: str = "declared",
    own: Mapping[str, Activation] | None = None,
    licence: str = LICENCE,
) -> Request:
    """Return a request for names, or for the whole catalogue where there are none."""
    known = emission.templates().targets
    for target in targets:
        if target not in known:
            raise UnknownName(f"{target}: no such target; there are {', '.join(known)}")
    chosen = [resolve(name, own) for name in names] if names else list(activations().values())
    distinct: dict[str, Activation] = {}
    for activation in chosen:
        if activation.name is None:
            raise InvalidActivation(
                f"{activation.title}: what is generated needs a name; "
                "give it one in a symact.toml (symact init)"
            )
        distinct[activation.name] = with_profile(activation, kinks)
    wanted = tuple(target for target in known if not targets or target in targets)
    return Request(tuple(distinct.values()), wanted, licence)


def generate(
    names: Sequence[str] = (),
    *,
    out: str | Path = "generated",
    targets: Sequence[str] = (),
    kinks: str = "declared",
    config: str | Path | None = None,
    check: bool = False,
    jobs: int = 1,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Write the generated files of names, or of the whole catalogue, and return the paths that changed.

    Whole files or none. With names, what else was generated into the folder stays, and shared files
    tell of it too; without, what is not generated any more is removed. ``check`` writes nothing.

    Raises StaleOutput under ``check`` where something would change: a unified diff, and the command.
    """
    settings = Settings.read(Path(config)) if config else Settings()
    own, out = settings.activations, Path(out)
    asked = request(names or settings.names, targets=targets, kinks=kinks, own=own, licence=settings.licence)
    shared = _with_recorded(asked, out, kinks, own) if names else asked
    whole = () if names else (tuple(targets) or None)
    files = dict(emit(asked, shared, quotations(out / FILE), jobs=jobs, progress=progress))
    listed = [activation.title for activation in shared.activations]
    files[emission.MANIFEST] = emission.manifest(files, out, version=__version__, names=listed, whole=whole)
    if not check:
        return emission.write(files, out, whole=whole)
    difference = emission.compare(files, out, whole=whole)
    if difference:
        options = [f"--config={config}"] * bool(config) + [f"--out={out}"] * (out != Path("generated"))
        options += [f"--target={target}" for target in targets] + [f"--kinks={kinks}"] * (kinks != "declared")
        command = shlex.join(["symact", "generate", *names, *options])
        raise StaleOutput(f"{difference}{out}: not what the sources generate; run `{command}`")
    return ()


def _with_recorded(asked: Request, out: Path, kinks: str, own: Mapping[str, Activation]) -> Request:
    """Return the request with the activations that already lie in the folder: shared files list them too."""
    recorded = [n for n in emission.recorded_names(out) if n in own or n in activations()]
    chosen = {activation.name: activation for activation in asked.activations}
    for name in recorded:
        if name not in chosen:
            chosen[name] = with_profile(resolve(name, own), kinks)
    order = dict.fromkeys((*activations(), *own, *chosen))
    return replace(asked, activations=tuple(chosen[name] for name in order if name in chosen))


def emit(
    asked: Request,
    shared: Request,
    quoted: Quotations | None = None,
    *,
    jobs: int = 1,
    progress: Progress = silent,
) -> Files:
    """Return the files of the activations asked for, and the shared ones, which tell of all of ``shared``.

    Shared files quote the certificates that are ``quoted``.
    """
    made = dict(_emitted(shared, jobs, progress))
    templates = emission.templates()
    files: dict[str, str] = {}
    for activation in asked.activations:
        for target in asked.targets:
            files |= made[activation.title, target]["files"]
    for target in asked.targets:
        summaries = [made[activation.title, target]["summary"] for activation in shared.activations]
        for template in templates.of([target], shared=True):
            context = import_module(f"symact.targets.{target}").shared_context(
                template, summaries, quoted or {}
            )
            head = emission.header(template, version=__version__, licence=asked.licence)
            files[templates.output(template)] = templates.render(template, {"header": head, **context})
    return files


Made = dict[str, Any]
"""What one activation gives for one target: its files, and the summary that shared files are made of."""


def _emitted(asked: Request, jobs: int, progress: Progress) -> Iterator[tuple[tuple[str, str], Made]]:
    """Yield what each activation gives for each target: from the cache, else made now, in processes."""
    missing: dict[str, tuple[Activation, list[str]]] = {}
    keys: dict[tuple[str, str], str] = {}
    for activation in asked.activations:
        for target in asked.targets:
            keys[activation.title, target] = entry = caches.key(_identity(activation), target, asked.licence)
            kept = caches.load(entry)
            if kept is not None:
                yield (activation.title, target), kept
            else:
                missing.setdefault(activation.title, (activation, []))[1].append(target)
    work = [(activation, tuple(targets), asked.licence) for activation, targets in missing.values()]
    for (activation, _, _), (facts, made) in in_processes(emit_one, work, jobs, progress, _title):
        caches.store(_facts_key(activation), facts)
        for target, result in made.items():
            caches.store(keys[activation.title, target], result)
            yield (activation.title, target), result
    if work:
        caches.prune()


def _facts_key(activation: Activation) -> str:
    return caches.key("facts", _identity(activation))


def _identity(activation: Activation) -> str:
    """Return a text that tells activations apart: every field, expressions with all their assumptions."""
    return repr([sp.srepr(value) if isinstance(value, sp.Basic) else value for value in _fields(activation)])


def _fields(value: object) -> list[object]:
    """Return the values of a dataclass, nested ones and tuples opened, in order."""
    if is_dataclass(value):
        return [
            item for field in fields(value) for item in (field.name, *_fields(getattr(value, field.name)))
        ]
    if isinstance(value, tuple):
        return ["(", *(item for part in value for item in _fields(part)), ")"]
    return [value]


def emit_one(work: tuple[Activation, tuple[str, ...], str]) -> tuple[dict[str, Any], dict[str, Made]]:
    """Return facts of one activation, and what it gives for each of some targets: a pure function."""
    from symact.kernels import lower  # what only derives does not wait for it

    activation, targets, licence = work
    derived = derive(activation, mixed=False)
    kernels = lower(activation, derived.found, derived.output_form)
    templates = emission.templates()
    made: dict[str, Made] = {}
    for target in targets:
        module = import_module(f"symact.targets.{target}")
        files = {}
        for template in templates.of([target], shared=False):
            head = emission.header(template, version=__version__, licence=licence, formula=derived.formula)
            context = {"header": head, **module.activation_context(template, derived, kernels)}
            files[templates.output(template, activation.title)] = templates.render(template, context)
        made[target] = {"files": files, "summary": module.summary(derived, kernels)}
    return derived.facts(), made


def _title(work: tuple[Activation, tuple[str, ...], str]) -> str:
    return work[0].title


def survey(names: Sequence[str] = (), *, jobs: int = 1, progress: Progress = silent) -> list[dict[str, Any]]:
    """Return facts of names, or of the whole catalogue, as ``symact list --json`` prints them."""
    chosen = request(names).activations
    keys = {activation.title: _facts_key(activation) for activation in chosen}
    found = {title: kept for title, key in keys.items() if (kept := caches.load(key)) is not None}
    missing = [activation for activation in chosen if activation.title not in found]
    for activation, facts in in_processes(derive_one, missing, jobs, progress, lambda a: a.title):
        caches.store(keys[activation.title], facts)
        found[activation.title] = facts
    return [
        {
            "name": activation.name,
            "display_name": activation.display_name,
            "formula": found[activation.title]["formula"],
            "parameters": found[activation.title]["parameters"],
            "output_form": (found[activation.title]["output_form"] or {}).get("expr"),
            "kinks": found[activation.title]["kinks"],
            "aliases": list(activation.aliases),
            "family": activation.family,
        }
        for activation in chosen
    ]


def derive_one(activation: Activation) -> dict[str, Any]:
    """Return the facts of `derive` as JSON. A pure function of its argument."""
    return derive(activation, mixed=False).facts()


# What is measured, and what is typeset.


def verify(
    names: Sequence[str] = (),
    *,
    targets: Sequence[str] = (),
    dtypes: Sequence[str] = (),
    exhaustive: bool = False,
    config: str | Path | None = None,
    certificates: str | Path = "generated",
    jobs: int = 1,
    progress: Progress = silent,
) -> list[Any]:
    """Return the measured accuracy of what `generate` emits: one result a function, target and dtype.

    Bounds that were proved of the same code are taken from the folder of ``certificates``.
    """
    from symact import accuracy, sweeps

    settings = Settings.read(Path(config)) if config else Settings()
    for dtype in dtypes:
        if dtype not in accuracy.BOUNDS:
            raise UnknownName(f"{dtype}: no such dtype; there are {', '.join(accuracy.BOUNDS)}")
    runnable = accuracy.variants()
    for target in targets:
        if target not in runnable:
            raise UnknownName(f"{target}: not a target that runs; there are {', '.join(runnable)}")
    chosen = tuple(targets) or runnable
    generated = tuple(dict.fromkeys(map(accuracy.base, chosen)))
    asked = request(names or settings.names, targets=generated, own=settings.activations)
    with tempfile.TemporaryDirectory(prefix="symact-") as folder:
        emission.write(emit(asked, asked, jobs=jobs, progress=progress), Path(folder))
        accuracy.prepare(Path(folder), chosen)
        work = [
            accuracy.Task(activation, Path(folder), chosen, tuple(dtypes), exhaustive)
            for activation in asked.activations
        ]
        work.sort(key=lambda task: -len(task.activation.parameters))  # the longest first
        order = {activation.title: index for index, activation in enumerate(asked.activations)}
        found = list(
            in_processes(sweeps.verify_activation, work, jobs, progress, lambda t: t.activation.title)
        )
    found.sort(key=lambda pair: order[pair[0].activation.title])
    results = [result for _, results in found for result in results]
    return _with_bounds(results, asked, Path(certificates))


def _with_bounds(results: list[Any], asked: Request, folder: Path) -> list[Any]:
    """Return results with the bounds in ulp that are proved of float64 functions, in C and so in NumPy."""
    from symact import bounds

    known = bounds.Records(folder / FILE).known
    proved: dict[tuple[str, str], float | None] = {}
    for activation in asked.activations:
        mine = [record for record in known.values() if record.activation == activation.title]
        if mine:
            alone = replace(asked, activations=(activation,), targets=("c",))
            files = emit(alone, alone)
            proved |= {
                record.key: record.proved_ulp
                for record in mine
                if record.kernel == bounds.kernel(files, activation, record.function)
            }
    return [
        replace(result, proved_ulp=proved.get((result.activation, result.function)))
        if result.dtype == "float64"
        else result
        for result in results
    ]


def prove(
    names: Sequence[str] = (),
    *,
    config: str | Path | None = None,
    certificates: str | Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> list[Any]:
    """Return what each float64 function of names, or of the whole catalogue, can be off at most: `bounds`.

    ``certificates`` is a folder whose `FILE` is to record the bounds.
    """
    from symact import bounds

    work = list(_claims(names, config, jobs, progress))
    found = {
        claim.title: record
        for claim, record in in_processes(_proved, work, jobs, progress, lambda c: c.title)
    }
    records = [found[claim.title] for claim in work]
    if certificates is not None:
        bounds.Records(Path(certificates) / FILE).updated(records, list(activations()))
    return records


def _proved(claim: Any) -> Any:
    return claim.record()


def _claims(names: Sequence[str], config: str | Path | None, jobs: int, progress: Progress) -> Iterator[Any]:
    """Yield what may be proved of names, or of the whole catalogue."""
    from symact import bounds

    for each in _sweeps(names, "c", bounds.FUNCTIONS, config, jobs, progress):
        yield bounds.Claim(each.activation, each.function, each.files, each.form)


def sweep(
    names: Sequence[str] = (),
    *,
    target: str = "c",
    functions: Sequence[str] = (),
    config: str | Path | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    jobs: int = 1,
    progress: Progress = silent,
    certificates: str | Path | None = None,
) -> list[Any]:
    """Return what all 2^32 inputs of float32 functions give: a result each, of forward and derivatives.

    Every chunk is kept as it is done; ``resume`` takes what an earlier run has kept, or certified, of the
    same code. ``scheduler`` is the address of a Dask scheduler, or "local". ``certificates`` is a folder
    whose `FILE` is to record the results, each as soon as it is whole, unless inputs are undecided.
    """
    from symact import schedulers, sweeps

    found = list(_sweeps(names, target, functions, config, jobs, progress))
    results: dict[str, Any] = {}
    if resume and certificates is not None:
        known = sweeps.Certificates(Path(certificates) / FILE).known
        for each in found:
            certificate = known.get((each.activation.title, each.function, target))
            if certificate is not None and certificate.kernel == each.kernel:
                results[each.title] = certificate.result
    left = [each for each in found if each.title not in results]
    chunks = [sweeps.Chunk(each, index) for each in left for index in range(sweeps.CHUNKS)]
    keys = {chunk.title + str(chunk.index): _chunk_key(chunk) for chunk in chunks}
    tallies: dict[str, dict[int, Any]] = {each.title: {} for each in left}
    order = list(activations())

    def take(chunk: Any, tally: Any) -> None:
        tallies[chunk.title][chunk.index] = tally
        if len(tallies[chunk.title]) == sweeps.CHUNKS:
            whole = sweeps.merged(chunk.sweep, tallies.pop(chunk.title).values())
            results[chunk.title] = whole
            if certificates is not None and whole.exhaustive:
                made = sweeps.certify(chunk.sweep, whole)
                sweeps.Certificates(Path(certificates) / FILE).updated([made], order)

    missing = []
    for chunk in chunks:
        kept = caches.load(keys[chunk.title + str(chunk.index)]) if resume else None
        if kept is None:
            missing.append(chunk)
        else:
            take(chunk, sweeps.Tally(**kept))
    work = schedulers.scheduled(
        sweeps.judge_chunk, missing, jobs, progress, lambda chunk: chunk.title, scheduler
    )
    for chunk, tally in work:
        caches.store(keys[chunk.title + str(chunk.index)], tally.to_json())
        take(chunk, tally)
    return [results[each.title] for each in found]


def recheck(
    names: Sequence[str] = (),
    *,
    out: str | Path = "generated",
    config: str | Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> tuple[int, list[str]]:
    """Return how many certificates and bounds of names, or of all, there are, and what is wrong.

    A function that was never certified is no fault of a certificate.
    """
    from symact import bounds

    work = list(_certified(names, Path(out), config, jobs, progress))
    found = in_processes(_rechecked, work, jobs, progress, lambda item: item[1].title)
    wrong = [fault for _, faults in found for fault in faults]
    recorded = bounds.Records(Path(out) / FILE).known
    named = sorted({key[0] for key in recorded if not names or key[0] in names})
    claims = [c for c in _claims(named, config, jobs, progress) if _key(c) in recorded] if named else []
    again = bounds.chosen_again(recorded[_key(claim)] for claim in claims)
    proofs = [(claim, recorded[_key(claim)], _key(claim) in again) for claim in claims]
    checked = in_processes(_reproved, proofs, jobs, progress, lambda item: item[1].title)
    wrong += [fault for _, faults in checked for fault in faults]
    return len(work) + len(proofs), sorted(wrong)


def carry(
    names: Sequence[str] = (),
    *,
    out: str | Path = "generated",
    config: str | Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> tuple[list[str], list[str]]:
    """Record certificates for code that has changed and gives all 2^32 values as before.

    Return the titles of those that were recorded, each as soon as it is found, and of the others.
    """
    from symact import sweeps

    stale = {
        certificate.title: (each, certificate)
        for each, certificate in _certified(names, Path(out), config, jobs, progress)
        if certificate.kernel != each.kernel
    }
    chunks = [sweeps.Chunk(each, index) for each, _ in stale.values() for index in range(sweeps.CHUNKS)]
    sums: dict[str, list[int]] = {}
    carried: list[str] = []
    for chunk, part in in_processes(sweeps.sum_chunk, chunks, jobs, progress, lambda chunk: chunk.title):
        title = f"{chunk.title} ({chunk.sweep.target})"
        sums.setdefault(title, []).append(part)
        if len(sums[title]) == sweeps.CHUNKS:
            made = sweeps.carried(*stale[title], sum(sums[title]))
            if made is not None:
                sweeps.Certificates(Path(out) / FILE).updated([made], list(activations()))
                carried.append(title)
    return carried, [title for title in stale if title not in carried]


def _certified(
    names: Sequence[str], out: Path, config: str | Path | None, jobs: int, progress: Progress
) -> Iterator[tuple[Any, Any]]:
    """Yield the sweeps that have a certificate, with it."""
    from symact import sweeps

    known = sweeps.Certificates(out / FILE).known
    for target in sorted({key[2] for key in known}):
        certified = {key[0] for key in known if key[2] == target and (not names or key[0] in names)}
        for each in _sweeps(sorted(certified), target, (), config, jobs, progress) if certified else ():
            certificate = known.get((each.activation.title, each.function, target))
            if certificate is not None:
                yield each, certificate


def _key(claim: Any) -> tuple[str, str]:
    return claim.activation.title, claim.function


def _reproved(work: tuple[Any, Any, bool]) -> list[str]:
    from symact import bounds

    claim, record, again = work
    return bounds.recheck(claim, record, again=again)


def _rechecked(work: tuple[Any, Any]) -> list[str]:
    from symact import sweeps

    return sweeps.recheck(*work)


def _chunk_key(chunk: Any) -> str:
    swept = chunk.sweep
    parts = (swept.kernel, swept.function, swept.target, str(chunk.index))
    return caches.key("sweep", _identity(swept.activation), *parts)


def _sweeps(
    names: Sequence[str],
    target: str,
    functions: Sequence[str],
    config: str | Path | None,
    jobs: int,
    progress: Progress,
) -> Iterator[Any]:
    """Yield the sweeps of names, or of the whole catalogue: every function of one variable that there is."""
    from symact import accuracy, sweeps

    settings = Settings.read(Path(config)) if config else Settings()
    if target not in accuracy.variants():
        raise UnknownName(f"{target}: not a target that runs; there are {', '.join(accuracy.variants())}")
    for function in functions:
        if function not in sweeps.FUNCTIONS:
            raise UnknownName(f"{function}: not swept; there are {', '.join(sweeps.FUNCTIONS)}")
    generated = (accuracy.base(target),)
    asked = request(names or settings.names, targets=generated, own=settings.activations)
    emit(asked, asked, jobs=jobs, progress=progress)  # kept, so that below there is nothing to compute
    for activation in asked.activations:
        alone = replace(asked, activations=(activation,))
        files, form = emit(alone, alone), accuracy.form(activation)
        for function in functions or sweeps.FUNCTIONS:
            each = sweeps.Sweep(activation, function, target, files, form)
            if sweeps.exists(each):
                yield each


def audit(
    function: Any,
    against: str | Activation | None = None,
    *,
    derivative: bool = False,
    dtype: str = "float32",
    parameters: Mapping[str, Any] | None = None,
    keywords: Mapping[str, Any] | None = None,
    framework: str | None = None,
    scalar: bool = False,
    exhaustive: bool = False,
    bound: float | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> list[Any]:
    """Return what is wrong with somebody else's function, or with all of a package's: `symact.audits`.

    ``function`` is a callable on arrays, ``MODULE:FUNCTION``, ``LIBRARY.so:SYMBOL`` or a package of
    `audits.PACKAGES`; ``keywords`` are passed to it. ``against`` is what it is meant to be, at its defaults
    but for ``parameters``; a package needs none. ``derivative`` asks for f' instead of f; of a package both
    are asked for.
    """
    from symact import audits

    name = function if isinstance(function, str) else getattr(function, "__name__", "function")
    limit = audits.BOUND if bound is None else bound
    if against is None:
        if not isinstance(function, str) or ":" in function:
            raise InvalidActivation(f"{name}: say what it is meant to be: --against TARGET")
        alone = {
            "derivative": derivative,
            "parameters": parameters,
            "keywords": keywords,
            "framework": framework,
            "scalar": scalar,
            "exhaustive": exhaustive,
        }
        if ignored := [option for option, value in alone.items() if value]:
            raise InvalidActivation(f"{name}: a package is judged as a whole; leave out {', '.join(ignored)}")
        return _audited_package(function, dtype, limit, jobs, progress)
    call = audits.load(
        function, derivative=derivative, dtype=dtype, keywords=keywords, framework=framework, scalar=scalar
    )
    return [
        audits.audit(
            call,
            resolve(against),
            name=name,
            derivative=derivative,
            dtype=dtype,
            parameters=parameters,
            exhaustive=exhaustive,
            bound=limit,
            progress=lambda done, total: progress(name, done, total),
        )
    ]


@dataclass(frozen=True)
class _Part:
    """One function of a package, by its place among the recipes."""

    package: str
    index: int
    dtype: str
    bound: float

    @property
    def title(self) -> str:
        from symact import audits

        return audits.recipes(self.package)[self.index].activation


def _audited_package(package: str, dtype: str, bound: float, jobs: int, progress: Progress) -> list[Any]:
    from symact import audits

    parts = [_Part(package, index, dtype, bound) for index in range(len(audits.recipes(package)))]
    found = list(in_processes(_audited, parts, jobs, progress, lambda part: part.title))
    found.sort(key=lambda pair: pair[0].index)
    return [result for _, results in found for result in results]


def _audited(part: _Part) -> list[Any]:
    from symact import audits

    recipe = audits.recipes(part.package)[part.index]
    return [
        audits.audit(
            make(part.dtype),
            resolve(recipe.activation),
            name=recipe.name,
            derivative=derivative,
            dtype=part.dtype,
            parameters=recipe.parameters,
            bound=part.bound,
        )
        for derivative, make in ((False, recipe.call), (True, recipe.derivative))
        if make is not None
    ]


def bench(
    names: Sequence[str] = (),
    *,
    against: Sequence[str] = (),
    functions: Sequence[str] = (),
    dtype: str = "float32",
    sizes: Sequence[int] = (),
    config: str | Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> list[Any]:
    """Return how long generated functions take beside other libraries', in ns per element, on one thread.

    ``against`` are peers of `benches.PEERS`; without it all that are installed, and memcpy. ``jobs`` is for
    generating; what is timed is timed alone.

    Raises UnknownName for a function, a dtype or a peer that does not exist, ToolMissing for a peer that is
    not installed and without a C compiler.
    """
    from symact import benches
    from symact.targets import c

    for what, given, known in (
        ("function to time", functions, benches.FUNCTIONS),
        ("dtype to time", (dtype,), benches.DTYPES),
    ):
        for name in given:
            if name not in known:
                raise UnknownName(f"{name}: no {what}; there are {', '.join(known)}")
    if any(size < 1 for size in sizes):
        raise UnknownName(f"{min(sizes)}: no size of an array to time; choose 1 or more")
    peers = tuple(against) or (*benches.installed(), benches.MEMCPY)
    settings = Settings.read(Path(config)) if config else Settings()
    asked = request(names or settings.names, targets=("c", "numpy"), own=settings.activations)
    tasks = [
        benches.Task(activation, function, dtype)
        for activation in asked.activations
        for function in functions or benches.FUNCTIONS
    ]
    found: list[Any] = []
    with tempfile.TemporaryDirectory(prefix="symact-") as place:
        folder = Path(place)
        emission.write(emit(asked, asked, jobs=jobs, progress=progress), folder)
        c.build(folder / "c", folder / benches.LIBRARY, flags=benches.FLAGS)
        for index, task in enumerate(tasks):
            progress(task.title, index, len(tasks))
            found += benches.compare(task, folder, peers, tuple(sizes) or benches.SIZES)
    return found


def build(out: str | Path = "generated", *, compiler: str | None = None, progress: Progress = silent) -> Path:
    """Compile the C in a folder of what is generated for its `symact_numpy`, which then computes with it.

    Returns the shared library. The same bits as without it; whatever goes wrong, an earlier one stays.

    Raises SymactError where the folder is not as it was generated, or the compiler fails; ToolMissing
    without a compiler.
    """
    from symact.targets import c
    from symact.targets import numpy as target

    folder = Path(out)
    package = folder / "numpy" / "symact_numpy"
    if not (package / "__init__.py").exists() or not any((folder / "c").glob("*.c")):
        raise SymactError(f"{folder}: C and NumPy are not both generated here; run symact generate first")
    altered = emission.altered(folder)
    if altered:
        raise SymactError(
            f"{folder / altered[0]}: is not as it was generated ({len(altered)} files are not); "
            "run symact generate first"
        )
    said = f'extern const char {target.BUILT_OF}[65];\nconst char {target.BUILT_OF}[65] = "%s";\n'
    with tempfile.TemporaryDirectory(prefix=".symact-", dir=package.parent) as place:
        further = {"symact_built_of.c": said % target.fingerprint(package)}
        made = Path(place) / target.LIBRARY
        c.build(folder / "c", made, compiler=compiler, flags=c.FAST, further=further, progress=progress)
        made.replace(package / target.LIBRARY)
    return package / target.LIBRARY


def document(
    names: Sequence[str] = (),
    *,
    fmt: str = "tex",
    out: str | Path = "generated",
    config: str | Path | None = None,
    jobs: int = 1,
    progress: Progress = silent,
) -> Path:
    """Write the document of names, or of the whole catalogue, and return its main file.

    ``fmt`` "tex" is what `generate` writes for LaTeX; "pdf" also typesets it.

    Raises ToolMissing where there is no pdflatex.
    """
    from symact import documents

    if fmt not in ("tex", "pdf"):
        raise NotSupported(f"{fmt}: no such format of documents; there are tex and pdf")
    generate(names, out=out, targets=("latex",), config=config, jobs=jobs, progress=progress)
    return documents.build(Path(out)) if fmt == "pdf" else Path(out) / "latex" / "symact.tex"
