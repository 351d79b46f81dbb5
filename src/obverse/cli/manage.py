"""Commands that fill, look into and change a catalogue."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obverse.cli.console import emit, say, show_progress, write, write_table
from obverse.cli.options import (
    Draw,
    EmbedderName,
    FinderName,
    Json,
    MaxBytes,
    MaxMegapixels,
    PostChain,
    RecipeName,
    Uri,
    VerifierName,
    make_limits,
    said,
    target,
)
from obverse.cli.places import check_folder, check_picture
from obverse.errors import UsageError
from obverse.words import count

if TYPE_CHECKING:
    from obverse import Catalogue
    from obverse.types import Item, View


def add(
    catalogue: Uri,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", parser=said, help="Folders, catalogue.csv files, or photos."
        ),
    ],
    item: Annotated[
        str | None, typer.Option(metavar="TEXT", parser=said, help="Item that the photos show.")
    ] = None,
    side: Annotated[str, typer.Option(help="obverse, reverse, edge or other.")] = "",
    title: Annotated[str, typer.Option(help="The item's title.")] = "",
    attr: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="An attribute; may be repeated.")
    ] = None,
    recipe: RecipeName = None,
    embedder: EmbedderName = None,
    post: PostChain = None,
    verifier: VerifierName = None,
    finder: FinderName = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """Add photos to a catalogue, made where there is none.

    A SOURCE is a folder (a sub-folder per item, or files named item_obverse.jpg), a CSV file with
    the columns photo, item, side, title and any attribute, or a photo. What is there already is
    skipped; a photo that cannot be used is listed and the others go on.
    """
    from obverse import Catalogue
    from obverse.catalogue import importers
    from obverse.catalogue.folder import exists, is_ours
    from obverse.catalogue.sides import check_side

    attributes, side = parse_attributes(attr or []), check_side(side)
    for source in sources:
        if not Path(source).exists():
            raise UsageError("no such file or folder", where=source, hint="check the path")
        if is_ours(source):
            raise UsageError(
                "is a catalogue",
                where=source,
                hint=f"write it out first: obverse export {source} FOLDER",
            )
        if Path(source).suffix.lower() in importers.TABLES and not Path(source).is_dir():
            if item is not None or side or title or attributes:
                raise UsageError(
                    "a table says by itself what its photos show",
                    where=source,
                    hint="leave out --item, --side, --title and --attr",
                )
            importers.read(source)  # before a catalogue is made for nothing
    limits, is_new = make_limits(max_bytes, max_megapixels), not Path(catalogue).exists()
    with (
        Catalogue(
            catalogue,
            recipe=recipe,
            embedder=embedder,
            post=post,
            verifier=verifier,
            finder=finder,
            limits=limits,
        ) as opened,
        _dropped_if_empty(opened) if is_new else nullcontext(),
        show_progress() as progress,
    ):
        report = opened.add(
            sources,
            item=item,
            side=side,
            title=title,
            attributes=attributes or None,
            progress=progress,
        )
        total = {**report.to_dict(), "views": opened.store.stats().views}
    for note in total["notes"]:
        say(note)
    report_failures(total["failed"])
    nothing = not any(total[key] for key in ("added", "skipped", "moved", "sides"))
    if as_json:
        emit({"catalogue": catalogue, **total})
    elif not exists(catalogue):
        write(f"{catalogue}: nothing added, so no catalogue was made")
    else:
        parts = [f"{total['added']:,} added"]
        parts += [f"{total['skipped']:,} already there"] if total["skipped"] else []
        parts += [f"{total['moved']:,} renamed"] if total["moved"] else []
        parts += [f"{total['sides']:,} of another side now"] if total["sides"] else []
        parts += [f"{len(total['failed']):,} failed"] if total["failed"] else []
        parts += [f"{total['ignored']:,} passed over"] if total["ignored"] else []
        holds = f"{count(total['views'], 'view')} of {count(total['items'], 'item')}"
        write(f"{catalogue}: {', '.join(parts)}; it holds {holds}")
    if nothing:
        if not total["failed"]:
            named = ", ".join(sources)
            say(f"{named}: no photos there; see obverse add --help for how a folder is read")
        raise typer.Exit(1)


@contextmanager
def _dropped_if_empty(catalogue: Catalogue) -> Iterator[None]:
    """A catalogue made here for nothing goes again, whatever stopped it from being filled, or from
    being made: it would hold the user to the recipe of a typing error."""
    from obverse.catalogue.folder import drop_unmade, exists
    from obverse.catalogue.lance import LanceStore

    try:
        yield
    finally:
        if catalogue.is_new and exists(catalogue.uri):
            LanceStore.open(catalogue.uri).unmake()
        if not exists(catalogue.uri):
            drop_unmade(Path(catalogue.uri))


def info(catalogue: Uri, as_json: Json = False) -> None:
    """What a catalogue holds and what it was made with."""
    from obverse import Catalogue

    with Catalogue(catalogue, create=False, any_model=True) as opened:
        facts = opened.info()
    if as_json:
        emit(facts)
        return
    write_facts(facts)


def list_items(catalogue: Uri, as_json: Json = False) -> None:
    """All items with the number of their views, by title."""
    from obverse import Catalogue
    from obverse.catalogue.importers import natural_key

    with Catalogue(catalogue, create=False, any_model=True) as opened:
        items, stored = opened.items(), opened.store.hashes()
    items.sort(key=lambda item: (natural_key(item.name), item.id))  # as a served catalogue does
    seen: dict[str, list[str]] = {item.id: [] for item in items}
    for _, item, side, _ in (entry for entries in stored.values() for entry in entries):
        seen.setdefault(item, []).append(side)
    rows = [
        {**item.to_dict(), "views": len(seen[item.id]), "sides": sides(seen[item.id])}
        for item in items
    ]
    if as_json:
        emit(rows)
        return
    head = ("item", "title", "views", "sides")
    write_table(head, ((r["id"], r["title"], r["views"], ", ".join(r["sides"])) for r in rows))


def show(
    catalogue: Uri,
    item: Annotated[str, typer.Argument(metavar="ITEM", parser=said, help="An item's id.")],
    draw: Draw = None,
    as_json: Json = False,
) -> None:
    """One item: its attributes and its views."""
    from obverse import Catalogue

    check_picture(draw)
    with Catalogue(catalogue, create=False, any_model=True) as opened:
        found, views = opened.item(item), opened.views(item)
        recipe = opened.store.manifest.recipe
    views.sort(key=lambda view: (side_order(view.side), view.source))
    if draw is not None:
        _draw_item(found, views, recipe, draw)
    if as_json:
        emit({**found.to_dict(), "views": [view.to_dict() for view in views]})
        return
    own = {"item": found.id, "title": found.title}
    others = {f"attribute {k}" if k in own else k: v for k, v in found.attributes.items()}
    write_facts(own | others)
    write()
    rows = ((view.id, view.side, view.source, view.added) for view in views)
    write_table(("view", "side", "source", "added"), rows)


def remove(
    catalogue: Uri,
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID", parser=said, help="Ids of items (with all views) or views."),
    ],
    as_json: Json = False,
) -> None:
    """Remove items or single views."""
    from obverse import Catalogue

    with Catalogue(catalogue, create=False, any_model=True) as opened:
        removed = opened.remove(ids)
        stats = opened.store.stats()
    if as_json:
        emit({"removed": removed, "items": stats.items, "views": stats.views})
    else:
        write(f"{catalogue}: {count(removed, 'view')} removed, {stats.views:,} left")


def export(
    catalogue: Uri,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", parser=target, help="Where to write; made new.")
    ],
    as_json: Json = False,
) -> None:
    """Write a folder of pictures and a table, which add takes back."""
    check_folder(folder)
    from obverse import Catalogue

    with Catalogue(catalogue, create=False, any_model=True) as opened:
        table = opened.export(folder)
        stats = opened.store.stats()
    if as_json:
        emit({"table": str(table), "items": stats.items, "views": stats.views})
    else:
        write(f"{table}: {count(stats.views, 'view')} of {count(stats.items, 'item')}")


def level(
    catalogue: Uri,
    item: Annotated[
        str | None,
        typer.Argument(metavar="[ITEM]", parser=said, help="An item's id; all items if left out."),
    ] = None,
    turn: Annotated[
        float | None,
        typer.Option(metavar="DEGREES", help="How far its first picture must be turned left."),
    ] = None,
    side: Annotated[str | None, typer.Option(help="Only this side of the item.")] = None,
    view: Annotated[
        str | None,
        typer.Option(metavar="ID", parser=said, help="Turn this view alone, instead of an item."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which way is up; answers and pictures are shown so.

    A new view is levelled to those of the same side by itself. This sets the turn of the first
    one by hand, and the others follow; without --turn they are levelled to it anew.
    """
    from obverse import Catalogue

    with Catalogue(catalogue, create=False, any_model=True) as opened:
        report = opened.level(item, side=side, view=view, turn=turn)
    if as_json:
        emit(report.to_dict())
        return
    write(f"{catalogue}: {count(report.turned, 'view')} turned")
    if report.unsure:
        say(f"too unlike the first to tell: {', '.join(report.unsure)}; turn them with --view")


