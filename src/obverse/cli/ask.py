"""Commands that ask: what is in these photos?"""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obverse.cli.console import count, emit, say, show_progress, write, write_table
from obverse.cli.options import (
    Draw,
    Json,
    MaxBytes,
    MaxMegapixels,
    Photos,
    Top,
    Uri,
    keep_photos,
    make_limits,
)
from obverse.errors import CatalogueError, PhotoError, UsageError

if TYPE_CHECKING:
    from obverse.types import Answer


def identify(
    catalogue: Uri,
    photos: Photos,
    draw: Draw = None,
    top: Top = 5,
    year: Annotated[
        bool | None,
        typer.Option(
            "--year/--no-year",
            help="Read the year too. Without: only where items differ by their year alone.",
        ),
    ] = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Which item is in a photo, how surely, and why.

    With several photos, --draw names a folder and --json prints an array, one element per photo
    in the order given; a photo that cannot be used becomes an element with the key "error".
    """
    from obverse import Catalogue

    pictures = _pictures(draw, photos)
    keep_photos(pictures.values(), photos)
    results: list[dict[str, Any]] = []
    failed = 0
    with Catalogue(
        catalogue, create=False, limits=make_limits(max_bytes, max_megapixels)
    ) as opened:
        for photo in photos:
            try:
                answer = opened.identify(photo, top=top, year=year)
            except PhotoError as error:
                failed += 1
                say(str(error))
                results.append(error.to_dict())
                continue
            results.append(answer.to_dict())
            if not as_json:
                write(describe(answer))
                if answer.candidates:
                    _write_candidates(answer)
            if photo in pictures:
                from obverse import draw as drawing

                drawing.save(drawing.answer(answer), pictures[photo])
    if as_json:
        emit(results if len(photos) > 1 else results[0])
    if failed:
        if len(photos) > 1:
            say(f"{failed:,} of {count(len(photos), 'photo')} could not be used")
        raise typer.Exit(1)


def match(
    catalogue: Uri,
    queries: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of query photos.")],
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write the table there, not on stdout."),
    ] = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """The best catalogue picture for each photo of a folder.

    The table has the columns source (file name of the catalogue picture) and query (that of the
    photo). Every photo gets a row; where one cannot be used, source is empty and the reason is on
    stderr.
    """
    from obverse import Catalogue

    names = _photo_names(queries)
    if csv_file is not None and not csv_file.parent.is_dir():
        raise UsageError("no such folder", where=csv_file.parent, hint="make it first")
    rows: list[dict[str, Any]] = []
    failures: list[str] = []
    with (
        Catalogue(catalogue, create=False, limits=make_limits(max_bytes, max_megapixels)) as opened,
        show_progress() as progress,
    ):
        for done, name in enumerate(names, 1):
            row: dict[str, Any] = {"source": "", "query": name}
            try:
                row |= _best(opened.identify(queries / name, top=1))
            except PhotoError as error:
                failures.append(str(error))
                row |= {"error": type(error).__name__, "what": error.what}
            rows.append(row)
            progress(done, len(names), "matching")
    for line in failures:
        say(line)
    text = _to_csv(rows)
    if csv_file is not None:
        # A file name that is no Unicode is written with escapes, as on stdout.
        csv_file.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
        say(f"{csv_file}: {count(len(rows), 'query')}, {len(failures):,} failed")
    elif failures:
        say(f"{len(failures):,} of {count(len(rows), 'query')} failed")
    if as_json:
        emit(rows)
    elif csv_file is None:
        sys.stdout.write(text)
    if len(failures) == len(rows):
        raise typer.Exit(1)


def describe(answer: Answer) -> str:
    """The answer in one line."""
    from obverse.words import percent

    best, source = answer.best, answer.photo.source
    if best is None:
        return f"{source}: not recognised; the catalogue is empty"
    sure = percent(best.probability)
    if answer.known:
        date = f", {answer.year.year}" if answer.year else ""
        return f"{source}: {best.item.name}{date} ({sure})"
    return f"{source}: not recognised; closest: {best.item.name} ({sure})"


def _write_candidates(answer: Answer) -> None:
    from obverse.words import percent

    rows = [
        (
            rank,
            percent(c.probability),
            c.score,
            f"{c.evidence.turn:.0f}°",
            c.item.id,
            c.item.title,
            c.view.side,
        )
        for rank, c in enumerate(answer.candidates, 1)
    ]
    write_table(("", "sure", "score", "turn", "item", "title", "side"), rows)


def _best(answer: Answer) -> dict[str, Any]:
    best = answer.best
    if best is None:
        raise CatalogueError("the catalogue is empty", hint="obverse add CATALOGUE PHOTOS/")
    return {
        "source": Path(best.view.source).name,
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
        raise UsageError("holds no photos", where=folder)
    return names


def _to_csv(rows: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(("source", "query"))
    table.writerows((row["source"], row["query"]) for row in rows)
    return stream.getvalue()


def _pictures(draw: Path | None, photos: list[str]) -> dict[str, Path]:
    """Where each photo's picture goes: the file named, or one each in the folder named."""
    if draw is None:
        return {}
    from obverse.canvas import FORMATS, check_format

    if len(photos) == 1 and not draw.is_dir():
        check_format(draw)
        return {photos[0]: draw}
    if draw.suffix.lower() in FORMATS:
        raise UsageError(
            "one picture cannot show several photos", where=draw, hint="name a folder with --draw"
        )
    draw.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Path] = {}
    for photo in photos:
        name, number = f"{Path(photo).stem}.jpg", 2
        while draw / name in pictures.values():
            name, number = f"{Path(photo).stem}-{number}.jpg", number + 1
        pictures[photo] = draw / name
    return pictures
