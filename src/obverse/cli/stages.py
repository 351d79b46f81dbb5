"""Each stage of the pipeline alone, with a picture of what it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obverse.cli.console import emit, say, write, write_table
from obverse.cli.options import (
    Draw,
    FinderName,
    Json,
    MaxBytes,
    MaxMegapixels,
    OnePhoto,
    RecipeName,
    RegionNumber,
    Top,
    Uri,
    make_limits,
    need_both,
    said,
)
from obverse.cli.places import check_picture
from obverse.errors import UsageError

if TYPE_CHECKING:
    from obverse import Catalogue
    from obverse.catalogue.store import Hits
    from obverse.photo import Limits
    from obverse.pipeline import Pipeline
    from obverse.types import Embedding, Patch, Photo, Region


def find(
    photo: OnePhoto,
    recipe: RecipeName = None,
    finder: FinderName = None,
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Where are the objects? Numbered in reading order."""
    from obverse import tray

    check_picture(draw, [photo])
    pipeline = make_pipeline(recipe, finder)
    loaded = load_photo(photo, make_limits(max_bytes, max_megapixels))
    regions = pipeline.find(loaded)
    warn_if_nothing(regions, photo)
    if draw is not None:
        from obverse import draw as drawing

        drawing.save(drawing.regions(loaded, regions), draw)
    if as_json:
        emit({"photo": loaded.to_dict(), "regions": tray.told(regions)})
        return
    rows = []
    for number, region in enumerate(tray.reading_order(regions), 1):
        mark = "asked about" if region is regions[0] and len(regions) > 1 else ""
        where = (f"{v:.0f}" for v in region.box)
        rows.append((number, region.score, *where, _ellipse(region), mark))
    write_table(("region", "score", "x0", "y0", "x1", "y1", "ellipse", ""), rows)


