"""Options and arguments that several commands share, each written once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from obverse.cli.console import MODE, set_json
from obverse.errors import PhotoMissing

if TYPE_CHECKING:
    from obverse.photo import Limits


def said(value: str) -> str:
    """An argument that says something: an empty one is a variable that was never set, and as a path
    it would mean the current folder."""
    if not value:
        raise typer.BadParameter("it is empty")
    return value


def source(value: str) -> Path:
    """A path to read from."""
    return Path(said(value))


def target(value: str) -> Path:
    """A path to write to."""
    MODE.writes = True
    return Path(said(value))


Uri = Annotated[
    str,
    typer.Argument(metavar="CATALOGUE", parser=said, help="The catalogue, e.g. coins.obv."),
]
OnePhoto = Annotated[str, typer.Argument(metavar="PHOTO", parser=said, help="A picture file.")]
Photos = Annotated[list[str], typer.Argument(metavar="PHOTO", parser=said, help="Picture files.")]
Json = Annotated[
    bool,
    typer.Option("--json", callback=set_json, is_eager=True, help="Print JSON on stdout."),
]
Draw = Annotated[
    Path | None,
    typer.Option(
        metavar="PICTURE",
        parser=target,
        help="Write a picture of what was done (.jpg, .png, .webp).",
    ),
]
Top = Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")]
RecipeName = Annotated[
    str | None, typer.Option("--recipe", metavar="NAME", help="coin (the default), disc or flat.")
]
EmbedderName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="A descriptor (see obverse zoo), or a trained model's card (.json)."
    ),
]
PostChain = Annotated[
    str | None, typer.Option(metavar="CHAIN", help="What is done to vectors: pca-whiten:128,qe:3.")
]
VerifierName = Annotated[
    str | None, typer.Option(metavar="NAME", help="polar, texture, local, vector or deep:MODEL.")
]
FinderName = Annotated[
    str | None,
    typer.Option(
        "--finder", metavar="NAME", help="Instead of the recipe's: unet, owlvit:coin, clipseg:coin…"
    ),
]
RegionNumber = Annotated[
    int | None,
    typer.Option(
        "--region",
        min=1,
        help="Which object of the photo, as find numbers them; else the largest and best.",
    ),
]
MaxWrong = Annotated[
    float | None,
    typer.Option(
        min=0.0, max=1.0, help="Share of wrong answers put up with; the fewer, the more unknown."
    ),
]
MaxBytes = Annotated[int | None, typer.Option(min=1, help="Largest picture file taken, in bytes.")]
MaxMegapixels = Annotated[
    float | None, typer.Option(min=0.001, help="Largest picture taken, in megapixels.")
]


def make_limits(max_bytes: int | None, max_megapixels: float | None) -> Limits:
    """The package's limits, with what the user raised or lowered."""
    from obverse.photo import Limits

    default = Limits()
    return Limits(
        bytes=default.bytes if max_bytes is None else max_bytes,
        megapixels=default.megapixels if max_megapixels is None else max_megapixels,
    )


def need_both(catalogue: str, photos: Iterable[str]) -> None:
    """Refuse a catalogue or photos that are not there before anything slow is loaded.

    Raises ``CatalogueMissing`` and as ``folder.read_manifest`` does, or ``PhotoMissing``.
    """
    from obverse.catalogue.folder import read_manifest

    read_manifest(catalogue)
    for photo in photos:
        if not Path(photo).exists():
            raise PhotoMissing("no such file", where=photo, hint="check the path")
