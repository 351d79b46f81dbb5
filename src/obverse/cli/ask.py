"""Commands that ask: what is in these photos?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obverse.cli.answers import draw_answer, write_answer, write_csv
from obverse.cli.console import emit, leave_if_failed, say, show_progress
from obverse.cli.options import (
    Draw,
    Json,
    MaxBytes,
    MaxMegapixels,
    MaxWrong,
    Photos,
    Top,
    Uri,
    make_limits,
    need_both,
    source,
    target,
)
from obverse.cli.places import check_table, keep_inputs, pictures_for
from obverse.errors import CatalogueError, PhotoError, PhotoMissing, UsageError
from obverse.words import count

if TYPE_CHECKING:
    from obverse import Catalogue
    from obverse.types import Answer

MATCHED = ("source", "query")
"""Columns of the table of ``match``."""


def identify(
    catalogue: Uri,
    photos: Photos,
    sides: Annotated[
        bool,
        typer.Option(
            "--sides", help="The photos (or the two objects of one) are two sides of one."
        ),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Answer every object of a photo, not only the first.")
    ] = False,
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", parser=target, help="With --all: write the table there."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say in plain sentences why. (--json always does.)")
    ] = False,
    draw: Draw = None,
    top: Top = 5,
    year: Annotated[
        bool | None,
        typer.Option(
            "--year/--no-year",
            help="Read the year too. Without: only where items differ by their year alone.",
        ),
    ] = None,
    max_wrong: MaxWrong = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Which item is in a photo, how surely, and why.

    With several photos, --draw names a folder and --json prints an array, one element per photo
    in the order given; a photo that cannot be used becomes an element with the key "error".
    With --sides there is one answer for both photos, in whatever order they come.
    """
    _check_modes(photos, sides, every, csv_file, year)
    check_table(csv_file, photos)
    queries = [photos] if sides else [[photo] for photo in photos]
    # Of several, one that is missing is told in its turn.
    need_both(catalogue, photos if len(queries) == 1 else ())
    from obverse import Catalogue, tray
    from obverse.types import Tray

    pictures = pictures_for(draw, [query[0] for query in queries])
    keep_inputs(pictures.values(), photos)
    results: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    failed = 0
    with Catalogue(
        catalogue, create=False, limits=make_limits(max_bytes, max_megapixels)
    ) as opened:
        for query in queries:
            answer: Answer | Tray
            try:
                if sides:
                    answer = opened.identify_sides(*query, top=top, max_wrong=max_wrong)
                elif every:
                    answer = opened.identify_all(query[0], top=top, year=year, max_wrong=max_wrong)
                else:
                    answer = opened.identify(query[0], top=top, year=year, max_wrong=max_wrong)
            except PhotoError as error:
                failed += 1
                say(str(error))
                results.append(error.to_dict())
                continue
            results.append(answer.to_dict())
            if isinstance(answer, Tray):
                rows += tray.rows(answer)
                for region, why in answer.failed:
                    say(f"{query[0]}: {why} at {', '.join(f'{v:.0f}' for v in region.box)}")
            elif year and answer.year is None:
                say(f"{query[0]}: no year could be read")
            if not as_json:
                write_answer(answer, explain)
            if query[0] in pictures:
                draw_answer(answer, pictures[query[0]])
    if csv_file is not None:
        write_csv(csv_file, tray.COLUMNS, rows)
        say(f"{csv_file}: {count(len(rows), 'object')}")
    if as_json:
        emit(results if len(queries) > 1 else results[0])
    leave_if_failed(failed, len(queries))


def match(
    catalogue: Uri,
    queries: Annotated[
        Path, typer.Argument(metavar="FOLDER", parser=source, help="A folder of query photos.")
    ],
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", parser=target, help="Write the table there, not on stdout."
        ),
    ] = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """The best catalogue picture for each photo of a folder.

    The table has the columns source (file name of the catalogue picture, with its folder where
    several bear that name) and query (file name of the photo). Every photo gets a row; where one
    cannot be used, source is empty and the reason is on stderr.
    """
    from obverse import Catalogue

    names = _photo_names(queries)
    check_table(csv_file, [queries / name for name in names])
    rows: list[dict[str, Any]] = []
    failures: list[str] = []
    with (
        Catalogue(catalogue, create=False, limits=make_limits(max_bytes, max_megapixels)) as opened,
        show_progress() as progress,
    ):
        called = _called(opened)
        for done, name in enumerate(names, 1):
            row: dict[str, Any] = {"source": "", "query": name}
            try:
                row |= _best(opened.identify(queries / name, top=1), called)
            except PhotoError as error:
                failures.append(str(error))
                row |= {"error": type(error).__name__, "what": error.what}
            rows.append(row)
            progress(done, len(names), "matching")
    for line in failures:
        say(line)
    if csv_file is not None:
        write_csv(csv_file, MATCHED, rows)
        say(f"{csv_file}: {count(len(rows), 'query')}, {len(failures):,} failed")
    elif failures:
        say(f"{len(failures):,} of {count(len(rows), 'query')} failed")
    if as_json:
        emit(rows)
    elif csv_file is None:
        write_csv(None, MATCHED, rows)
    if len(failures) == len(rows):
        raise typer.Exit(1)


def _check_modes(
    photos: list[str], sides: bool, every: bool, csv_file: Path | None, year: bool | None
) -> None:
    if sides and every:
        raise UsageError("--sides and --all exclude each other", hint="give one of them")
    if sides and len(photos) > 2:
        raise UsageError(
            f"--sides with {len(photos)} photos",
            hint="give two photos, or one with both sides in it",
        )
    if sides and year:
        raise UsageError(
            "--sides does not read the year", hint="ask about the photo with the date by itself"
        )
    if csv_file is not None and not every:
        raise UsageError("--csv lists the objects of a photo", hint="add --all")


def _called(opened: Catalogue) -> Callable[[str], str]:
    """What the table calls a catalogue picture: its file name, or, where several pictures bear
    that, with the folder that tells them apart."""
    sources = [Path(e[3]) for entries in opened.store.hashes().values() for e in entries]
    bare = Counter(path.name for path in sources)
    return lambda source: "/".join(Path(source).parts[-1 if bare[Path(source).name] < 2 else -2 :])


def _best(answer: Answer, called: Callable[[str], str]) -> dict[str, Any]:
    best = answer.best
    if best is None:
        raise CatalogueError("the catalogue is empty", hint="obverse add CATALOGUE PHOTOS/")
    return {
        "source": called(best.view.source),
        "item": best.item.id,
        "probability": round(best.probability, 5),
        "known": answer.known,
    }


def _photo_names(folder: Path) -> list[str]:
    """Photos right in the folder, by name: hidden files and other kinds of file are left out."""
    from obverse.photo import is_photo_name

    if not folder.is_dir():
        raise UsageError("is no folder", where=folder, hint="name a folder of query photos")
    names = sorted(p.name for p in folder.iterdir() if is_photo_name(p) and p.name[0] != ".")
    if not names:
        raise PhotoMissing("holds no photos", where=folder, hint="name a folder of query photos")
    return names
