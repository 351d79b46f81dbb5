"""The words of the pipeline, as frozen dataclasses.

photo -> region -> patch -> embedding -> candidate (with evidence) -> answer.
Stages know only these types and their own job. Coordinates are pixels of the upright photo at its
full size, x to the right, y down, unless a docstring says otherwise. Angles are degrees; a positive
turn is counter-clockwise as seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
U8 = NDArray[np.uint8]
I8 = NDArray[np.int8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

Side = Literal["obverse", "reverse", "edge", "other"]
SIDES: tuple[Side, ...] = ("obverse", "reverse", "edge", "other")

Progress = Callable[[int, int, str], None]
"""Called as ``progress(done, total, text)``; ``total`` is 0 while unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A picture as it came in, decoded upright.

    Attributes:
        pixels: uint8 (h, w, 3), RGB. May be decoded at a reduced size, see ``scale``.
        width, height: the full upright size in pixels.
        sha256: hex digest of the encoded bytes (of the pixels, for an array).
        source: where it came from, for messages: a path, or ``<bytes>``, ``<array>``.
    """

    pixels: U8
    width: int
    height: int
    sha256: str
    source: str

    @property
    def scale(self) -> float:
        """Decoded pixels per full-size pixel: 1.0, or 0.5, 0.25 … for a reduced decode."""
        return float(self.pixels.shape[1] / self.width)

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "width": self.width,
            "height": self.height,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse: centre, semi-axes in pixels (``a >= b > 0``), and the angle in degrees from the
    x axis to the major axis, clockwise as seen (y points down), in [0, 180)."""

    cx: float
    cy: float
    a: float
    b: float
    angle: float = 0.0

    def points(self, n: int = 180) -> F64:
        """``n`` points along the ellipse, float64 (n, 2)."""
        t = np.linspace(0.0, 2 * math.pi, n, endpoint=False)
        phi = math.radians(self.angle)
        x, y = self.a * np.cos(t), self.b * np.sin(t)
        return np.stack(
            [
                self.cx + x * math.cos(phi) - y * math.sin(phi),
                self.cy + x * math.sin(phi) + y * math.cos(phi),
            ],
            axis=1,
        )

    def scaled(self, factor: float) -> Ellipse:
        """The same ellipse in coordinates multiplied by ``factor``."""
        return Ellipse(
            self.cx * factor, self.cy * factor, self.a * factor, self.b * factor, self.angle
        )

    def to_dict(self) -> dict[str, float]:
        return {"cx": self.cx, "cy": self.cy, "a": self.a, "b": self.b, "angle": self.angle}


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One object found in a photo.

    Attributes:
        box: x0, y0, x1, y1 in full-size pixels of the upright photo.
        score: how sure the finder is, 0 to 1.
        ellipse: the fitted ellipse of a round object, else None.
        outline: the rim as a polygon, float32 (n, 2), full-size pixels; keeps corners and scallops.
            None where the finder gives no more than the ellipse or the box.
        whole: True if nothing was found and the whole picture stands in.
        finder: name of the finder.
    """

    box: tuple[float, float, float, float]
    score: float
    ellipse: Ellipse | None = None
    outline: F32 | None = None
    whole: bool = False
    finder: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "box": [round(v, 2) for v in self.box],
            "score": round(float(self.score), 4),
            "ellipse": None
            if self.ellipse is None
            else {k: round(v, 3) for k, v in self.ellipse.to_dict().items()},
            "outline": None
            if self.outline is None
            else [[round(float(x), 1), round(float(y), 1)] for x, y in self.outline],
            "whole": self.whole,
            "finder": self.finder,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A region made canonical.

    Attributes:
        image: uint8 (s, s, 3) RGB: background masked, tilt undone, light evened. For a disc the
            unit circle touches the four sides.
        original: uint8 (s, s, 3), the same geometry, light and background untouched.
        polar: uint8 (angles, radii, 3): what the embedder eats. For a disc, row ``i`` looks along
            the direction ``360 * i / angles`` degrees counter-clockwise from the x axis, columns go
            from the centre to the rim. For a flat object, the upright rectangle itself.
        matrix: float64 (2, 3), affine map from full-size photo pixels to patch pixels.
        region: where it was found.
    """

    image: U8
    original: U8
    polar: U8
    matrix: F64
    region: Region


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """What search and verify need of a patch.

    Attributes:
        vector: float32 (d,), L2-normalised, does not change with the object's turn.
        map: int8 (channels, angles, radii), turns with the object as a cyclic shift of angles.
    """

    vector: F32
    map: I8


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
        region: ``Region.to_dict()`` of the object in the source picture.
        thumbnail: the upright patch as JPEG bytes.
        embedding: vector and map; None where a query did not ask for them.
        added: UTC time as ISO 8601.
    """

    id: str
    item: str
    side: str
    sha256: str
    source: str
    region: Mapping[str, Any]
    thumbnail: bytes
    embedding: Embedding | None
    added: str

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


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What verifying one view against the query showed.

    Attributes:
        score: agreement at the best turn, -1 to 1 (cosine of the two maps).
        turn: degrees, counter-clockwise as seen, by which the view's patch must be turned to lie
            as the query does; in [0, 360).
        agreement: float32 (rows of the query's map, radii), each cell's share of the score, in the
            query's frame.
    """

    score: float
    turn: float
    agreement: F32

    def to_dict(self) -> dict[str, Any]:
        return {"score": round(float(self.score), 5), "turn": round(float(self.turn), 2)}