def normalise(
    photo: OnePhoto,
    recipe: RecipeName = None,
    region: RegionNumber = None,
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Undo tilt, take off the background, even the light."""
    check_picture(draw, [photo])
    done = _prepare(make_pipeline(recipe), photo, region, make_limits(max_bytes, max_megapixels))
    if draw is not None:
        from obverse import draw as drawing

        drawing.save(drawing.patch(done.patch), draw)
    if as_json:
        emit(done.to_dict())
        return
    size, polar = done.patch.image.shape, done.patch.polar.shape
    which = "" if region is None else f"region {region} as "
    write(f"{photo}: {which}a patch of {size[1]} x {size[0]} pixels,")
    write(f"  {polar[0]} rows of {polar[1]} pixels to the embedder")


def embed(
    photo: OnePhoto,
    recipe: RecipeName = None,
    region: RegionNumber = None,
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """A vector and a map: what the search sees of an object."""
    check_picture(draw, [photo])
    pipeline = make_pipeline(recipe)
    done = _prepare(pipeline, photo, region, make_limits(max_bytes, max_megapixels))
    embedding = pipeline.embed([done.patch])[0]
    if draw is not None:
        from obverse import draw as drawing

        drawing.save(drawing.embedding(done.patch, embedding), draw)
    if as_json:
        vector = [round(float(v), 6) for v in embedding.vector]
        emit({**done.to_dict(), "vector": vector, "map": embedding.map.tolist()})
        return
    shape = " x ".join(map(str, embedding.map.shape))
    write(f"{photo}: a vector of {len(embedding.vector)} numbers,")
    write(f"  a map of {shape} (channels, angles, radii)")


def search(
    catalogue: Uri,
    photo: Annotated[
        str | None,
        typer.Argument(metavar="[PHOTO]", parser=said, help="A picture file, or --text."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(metavar="WORDS", help="Instead of a photo, in a catalogue made with CLIP."),
    ] = None,
    region: RegionNumber = None,
    top: Top = 17,
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """The nearest views by vector, of a photo or of words.

    Nothing is verified yet. Words need a catalogue made with CLIP or SigLIP.
    """
    if (photo is None) == (text is None):
        raise UsageError("search takes a photo or --text", hint="give one of them")
    check_picture(draw, [photo] if photo else [])
    limits, words = make_limits(max_bytes, max_megapixels), "nearest by vector"
    if photo is not None:
        with _asked(catalogue, photo, region, limits) as asked:
            found = _nearest(asked.hits, top)
            _tell_found(asked.opened, asked.done, found, words, draw, as_json)
    else:
        from obverse import Catalogue

        with Catalogue(catalogue, create=False, limits=limits) as opened:
            hits = opened.store.search(opened.pipeline.embed_text(text or ""), top)
            _tell_found(opened, text or "", _nearest(hits, top), words, draw, as_json)


def verify(
    catalogue: Uri,
    photo: OnePhoto,
    region: RegionNumber = None,
    top: Top = 17,
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """The nearest views by how well they agree at the best turn."""
    check_picture(draw, [photo])
    with _asked(catalogue, photo, region, make_limits(max_bytes, max_megapixels)) as asked:
        hits = asked.hits
        scores, turns = asked.opened.pipeline.verify(asked.query, hits)
        order = sorted(range(len(hits.views)), key=lambda i: -float(scores[i]))[:top]
        found = [
            Found(
                hits.views[i],
                hits.items[i],
                float(hits.similarity[i]),
                float(scores[i]),
                float(turns[i]),
            )
            for i in order
        ]
        words = "best agreement, turned to lie alike"
        _tell_found(asked.opened, asked.done, found, words, draw, as_json)


@dataclass(frozen=True, slots=True)
class Found:
    """A view that came back; without score and turn where nothing was verified."""

    view: str
    item: str
    similarity: float
    score: float | None = None
    turn: float | None = None

    def to_dict(self) -> dict[str, Any]:
        data: dict[str, Any] = {"view": self.view, "item": self.item}
        data["similarity"] = round(self.similarity, 5)
        if self.score is not None and self.turn is not None:
            data |= {"score": round(self.score, 5), "turn": round(self.turn, 2)}
        return data


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A photo with one of its objects made canonical."""

    photo: Photo
    region: Region
    patch: Patch

    def to_dict(self) -> dict[str, Any]:
        return {
            "photo": self.photo.to_dict(),
            "region": self.region.to_dict(),
            "patch": {
                "size": list(self.patch.image.shape[:2]),
                "polar": list(self.patch.polar.shape[:2]),
                "matrix": [[round(float(v), 6) for v in row] for row in self.patch.matrix],
            },
        }


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """An object, and the views of a catalogue that are nearest to it."""

    opened: Catalogue
    done: Prepared
    query: Embedding
    hits: Hits


@contextmanager
def _asked(catalogue: str, photo: str, region: int | None, limits: Limits) -> Iterator[Asked]:
    """Open a catalogue and search it for an object of a photo."""
    need_both(catalogue, [photo])
    from obverse import Catalogue

    with Catalogue(catalogue, create=False, limits=limits) as opened:
        done = _prepare(opened.pipeline, photo, region, limits)
        query = opened.pipeline.embed_query(done.patch)
        yield Asked(opened, done, query, opened.pipeline.search(opened.store, query))


def _nearest(hits: Hits, top: int) -> list[Found]:
    rows = zip(hits.views[:top], hits.items[:top], hits.similarity[:top], strict=True)
    return [Found(view, item, float(similarity)) for view, item, similarity in rows]


def make_pipeline(recipe: str | None = None, finder: str | None = None) -> Pipeline:
    """The stages of a recipe, or of the default one, with its finder or the one named."""
    from obverse import recipes
    from obverse.pipeline import Pipeline

    return Pipeline(recipes.get(recipe or recipes.DEFAULT, finder=finder or ""))


def load_photo(photo: str, limits: Limits) -> Photo:
    """A photo as the pipeline wants it."""
    from obverse.photo import load
    from obverse.pipeline import REDUCE_TO

    return load(photo, limits=limits, reduce_to=REDUCE_TO)


def _prepare(pipeline: Pipeline, photo: str, number: int | None, limits: Limits) -> Prepared:
    loaded = load_photo(photo, limits)
    regions = pipeline.find(loaded)
    warn_if_nothing(regions, photo)
    region = pick(regions, number, photo)
    return Prepared(loaded, region, pipeline.normalise(loaded, region))


def warn_if_nothing(regions: list[Region], photo: str) -> None:
    """Say that the whole picture stands in for an object where none was found."""
    if any(region.whole for region in regions):
        say(f"{photo}: nothing found, so the whole picture is taken; see: obverse quality {photo}")


def pick(regions: list[Region], number: int | None, photo: str) -> Region:
    """The object of that number in reading order, from 1; without one the first that the finder
    gave. Raises ``UsageError`` if there are not so many."""
    from obverse.tray import reading_order

    if number is None:
        return regions[0]
    if number > len(regions):
        raise UsageError(
            f"there is no region {number}, {len(regions)} were found",
            where=photo,
            hint="see them with: obverse find PHOTO --draw PICTURE",
        )
    return reading_order(regions)[number - 1]


def _ellipse(region: Region) -> str:
    if region.whole:
        return "nothing found: the whole picture"
    if region.ellipse is None:
        return ""
    e = region.ellipse
    return f"centre {e.cx:.0f},{e.cy:.0f}  axes {e.a:.0f},{e.b:.0f}  at {e.angle:.0f}°"


def _tell_found(
    opened: Catalogue,
    done: Prepared | str,
    found: list[Found],
    words: str,
    draw: Path | None,
    as_json: bool,
) -> None:
    items = {item.id: item for item in opened.store.items(sorted({f.item for f in found}))}
    views = {view.id: view for view in opened.store.views([f.view for f in found])}
    # Another process may have removed one since the search.
    found = [f for f in found if f.item in items and f.view in views]
    if draw is not None:
        from obverse import canvas
        from obverse import draw as drawing

        cards = []
        for f in found:
            pixels = canvas.turned(canvas.decode(views[f.view].thumbnail), f.turn or 0.0)
            share = f.similarity if f.score is None else f.score
            title = items[f.item].name
            cards.append(drawing.Card(pixels, title, f"{share:.3f}", max(share, 0.0)))
        if isinstance(done, str):
            is_disc = opened.pipeline.recipe.geometry == "disc"
            drawing.save(drawing.contact(cards, f"“{done}”: {words}", is_disc), draw)
        else:
            drawing.save(drawing.shortlist(done.patch, cards, words), draw)
    if as_json:
        results = [
            {**f.to_dict(), "title": items[f.item].title, "side": views[f.view].side} for f in found
        ]
        asked = (
            {"text": done}
            if isinstance(done, str)
            else {"photo": done.photo.to_dict(), "region": done.region.to_dict()}
        )
        emit({**asked, "found": results})
        return
    from obverse.words import turned

    verified = any(f.score is not None for f in found)
    head = ("", "similarity", *(("score", "turn") if verified else ()), "item", "side", "title")
    rows = []
    for number, f in enumerate(found, 1):
        view, item = views[f.view], items[f.item]
        proof = (f.score or 0.0, turned((f.turn or 0.0) - view.upright)) if verified else ()
        rows.append((number, f.similarity, *proof, item.id, view.side, item.title))
    write_table(head, rows)
