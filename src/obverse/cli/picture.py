"""Commands about a photo itself: is it good enough, and the object without its background."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from obverse.cli.console import emit, leave_if_failed, say, write
from obverse.cli.options import (
    Json,
    MaxBytes,
    MaxMegapixels,
    OnePhoto,
    Photos,
    RegionNumber,
    make_limits,
    target,
)
from obverse.cli.places import check_folder, check_picture
from obverse.cli.stages import load_photo, make_pipeline, pick
from obverse.errors import PhotoError, UsageError

TRANSPARENT = (".png", ".webp")
COLOURS = {"white": (255, 255, 255), "black": (0, 0, 0)}


def quality(
    photos: Photos,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Is a photo good enough, and what to do if it is not.

    Blur, glare, a rim cut off or covered, too small, oblique, dark or bright: each measured, with
    the limit past which answers begin to go wrong. For round things.
    """
    from obverse import quality as measures

    pipeline, limits = make_pipeline("coin"), make_limits(max_bytes, max_megapixels)
    results: list[dict[str, Any]] = []
    failed = 0
    for photo in photos:
        try:
            loaded = load_photo(photo, limits)
            patch = pipeline.look(loaded)
        except PhotoError as error:
            failed += 1
            say(str(error))
            results.append(error.to_dict())
            continue
        measured = measures.measure(loaded, patch)
        issues = measures.judge(measured, measures.limits().values)
        results.append({
            "photo": loaded.to_dict(),
            "region": patch.region.to_dict(),
            "measured": {k: round(v, 4) for k, v in measures.by_what(measured).items()},
            "quality": [issue.to_dict() for issue in issues],
        })  # fmt: skip
        if not as_json:
            write(f"{photo}: {', '.join(issue.name for issue in issues) or 'good'}")
            for issue in issues:
                write(f"  {issue.advice}")
                write(f"  ({issue.unit}: {issue.measured:.3g}, limit {issue.limit:.3g})")
    if as_json:
        emit(results if len(photos) > 1 else results[0])
    leave_if_failed(failed, len(photos))


def cutout(
    photo: OnePhoto,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", parser=target, help="A .png or .webp file; a folder with --all."
        ),
    ],
    level: Annotated[bool, typer.Option("--level", help="Undo the tilt too.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every object, as PNG files in the folder OUT.")
    ] = False,
    background: Annotated[
        str, typer.Option(metavar="COLOUR", help="Instead of none: white, black or #rrggbb.")
    ] = "",
    region: RegionNumber = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """A round object without its background, full size.

    The rim is traced anew at full size; a hole in the middle goes too where it shows the same plain
    ground as lies beside the object.
    """
    colour = parse_colour(background)
    _check_out(out, photo, every, colour is not None)
    from obverse import canvas, cutout, tray
    from obverse.photo import load

    loaded = load(photo, limits=make_limits(max_bytes, max_megapixels))
    regions = make_pipeline("coin").find(loaded)
    if every:
        regions = tray.reading_order(regions)
        jobs = [(r, out / f"{Path(photo).stem}-{n}.png") for n, r in enumerate(regions, 1)]
        for _, path in jobs:
            if path.exists():
                raise UsageError("is there already", where=path, hint="choose another folder")
        out.mkdir(parents=True, exist_ok=True)
    else:
        jobs = [(pick(regions, region, photo), out)]
    written: list[dict[str, Any]] = []
    for one, path in jobs:
        picture = cutout.cut(loaded, one, level=level)
        canvas.save(picture if colour is None else cutout.lay_on(picture, colour), path)
        h, w = picture.shape[:2]
        written.append({"file": str(path), "width": w, "height": h, "region": one.to_dict()})
        if not as_json:
            write(f"{path}: {w} x {h} pixels")
    if as_json:
        emit({"photo": loaded.to_dict(), "cutouts": written})


def parse_colour(text: str) -> tuple[int, int, int] | None:
    """``white``, ``black`` or ``#rrggbb`` as RGB; None for nothing."""
    if not text:
        return None
    if text.lower() in COLOURS:
        return COLOURS[text.lower()]
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise UsageError(f"{text!r} is no colour", hint="write white, black or #rrggbb")
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def _check_out(out: Path, photo: str, every: bool, has_background: bool) -> None:
    """Refuse a place that could not be written to before the work is done, not after."""
    if every:
        from obverse.canvas import FORMATS

        check_folder(out)
        if out.suffix.lower() in FORMATS and not out.is_dir():
            raise UsageError("is named as a picture", where=out, hint="--all writes into a folder")
        return
    if out.is_dir():
        raise UsageError("is a folder", where=out, hint="name a .png file, or add --all")
    check_picture(out, [photo])
    if not has_background and out.suffix.lower() not in TRANSPARENT:
        raise UsageError(
            f"a {out.suffix} picture cannot be transparent",
            where=out,
            hint="name a .png or .webp file, or add --background white",
        )
