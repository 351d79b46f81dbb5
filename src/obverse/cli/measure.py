"""Commands that measure, and that make something to measure with."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obverse.cli.console import emit, say, show_progress, write, write_table
from obverse.cli.options import Json, MaxWrong, RecipeName, VerifierName, source, target
from obverse.cli.places import check_folder
from obverse.errors import writing
from obverse.words import count

if TYPE_CHECKING:
    from obverse.errors import ObverseError
    from obverse.evaluate import Protocol, Report
    from obverse.evaluate.result import Failed


def evaluate(
    protocol: Annotated[
        Path,
        typer.Argument(metavar="PROTOCOL", parser=source, help="A CSV file: photo, role, item."),
    ],
    root: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", parser=source, help="What its photos are relative to."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", parser=target, help="Write index.html and the figures there."
        ),
    ] = None,
    recipe: RecipeName = None,
    embedder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[,STEP...]",
            help="A descriptor (see obverse zoo), with what is done to its vectors, or a card; "
            "several make one table.",
        ),
    ] = None,
    verifier: VerifierName = None,
    max_wrong: MaxWrong = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask no more than so many queries, spread evenly.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", parser=target, help="Keep catalogues there for the next run."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Queries asked at once; times get longer.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Measure recall, open set, calibration, times on a protocol."""
    for folder in (report, cache):
        if folder is not None:
            check_folder(folder)
    from obverse import evaluate as evaluation

    names = embedder or []
    options: dict[str, Any] = {
        "recipe": recipe,
        "verifier": verifier or "",
        "max_wrong": max_wrong,
        "limit": limit,
        "cache": cache,
        "workers": workers,
    }
    if len(names) > 1:
        _evaluate_several(evaluation.read(protocol, root=root), names, report, as_json, options)
        return
    name, _, post = names[0].partition(",") if names else ("", "", "")
    options |= {"root": root, "embedder": name or None, "post": post}
    with show_progress() as progress:
        found = evaluation.evaluate(protocol, progress=progress, **options)
    _tell_failed(found.failed)
    if report is not None:
        say(f"report: {evaluation.write(found, report, command=_command())}")
    if as_json:
        emit(found.to_dict())
    else:
        _write_report(found)


def mint(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", parser=target, help="Where to write; made new.")
    ],
    types: Annotated[int, typer.Option(min=1, help="Distinct coin types.")] = 60,
    photos: Annotated[int, typer.Option(min=0, help="Photos of each type.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same coins.")] = 0,
    as_json: Json = False,
) -> None:
    """Make sample coins: scans, phone-like photos, a protocol."""
    check_folder(folder)
    from obverse.mint import mint as strike

    with show_progress() as progress, writing(folder):
        made = strike(folder, types=types, photos=photos, seed=seed, progress=progress)
    if as_json:
        emit(made.to_dict())
    else:
        parts = (
            count(made.types, "coin type"),
            count(made.scans, "scan"),
            count(made.photos, "photo"),
        )
        write(f"{folder}: {', '.join(parts)}")


def _evaluate_several(
    plan: Protocol, names: list[str], report: Path | None, as_json: bool, options: dict[str, Any]
) -> None:
    from obverse.evaluate import several

    failed: dict[str, ObverseError] = {}
    with show_progress() as progress:
        rows = several.evaluate_all(
            plan, names, progress=progress, failed=failed.__setitem__, **options
        )
    _tell_failed(rows[0].report.failed if rows else ())
    for name, error in failed.items():
        say(str(error) if error.where == name else f"{name}: {error}")
    if report is not None and rows:
        say(f"report: {several.write(rows, report, command=_command())}")
    if as_json:
        left_out = ({"embedder": name, **error.to_dict()} for name, error in failed.items())
        emit([*(row.to_dict() for row in rows), *left_out])
    elif rows:
        part = f"; at most {options['limit']:,} of them asked" if options["limit"] else ""
        write(f"{plan.name}: {plan.note()}{part}")
        write_table(several.HEAD, (row.cells for row in rows))
    if failed:
        say(f"{len(failed):,} of {count(len(names), 'embedder')} could not be measured")
        raise typer.Exit(max(error.exit_code for error in failed.values()))


def _tell_failed(failed: Sequence[Failed]) -> None:
    """A line for each photo that could not be used, then their number."""
    for failure in failed:
        say(f"{failure.photo}: {failure.reason}")
    if failed:
        say(f"{count(len(failed), 'photo')} could not be used")


def _command() -> str:
    return shlex.join(["obverse", *sys.argv[1:]])


def _write_report(found: Report) -> None:
    from obverse.evaluate.report import facts, figures

    write(f"{found.protocol}: {found.note}")
    rows = [*figures(found)]
    width = max(len(name) for name, _, _ in rows)
    for name, value, note in rows:
        write(f"  {name:{width}}  {value:>8}  {note}".rstrip())
    for name, value in facts(found, ""):
        if value:
            write(f"  {name:{width}}  {value}")
