"""What a catalogue holds: items, and the views of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from obverse.types.picture import Embedding

Side = Literal["obverse", "reverse", "edge", "other"]
SIDES: tuple[Side, ...] = ("obverse", "reverse", "edge", "other")

Progress = Callable[[int, int, str], None]
"""Called as ``progress(done, total, text)``; ``total`` is 0 while unknown."""


@dataclass(frozen=True, slots=True)
class Item:
    """What the user wants named. ``attributes`` are JSON values: country, year_from, price …"""

    id: str
    title: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The title, or the id where there is none."""
        return self.title or self.id

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, "title": self.title, "attributes": dict(self.attributes)}


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One photographed side of an item in a catalogue.

    Attributes:
        id: stable id made from ``sha256`` and ``item``.
        item: id of the item it shows.
        side: obverse, reverse, edge, other; empty where nobody said.
        sha256: content hash of the encoded picture.
        source: the path it was added from, for people.
        region: ``Region.to_dict()`` of the object in the source picture; and ``upright``.
        thumbnail: the upright patch as JPEG bytes.
        embedding: vector and map; None where a query did not ask for them.
        added: UTC time as ISO 8601.
    """

    id: str
    item: str
    side: str
    sha256: str
    source: str
    region: Mapping[str, Any] = field(repr=False)
    thumbnail: bytes = field(repr=False)
    embedding: Embedding | None
    added: str

    @property
    def upright(self) -> float:
        """Degrees counter-clockwise by which the thumbnail must be turned to stand upright."""
        return float(self.region.get("upright", 0.0))

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "item": self.item,
            "side": self.side,
            "sha256": self.sha256,
            "source": self.source,
            "region": dict(self.region),
            "added": self.added,
        }
