"""The year on an object, read without a catalogue."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from obverse.cli.console import emit, write
from obverse.cli.options import (
    Draw,
    Json,
    MaxBytes,
    MaxMegapixels,
    OnePhoto,
    RegionNumber,
    make_limits,
)
from obverse.cli.places import check_picture
from obverse.cli.stages import load_photo, make_pipeline, pick
from obverse.errors import UsageError


def year(
    photo: OnePhoto,
    years: Annotated[
        str | None,
        typer.Option(metavar="YEARS", help="Possible years, e.g. 1948,1951-1953 (Gregorian)."),
    ] = None,
    calendar: Annotated[
        str, typer.Option(metavar="NAME", help="How years are counted, e.g. showa,heisei or hijri.")
    ] = "",
    turn: Annotated[
        float | None,
        typer.Option(
            min=-360, max=360, help="Degrees it lies turned left of upright; else any turn."
        ),
    ] = None,
    region: RegionNumber = None,
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Read the year on an object, without a catalogue."""
    from obverse.words import percent
    from obverse.year.calendars import dates_of

    check_picture(draw, [photo])
    if years is not None:
        _check_years(years)
    dates = dates_of({"years": years, "calendar": _check_calendar(calendar)})
    if not dates:
        raise UsageError(
            f"no date of {calendar or 'gregorian'} says one of the years {years}",
            hint="give Gregorian years of three digits or more",
        )
    pipeline = make_pipeline()
    loaded = load_photo(photo, make_limits(max_bytes, max_megapixels))
    where = pick(pipeline.find(loaded), region, photo)
    reading = pipeline.years.read(loaded, where, dates, turn).best
    if draw is not None:
        from obverse import canvas
        from obverse.draw_year import year as drawn

        canvas.save(drawn(loaded, where, reading), draw)
    if as_json:
        told = None if reading is None else reading.to_dict()
        emit({"photo": loaded.to_dict(), "region": where.to_dict(), "year": told})
    elif reading is None:
        write(f"{photo}: no year could be read")
    else:
        also = "" if reading.written == str(reading.year) else f", written {reading.written}"
        write(f"{photo}: {reading.year} ({percent(reading.probability)}){also}")


def _check_years(text: str) -> None:
    """Raises ``UsageError`` unless all of it is years and ranges of years that rise."""
    from obverse.year.calendars import LAST, numbers_in, range_end

    for part in text.split(","):
        ends = [end.strip() for end in re.split("[-–/]", part)]
        if len(ends) > 2 or not all(re.fullmatch("[0-9]{1,4}", end) for end in ends):
            raise UsageError(f"no year or years: {part!r}", hint="write years as 1948,1951-1953")
        if not numbers_in(part):
            raise UsageError(
                f"no year from 1 to {LAST}: {part.strip()}", hint="give Gregorian years"
            )
        if range_end(ends[0], ends[-1]) < int(ends[0]):
            raise UsageError(f"{part.strip()} ends before it begins", hint="give the first first")


def _check_calendar(names: str) -> str:
    """Calendars as the user named them. Raises ``UsageError`` for an unknown one."""
    from obverse.year.calendars import CALENDARS

    for name in filter(None, re.split(r"[,\s]+", names.lower())):
        if name not in CALENDARS:
            known = ", ".join(CALENDARS)
            raise UsageError(f"unknown calendar {name!r}", hint=f"choose from: {known}")
    return names
