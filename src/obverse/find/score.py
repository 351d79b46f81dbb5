"""How much an ellipse looks like the rim of an object: edge support, contrast, what lies around.

The features are shares or logarithms, so they do not change with the picture's size; a logistic
model turns them into the probability that the ellipse is an object's outer rim.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from obverse.find.ellipses import UNIT, Field, axes, inside, look, points, rim_strength
from obverse.types import F32, F64, Array

NAMES = (
    *("support", "strongest", "closed", "exact", "bend", "aligned"),
    *("inner", "outer", "outer_near", "outer_closed", "seen"),
    *("contrast", "contrast_low", "in_light", "in_chroma", "out_light", "out_chroma"),
    *("texture", "texture_out", "size", "off_centre", "roundness"),
)
"""The features, in order; each is named where it is computed."""

# Positions on the rays, as in ``ellipses``.
_PROFILE = np.linspace(-0.40, 0.40, 41).astype(np.float32)
_INNER, _OUTER, _OUTER_NEAR = slice(0, 18), slice(23, 41), slice(23, 28)
_STEPS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1)
_CLOSE = np.array([*(-s for s in reversed(_STEPS)), 0.0, *_STEPS], np.float32)
_ZERO, _EXACT, _RIM = 8, slice(7, 10), slice(6, 11)
_COLOURS = np.array([-0.16, -0.12, -0.08, -0.05, 0.05, 0.08], np.float32)
_DESIGN = np.array([-0.85, -0.7, -0.55, -0.4, -0.25], np.float32)
_AROUND = np.array([0.1, 0.15, 0.2], np.float32)
# Weights of L, a, b in colour distances: 8-bit Lab holds L at 2.55 times its true scale.
_LAB = np.array([0.6, 1.5, 1.5], np.float32)


def score(field: Field, maps: F64, model: Mapping[str, float]) -> F64:
    """The probability, float64 (k,), that each ellipse (k, 2, 3) is an object's outer rim.

    Args:
        model: the weight of every feature and of ``bias``; see ``weights``.
    """
    if not len(maps):
        return np.zeros(0)
    weights = np.array([model[name] for name in NAMES])
    logits = features(field, maps) @ weights + model["bias"]
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))


def features(field: Field, maps: F64) -> F64:
    """What the score is made of, float64 (k, len(NAMES)), in the order of ``NAMES``."""
    columns = {
        **_edges(field, maps),
        **_rings(field, maps),
        **_texture(field, maps),
        **_place(field, maps),
    }
    return np.stack([columns[name] for name in NAMES], axis=1).astype(np.float64)


def _edges(field: Field, maps: F64) -> dict[str, Array]:
    """Is there an edge all along the rim, just there, and along it; are there others around?"""
    far, known = rim_strength(field, maps, _PROFILE, UNIT[::2])
    profile = far.sum(axis=1) / np.maximum(known.sum(axis=1), 8)
    wide = np.maximum(np.maximum(far[:, :, :-2], far[:, :, 2:]), far[:, :, 1:-1])
    closed = ((wide > 0.5) & known[:, :, 1:-1]).sum(axis=1)
    closed = closed / np.maximum(known[:, :, 1:-1].sum(axis=1), 8)
    near, known = rim_strength(field, maps, _CLOSE)
    seen = np.asarray(known[:, :, _RIM].all(axis=2))
    count = seen.sum(axis=1) + 1e-6
    rim, best = near[:, :, _RIM].max(axis=2), near.max(axis=2)
    steep = look(field.magnitude, *points(maps, np.zeros(1, np.float32)))[:, :, 0]
    steep = steep / (steep + np.float32(field.typical))
    weight = near**2 * seen[..., None]
    total = weight.sum(axis=2)
    place = (weight @ _CLOSE) / (total + 1e-6)
    bend = np.sqrt((place**2 * total).sum(axis=1) / (total.sum(axis=1) + 1e-6))
    return {
        "support": (rim * seen).sum(axis=1) / count,
        "strongest": ((rim >= 0.7 * best) & (rim > 0.35) & seen).sum(axis=1) / count,
        "closed": ((rim > 0.5) & seen).sum(axis=1) / count,
        "exact": weight[:, :, _EXACT].sum(axis=(1, 2)) / (total.sum(axis=1) + 1e-6),
        "bend": np.log(bend + 1e-3),
        "aligned": (near[:, :, _ZERO] * seen).sum(axis=1) / ((steep * seen).sum(axis=1) + 1e-6),
        "inner": profile[:, _INNER].max(axis=1),
        "outer": profile[:, _OUTER].max(axis=1),
        "outer_near": profile[:, _OUTER_NEAR].max(axis=1),
        "outer_closed": closed[:, _OUTER].max(axis=1),
        "seen": seen.mean(axis=1),
    }


def _rings(field: Field, maps: F64) -> dict[str, Array]:
    """Do the colours just inside and just outside differ, and are they even along the rim?"""
    x, y = points(maps, _COLOURS, UNIT[::2])
    lab = look(field.lab, x, y, cv2.BORDER_REPLICATE).astype(np.float32)
    lab = (lab - np.array([0, 128, 128], np.float32)) * _LAB
    known: Array = inside(field, x, y, margin=0.0)
    within, without = _smooth(lab[:, :, :4].mean(axis=2)), _smooth(lab[:, :, 4:].mean(axis=2))
    has_in = np.asarray(known[:, :, :4].all(axis=2))
    has_out = np.asarray(known[:, :, 4:].all(axis=2))
    step = np.linalg.norm(within - without, axis=2)
    contrast = step / (step + 8)
    count = has_out.sum(axis=1)
    # The lowest fifth of the known rays: a rim must show nearly all around.
    ranked = np.sort(np.where(has_out, contrast, np.inf), axis=1)
    low = ranked[np.arange(len(maps)), count // 5]
    spread_in, spread_out = _spread(within, has_in), _spread(without, has_out)
    return {
        "contrast": (contrast * has_out).sum(axis=1) / np.maximum(count, 1),
        "contrast_low": np.where(count > 0, np.minimum(low, 1.0), 0.0),
        "in_light": spread_in[0],
        "in_chroma": spread_in[1],
        "out_light": spread_out[0],
        "out_chroma": spread_out[1],
    }


def _smooth(ring: F32) -> F32:
    """Means over three neighbouring rays."""
    return np.asarray((ring + np.roll(ring, 1, axis=1) + np.roll(ring, -1, axis=1)) / 3)


def _spread(ring: F32, known: Array) -> tuple[Array, Array]:
    """Logarithms of the standard deviations of lightness and of chroma along a ring."""
    weight = known[..., None] / (known.sum(axis=1)[:, None, None] + 1e-6)
    mean = (ring * weight).sum(axis=1, keepdims=True)
    variance = ((ring - mean) ** 2 * weight).sum(axis=1)
    light, chroma = variance[:, 0], variance[:, 1] + variance[:, 2]
    return np.log1p(np.sqrt(light)), np.log1p(np.sqrt(chroma))


def _texture(field: Field, maps: F64) -> dict[str, Array]:
    """How busy the object and its surroundings are."""
    return {
        name: np.log1p(look(field.magnitude, *points(maps, t, UNIT[::4])).mean(axis=(1, 2)))
        for name, t in (("texture", _DESIGN), ("texture_out", _AROUND))
    }


def _place(field: Field, maps: F64) -> dict[str, Array]:
    """Large, central and round objects are the likelier ones."""
    a, b = axes(maps)
    centre = maps[:, :, 2] / np.array([field.width, field.height]) - 0.5
    return {
        "size": 0.5 * np.log(4 * a * b / (field.width * field.height)),
        "off_centre": np.hypot(centre[:, 0], centre[:, 1]),
        "roundness": b / a,
    }
