"""What to call items that are shown together, so that each can be told from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from obverse.words import years

if TYPE_CHECKING:
    from obverse.types import Answer, Item, Tray


def of(answer: Answer) -> dict[str, str]:
    """The names of all items of an answer, and of the answers to each side alone, by id."""
    return apart(c.item for one in (answer, *answer.sides) for c in one.candidates)


def of_tray(tray: Tray) -> dict[str, str]:
    """The names of the items that the objects of a photo are taken for, by id."""
    return apart(answer.best.item for answer in tray.answers if answer.best is not None)


def apart(items: Iterable[Item]) -> dict[str, str]:
    """A name for each item, by its id: the title; where several share it, with year and mint mark
    as the catalogue says them; with the id where these are the same, too."""
    found = {item.id: item for item in items}
    names = {id: item.name for id, item in found.items()}
    for longer in (_dated, _identified, _identified):  # a title may end in another's id
        shared = Counter(names.values())
        names = {
            id: longer(name, found[id]) if shared[name] > 1 else name for id, name in names.items()
        }
    return names


def _dated(name: str, item: Item) -> str:
    """``Cent 1997 D``; what the name says by itself is not said again."""
    from obverse.year.mark import marks_of

    marks = ", ".join(filter(None, marks_of(item.attributes)))
    said = (part for part in (years(item.attributes), marks) if part not in name.split())
    return " ".join(filter(None, (name, *said)))


def _identified(name: str, item: Item) -> str:
    return f"{name} ({item.id})"
