"""Commands that find what a catalogue holds twice, and put it together."""

from __future__ import annotations

from typing import Annotated

import typer

from obverse.cli.console import MODE, emit, say, show_progress, write, write_table
from obverse.cli.manage import sides
from obverse.cli.options import Json, Uri, said
from obverse.words import count


def duplicates(catalogue: Uri, as_json: Json = False) -> None:
    """Which items are there twice.

    They are alike on every side that one of them has, each to every other of its group. Every view
    is asked against all others: some minutes for ten thousand. merge puts a group together.
    """
    from obverse import Catalogue
    from obverse.words import percent

    MODE.goes_on = "the same command begins again"
    with Catalogue(catalogue, create=False) as opened, show_progress() as progress:
        groups = opened.duplicates(progress=progress)
    if as_json:
        emit([group.to_dict() for group in groups])
        return
    if not groups:
        write(f"{catalogue}: no item is there twice")
        return
    rows = []
    for number, group in enumerate(groups, 1):
        shown: dict[tuple[str, str], list[str]] = {}
        for view in group.views:
            shown.setdefault((view.item, view.title), []).append(view.side)
        for (item, title), seen in shown.items():
            rows.append((number, item, title, ", ".join(sides(seen)), percent(group.probability)))
    write_table(("group", "item", "title", "alike", "probability"), rows)


def merge(
    catalogue: Uri,
    item: Annotated[
        str, typer.Argument(metavar="ITEM", parser=said, help="Id of the item that stays.")
    ],
    others: Annotated[
        list[str],
        typer.Argument(metavar="OTHER", parser=said, help="Ids of items whose views it gets."),
    ],
    as_json: Json = False,
) -> None:
    """Put the views of other items under one.

    Attributes that only they have come along; where both have one, that of ITEM stays, and it is
    said.
    """
    from obverse import Catalogue
    from obverse.catalogue.adding import dispute

    with Catalogue(catalogue, create=False, any_model=True) as opened:
        stays = opened.item(item)
        lost = {one.id: dispute(stays, one) for one in map(opened.item, others)}
        opened.merge(item, others)
        for other, what in lost.items():
            if what:
                say(f"{item} keeps its own where {other} differs: {what}")
        gone, views = len(set(others)), len(opened.views(item))
    if as_json:
        emit({"item": item, "merged": gone, "views": views})
    else:
        held = count(views, "view")
        write(f"{catalogue}: {count(gone, 'item')} merged into {item}, which has {held} now")
