"""Commands that look at photos by words, without training: they need obverse[zoo]."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer

from obverse.cli.console import emit, say, write
from obverse.cli.options import (
    Draw,
    Json,
    MaxBytes,
    MaxMegapixels,
    Photos,
    make_limits,
    target,
)
from obverse.cli.places import pictures_for
from obverse.errors import PhotoError, UsageError
from obverse.words import count

if TYPE_CHECKING:
    from obverse.photo import Limits
    from obverse.types import Photo, Region

Model = Annotated[
    str | None, typer.Option(metavar="NAME", help="A model's name, or the folder that holds it.")
]
Device = Annotated[
    str, typer.Option(metavar="auto|cpu|cuda|mps", help="auto: a GPU if there is one.")
]
Threshold = Annotated[float | None, typer.Option(min=0, max=1, help="Least score, 0 to 1.")]


def classify(
    photos: Photos,
    labels: Annotated[
        str, typer.Option(metavar="WORDS", help='Separated by commas: "obverse,reverse,banknote".')
    ],
    template: Annotated[
        str, typer.Option(metavar="TEXT", help="The sentence around a label.")
    ] = "a photo of a {}",
    model: Model = None,
    device: Device = "auto",
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Which of these labels suits a photo best.

    By CLIP, whose probabilities sum to one over the labels, or SigLIP, which gives each its own.
    The answer is always one of the labels: add one for what else there may be.
    """
    from obverse.zoo import text

    def run(batch: Sequence[Photo]) -> list[text.Classification]:
        return text.classify(
            batch,
            labels.split(","),
            template=template,
            model=model or text.CLASSIFIER,
            device=device,
        )

    told = Told(photos, make_limits(max_bytes, max_megapixels))
    for found in told.each(run):
        if not as_json:
            shares = (f"{label} {share:.3f}" for label, share in found.labels)
            write(f"{found.photo.source}: {', '.join(shares)}")
    told.end(as_json)


def detect(
    photos: Photos,
    prompt: Annotated[
        list[str], typer.Option(metavar="WORDS", help="What to look for; may be repeated.")
    ],
    threshold: Threshold = None,
    model: Model = None,
    device: Device = "auto",
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Where in a photo is what these words mean.

    Boxes with scores, by OWL-ViT, OWLv2 or Grounding DINO. With several photos, --draw names a
    folder and --json prints an array.
    """
    pictures = pictures_for(draw, photos)
    from obverse.zoo import text

    def run(batch: Sequence[Photo]) -> list[text.Detections]:
        return text.detect(
            batch, prompt, model=model or text.DETECTOR, threshold=threshold, device=device
        )

    told = Told(photos, make_limits(max_bytes, max_megapixels))
    for found in told.each(run):
        names, regions = [n for n, _ in found.objects], [r for _, r in found.objects]
        if not as_json:
            write(f"{found.photo.source}: {count(len(regions), 'object')}")
            _write_regions(names, regions)
        if found.photo.source in pictures:
            from obverse import draw as drawing

            picture = drawing.regions(found.photo, regions, names if len(prompt) > 1 else ())
            drawing.save(picture, pictures[found.photo.source])
    told.end(as_json)


def segment(
    photos: Photos,
    prompt: Annotated[str, typer.Option(metavar="WORDS", help="What to look for.")],
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=target,
            help="Write the mask as .png; a folder for several photos.",
        ),
    ] = None,
    threshold: Threshold = None,
    model: Model = None,
    device: Device = "auto",
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Which pixels of a photo these words mean.

    A mask and outlines, by CLIPSeg. The mask is white where the words fit, as large as the upright
    photo; --draw writes the photo with the mask upon it. With several photos both name folders, and
    --json prints an array.
    """
    if mask is not None and len(photos) == 1 and mask.suffix.lower() != ".png":
        raise UsageError("a mask is a .png file", where=mask, hint="name it mask.png")
    pictures, masks = pictures_for(draw, photos), pictures_for(mask, photos, ".png")
    from obverse.zoo import text

    def run(batch: Sequence[Photo]) -> list[text.Segmentation]:
        return text.segment(
            batch, prompt, model=model or text.SEGMENTER, threshold=threshold, device=device
        )

    told = Told(photos, make_limits(max_bytes, max_megapixels))
    for found in told.each(run):
        if not as_json:
            share = f"{100 * float(found.mask.mean()):.1f} % of the photo"
            write(f"{found.photo.source}: {count(len(found.objects), 'object')}, {share}")
            _write_regions([prompt] * len(found.objects), found.objects)
        if found.photo.source in masks:
            from obverse import canvas

            canvas.save(found.image(), masks[found.photo.source])
        if found.photo.source in pictures:
            from obverse import draw as drawing
            from obverse import draw_mask

            drawing.save(draw_mask.overlay(found), pictures[found.photo.source])
    told.end(as_json)


class Result(Protocol):
    """What a model said of a photo."""

    @property
    def photo(self) -> Photo: ...

    def to_dict(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=Result)


@dataclass
class Told:
    """What was said of each photo so far; a bad one is noted, and the others go on."""

    photos: list[str]
    limits: Limits
    results: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0

    def each(self, run: Callable[[Sequence[Photo]], list[R]]) -> Iterator[R]:
        """What ``run`` says of every photo that can be used, in their order, in batches."""
        from obverse.photo import load
        from obverse.zoo.text import BATCH, REDUCE_TO

        for start in range(0, len(self.photos), BATCH):
            batch: list[Photo | PhotoError] = []
            for path in self.photos[start : start + BATCH]:
                try:
                    batch.append(load(path, limits=self.limits, reduce_to=REDUCE_TO))
                except PhotoError as error:
                    batch.append(error)
            usable = [one for one in batch if not isinstance(one, PhotoError)]
            found = iter(run(usable) if usable else ())  # no model is loaded for nothing
            for one in batch:
                if isinstance(one, PhotoError):
                    say(str(one))
                    self.failed += 1
                    self.results.append(one.to_dict())
                else:
                    result = next(found)
                    self.results.append(result.to_dict())
                    yield result

    def end(self, as_json: bool) -> None:
        """The JSON, and exit code 1 if a photo could not be used."""
        if as_json:
            emit(self.results if len(self.photos) > 1 else self.results[0])
        if self.failed:
            if len(self.photos) > 1:
                say(f"{self.failed:,} of {count(len(self.photos), 'photo')} could not be used")
            raise typer.Exit(1)


def _write_regions(names: Sequence[str], regions: Sequence[Region]) -> None:
    from obverse.tray import numbers

    for number, name, region in zip(numbers(regions), names, regions, strict=True):
        write(
            f"  {number} {name} {region.score:.3f} at {', '.join(f'{v:.0f}' for v in region.box)}"
        )
