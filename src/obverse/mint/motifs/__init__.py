"""Motifs by name: each models itself in a frame whose unit circle it fills."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from obverse.mint.clay import Clay
from obverse.mint.motifs import (
    beasts,
    birds,
    buildings,
    crawlers,
    heads,
    plants,
    sea,
    signs,
    things,
)

Motif = Callable[[Clay, np.random.Generator], None]

_FAMILIES: tuple[tuple[Motif, ...], ...] = (
    (heads.head,),
    (birds.eagle, birds.owl, birds.flight, birds.wader, birds.swan, birds.rooster),
    (beasts.lion, beasts.horse, beasts.bull, beasts.stag, beasts.elephant, beasts.ram,
     beasts.hound, beasts.hare, beasts.bear),
    (sea.fish, sea.dolphin, sea.turtle, crawlers.bee, crawlers.butterfly,
     sea.shell, sea.crab, crawlers.serpent),
    (plants.tree, plants.palm, plants.pine, plants.ears, plants.vine, plants.foliage, plants.rose,
     plants.blossom),
    (signs.sun, signs.moon, signs.compass, signs.shield, signs.crown, signs.knot, signs.rosette,
     signs.mountain),
    (things.ship, buildings.castle, buildings.lighthouse, buildings.temple, buildings.bridge,
        things.anchor,
     things.key, things.lyre, things.amphora, things.scales, buildings.windmill, things.gear),
)  # fmt: skip

MOTIFS: dict[str, Motif] = {m.__name__: m for family in _FAMILIES for m in family}
"""Every motif by its name."""

SCENES = frozenset(
    {"lion", "horse", "bull", "stag", "elephant", "ram", "hound", "hare", "bear", "ship", "castle",
     "lighthouse", "temple", "bridge", "windmill", "wader", "swan", "rooster", "palm", "pine",
     "tree", "dolphin", "mountain"}
)  # fmt: skip
"""Motifs that stand on the ground or on water, and go well over an exergue."""
