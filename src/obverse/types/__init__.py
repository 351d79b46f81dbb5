"""The words of the pipeline, as frozen dataclasses.

photo -> region -> patch -> embedding -> candidate (with evidence) -> answer.
Stages know only these types and their own job. Coordinates are pixels of the upright photo at its
full size, x to the right, y down, unless a docstring says otherwise. Angles are degrees; a positive
turn is counter-clockwise as seen.
"""

from __future__ import annotations

from obverse.types.answer import (
    Answer,
    Candidate,
    Evidence,
    Expected,
    Issue,
    MarkReading,
    Match,
    Matches,
    NumeralReading,
    OutlineReading,
    Pairing,
    Tray,
    YearReading,
)
from obverse.types.picture import (
    F32,
    F64,
    I8,
    U8,
    Array,
    Ellipse,
    Embedding,
    Patch,
    Photo,
    Region,
)
from obverse.types.record import (
    SIDES,
    Item,
    Progress,
    Side,
    View,
)
from obverse.types.stages import (
    Embedder,
    Finder,
    Verifier,
)

__all__ = [
    "F32",
    "F64",
    "I8",
    "SIDES",
    "U8",
    "Answer",
    "Array",
    "Candidate",
    "Ellipse",
    "Embedder",
    "Embedding",
    "Evidence",
    "Expected",
    "Finder",
    "Issue",
    "Item",
    "MarkReading",
    "Match",
    "Matches",
    "NumeralReading",
    "OutlineReading",
    "Pairing",
    "Patch",
    "Photo",
    "Progress",
    "Region",
    "Side",
    "Tray",
    "Verifier",
    "View",
    "YearReading",
]