def parse_attributes(pairs: list[str]) -> dict[str, Any]:
    """``KEY=VALUE`` pairs; a value that is a JSON number, true, false or null is taken as that."""
    attributes: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{pair!r} is no attribute", hint="write --attr KEY=VALUE")
        if key.strip() in attributes:
            raise UsageError(f"the attribute {key.strip()!r} twice", hint="give it one value")
        attributes[key.strip()] = _plain(text)
    return attributes


def _plain(text: str) -> Any:
    """A number, true, false or null as JSON has them; all else is words."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, float):
        return value if math.isfinite(value) else text
    return value if value is None or isinstance(value, int) else text


def report_failures(failures: list[dict[str, Any]]) -> None:
    """One line on stderr for each photo that could not be used, then their number."""
    for failure in failures:
        source, what = failure["source"], failure["what"]
        say(what if source in what else f"{source}: {what}")
    if failures:
        say(f"{count(len(failures), 'photo')} could not be used")


def sides(shown: list[str]) -> list[str]:
    """The sides shown, in the usual order."""
    return sorted({side for side in shown if side}, key=side_order)


def side_order(side: str) -> int:
    """Obverse first; a view of no known side last."""
    from obverse.types import SIDES

    order = [str(known) for known in SIDES]
    return order.index(side) if side in order else len(order)


def write_facts(facts: dict[str, Any]) -> None:
    """``name  value`` lines; nested ones are indented by their name."""
    flat: dict[str, object] = {}
    for key, value in facts.items():
        if isinstance(value, dict):
            flat |= {f"{key} {inner}": v for inner, v in value.items()}
        else:
            flat[key] = ", ".join(map(_told, value)) if isinstance(value, list) else value
    width = max((len(key) for key in flat), default=0)
    for key, value in flat.items():
        write(f"{key.replace('_', ' '):{width}}  {_told(value)}".rstrip())


def _told(value: object) -> str:
    """Words as they are, anything else as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _draw_item(item: Item, views: list[View], recipe: str, path: Path) -> None:
    from obverse import canvas, draw, recipes

    cards = [draw.Card(canvas.upright(v), v.side or "view", Path(v.source).name) for v in views]
    is_disc = recipes.get(recipe).geometry == "disc"
    canvas.save(draw.contact(cards, item.name, is_disc), path)