@dataclass(frozen=True, slots=True)
class YearReading:
    """The year read off an object.

    Attributes:
        year: in the Gregorian calendar.
        written: the number as the object says it, in its own calendar.
        probability: calibrated probability that it is right, 0 to 1.
        boxes: where it stands in the photo, in full-size pixels: the four corners of each piece,
            from the start of its top edge on, clockwise. Two pieces where the design divides it.
        text: what each piece reads at first sight, before only possible years were asked for.
    """

    year: int
    written: str
    probability: float
    boxes: tuple[tuple[tuple[float, float], ...], ...]
    text: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "year": self.year,
            "written": self.written,
            "probability": round(float(self.probability), 5),
            "boxes": [[[round(x, 1), round(y, 1)] for x, y in box] for box in self.boxes],
            "text": list(self.text),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An item that came back, with its best view.

    Attributes:
        item: the item.
        view: its view that agrees best with the query.
        similarity: cosine of the invariant vectors.
        score: what the ranking goes by (the verifier's score).
        probability: calibrated probability that this item is the answer, 0 to 1.
        evidence: what verifying showed.
        year: the year read, where somebody asked and it could be read.
    """

    item: Item
    view: View
    similarity: float
    score: float
    probability: float
    evidence: Evidence
    year: YearReading | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "item": self.item.to_dict(),
            "view": {"id": self.view.id, "side": self.view.side, "source": self.view.source},
            "similarity": round(float(self.similarity), 5),
            "score": round(float(self.score), 5),
            "probability": round(float(self.probability), 5),
            "evidence": self.evidence.to_dict(),
            "year": None if self.year is None else self.year.to_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Ranked items with calibrated probabilities, the evidence, and the decision.

    Attributes:
        photo: the query.
        patch: the object in it that was asked about.
        known: True if the catalogue is believed to hold the item.
        candidates: best first; empty only if the catalogue is empty.
        times_ms: wall time per stage in milliseconds.
    """

    photo: Photo
    patch: Patch
    known: bool
    candidates: tuple[Candidate, ...]
    times_ms: Mapping[str, float]

    @property
    def best(self) -> Candidate | None:
        """The first candidate, known or not."""
        return self.candidates[0] if self.candidates else None

    @property
    def evidence(self) -> Evidence | None:
        """The best candidate's evidence."""
        return self.candidates[0].evidence if self.candidates else None

    @property
    def year(self) -> YearReading | None:
        """The year read on the best candidate."""
        return self.candidates[0].year if self.candidates else None

    def to_dict(self) -> dict[str, Any]:
        return {
            "photo": self.photo.to_dict(),
            "region": self.patch.region.to_dict(),
            "known": self.known,
            "best": None if self.best is None else self.best.to_dict(),
            "candidates": [c.to_dict() for c in self.candidates],
            "times_ms": {k: round(v, 2) for k, v in self.times_ms.items()},
        }


class Finder(Protocol):
    """Where is it? Give every object in a photo, largest and best first; never an empty list."""

    name: str

    def find(self, photo: Photo) -> list[Region]: ...


class Embedder(Protocol):
    """Patches to embeddings, in batches. ``fingerprint`` names model and preprocessing exactly."""

    name: str
    fingerprint: str
    dim: int
    map_shape: tuple[int, int, int]

    def embed(self, patches: list[Patch], *, phases: int = 1) -> list[Embedding]: ...


class Verifier(Protocol):
    """Scores of many catalogue maps against one query, at their best turns."""

    name: str

    def scores(self, query: Embedding, maps: I8) -> tuple[F32, F32]:
        """``maps`` int8 (n, channels, angles, radii) -> scores (n,), turns in degrees (n,)."""
        ...

    def evidence(self, query: Embedding, maps: I8) -> list[Evidence]:
        """The full evidence for a few views, ``maps`` as above."""
        ...
