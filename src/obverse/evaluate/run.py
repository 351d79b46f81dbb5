"""Run a protocol: build (or find again) its catalogue, ask every query, add up the figures."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obverse._version import __version__
from obverse.catalogue.importers import Row
from obverse.errors import TableError, UsageError
from obverse.evaluate import cache as caching
from obverse.evaluate import protocol as protocols
from obverse.evaluate.ask import Asker
from obverse.evaluate.engine import Engine, Library, Own
from obverse.evaluate.protocol import Case, Protocol
from obverse.evaluate.result import KS, Failed, Report, Setting, summarise
from obverse.types import Progress


def evaluate(
    protocol: Protocol | str | Path,
    *,
    root: str | Path | None = None,
    recipe: str | None = None,
    embedder: str | Path | None = None,
    post: str = "",
    verifier: str = "",
    cache: str | Path | None = None,
    max_wrong: float | None = None,
    top: int = max(KS),
    limit: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> Report:
    """Measure the whole pipeline on a protocol.

    The catalogue is cached by content: a second run with the same pictures, recipe, models and
    code finds it complete, and a killed run goes on where it stopped. A photo that cannot be used
    counts as wrong and never stops the run.

    Args:
        protocol: a protocol file, or one that was read.
        root: the folder its photos are relative to; by default the folder of the file.
        recipe: name of the recipe; None is the default one.
        embedder: card of the model or name of the descriptor to embed with; None is the recipe's
            own.
        post: what is done to vectors (``obverse.zoo.post``).
        verifier: name of the verifier; empty for the usual one.
        cache: folder for catalogues; see ``obverse.evaluate.cache.place``.
        max_wrong: the share of wrong answers to decide by, 0 to 1, as ``Catalogue.identify`` takes
            it; None leaves the usual threshold, and ``result.MAX_WRONG`` is chosen in hindsight.
        top: candidates asked for; ranks past it count as not found; at least 20.
        limit: ask no more than so many queries, spread evenly over the file.
        workers: photos identified at once; more than one makes the times of a stage longer.
        progress: called as ``progress(done, total, text)``.
        engine: what to measure instead of the package's own catalogue.

    Raises:
        TableError: the protocol cannot be understood, or none of its photos is there.
        UsageError: an argument out of range.
        CatalogueError, ModelError: the catalogue cannot be built.
    """
    if max_wrong is not None and not 0 <= max_wrong <= 1:
        raise UsageError(f"max_wrong is {max_wrong}", hint="give a share between 0 and 1")
    if top < max(KS):
        raise UsageError(f"top is {top}", hint=f"recall@{max(KS)} needs at least {max(KS)}")
    if workers < 1 or (limit is not None and limit < 1):
        raise UsageError("workers and limit start at 1")
    plan = protocol if isinstance(protocol, Protocol) else protocols.read(protocol, root=root)
    tell = progress or _silent
    subject = engine or Own(recipe, embedder, post=post, verifier=verifier)

    begun = time.perf_counter()
    built = _build(plan, subject, caching.place(cache), tell)
    ready = time.perf_counter()
    try:
        asker = Asker(built.library, top, max_wrong)
        plan = replace(plan, rows=(*plan.catalogue, *_spread(plan.queries, limit)))
        predictions = tuple(asker.ask_all(plan.queries, workers, tell))
        done = time.perf_counter()
        pictures = asker.pictures()
    finally:
        built.library.close()

    failed = [Failed(p.photo, p.role, p.error, p.reason) for p in predictions if p.error]
    return summarise(
        predictions,
        protocol=plan.name,
        note=plan.note(),
        setting=Setting(
            recipe=subject.recipe,
            models=subject.models(),
            max_wrong=max_wrong,
            top=top,
            limit=limit,
            workers=workers,
            cached=built.cached,
            seconds={"catalogue": ready - begun, "queries": done - ready},
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            machine=describe_machine(),
        ),
        counts={
            "views": len(plan.catalogue),
            "items": len({case.item for case in plan.catalogue}),
            "same_file": len(asker.hashes & built.hashes),
        },
        failed=[*built.failed, *failed],
        pictures=pictures,
    )


@dataclass(frozen=True, slots=True)
class _Built:
    """A catalogue ready to be asked."""

    library: Library
    cached: bool
    failed: tuple[Failed, ...]
    hashes: frozenset[str]


def _build(plan: Protocol, engine: Engine, cache: Path, tell: Progress) -> _Built:
    """The catalogue of a protocol, from the cache if it is complete there."""
    cases = plan.catalogue
    hashes = []
    for i, case in enumerate(cases):
        tell(i, len(cases), "reading the catalogue's photos")
        hashes.append(caching.file_hash(case.path))
    if not any(hashes):
        raise TableError(
            "none of the catalogue's photos is there",
            where=plan.root,
            hint="name the folder they are relative to with --root",
        )
    views = [(sha, case.item, case.side) for sha, case in zip(hashes, cases, strict=True)]
    name = caching.key(engine.recipe, engine.models(), views, caching.code_hash())
    entry = caching.Entry(cache / name)
    try:
        entry.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the cache folder cannot be made ({error.strerror})",
            where=cache,
            hint="choose another with --cache or the variable OBVERSE_CACHE",
        ) from error
    failed = entry.failed()
    cached = failed is not None
    library = engine.open(entry.catalogue)
    try:
        if failed is None:
            report = library.add([_row(case) for case in cases], progress=tell)
            names = {str(case.path): case.photo for case in cases}
            failed = tuple(_not_added(names, f.source, f.error, f.what) for f in report.failed)
            entry.finish(failed)
    except BaseException:
        library.close()
        raise
    entry.touch()
    caching.prune(cache)
    return _Built(library, cached, failed, frozenset(hashes) - {""})


def _row(case: Case) -> Row:
    attributes: dict[str, Any] = {"year": case.year} if case.year else {}
    return Row(photo=case.path, item=case.item, side=case.side, title="", attributes=attributes)


def _not_added(names: Mapping[str, str], source: str, error: str, what: str) -> Failed:
    """A failure in the words of the protocol: its own name of the photo, said once."""
    return Failed(names.get(source, source), "catalogue", error, what.removeprefix(f"{source}: "))


def _spread(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """At most ``limit`` cases, evenly spread, so that a part of a sorted file stands for all."""
    if limit is None or limit >= len(cases):
        return list(cases)
    return [cases[i * len(cases) // limit] for i in range(limit)]


def describe_machine() -> dict[str, Any]:
    """Processor, cores this process may use, Python and system."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = platform.processor() or platform.machine()
    mask = getattr(os, "sched_getaffinity", None)
    return {
        "cpu": cpu,
        "cores": len(mask(0)) if mask else os.cpu_count() or 1,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _silent(done: int, total: int, text: str) -> None:
    """No progress wanted."""
