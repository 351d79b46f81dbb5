"""Lines from a keypoint in the query to the same one in the view: the proof of flat things."""

from __future__ import annotations

import colorsys

import numpy as np

from obverse import canvas
from obverse.canvas import GAP, MARGIN, MUTED, Canvas
from obverse.types import U8, Matches

MOST = 80
"""Lines drawn; more hide what they connect."""
SIDE = 560
"""Side of each of the two pictures."""


def side_by_side(query: U8, view: U8, matches: Matches) -> U8:
    """The two patches, uint8 (s, s, 3) RGB, and a line for each inlier; uint8 (h, w, 3)."""
    top, right = MARGIN, MARGIN + SIDE + GAP
    sheet = Canvas(2 * MARGIN + 2 * SIDE + GAP, 2 * MARGIN + SIDE + canvas.LINE_WIDTH)
    sheet.paste(canvas.resize(query, SIDE, SIDE), MARGIN, top)
    sheet.paste(canvas.resize(view, SIDE, SIDE), right, top)
    between(sheet, matches, (MARGIN, top), (right, top), SIDE / query.shape[0])
    count = int(matches.inliers.sum())
    words = f"{count} of {len(matches.inliers)} matched points lie on one plane"
    sheet.text(MARGIN, top + SIDE + 14, words, fill=MUTED)
    return sheet.pixels


def between(
    sheet: Canvas,
    matches: Matches,
    query_at: tuple[float, float],
    view_at: tuple[float, float],
    scale: float,
) -> None:
    """Draw the inliers' lines on a sheet.

    Args:
        query_at, view_at: where on the sheet the two patches' top left corners are.
        scale: sheet pixels per patch pixel.
    """
    inliers = np.flatnonzero(matches.inliers)
    # From top to bottom, so that neighbours have neighbouring colours and few lines cross.
    inliers = inliers[np.argsort(matches.query[inliers, 1], kind="stable")]
    chosen = inliers[np.linspace(0, len(inliers) - 1, min(MOST, len(inliers))).astype(int)]
    for rank, i in enumerate(chosen):
        hue = 0.02 + 0.5 * rank / max(len(chosen) - 1, 1)
        r, g, b = colorsys.hsv_to_rgb(hue, 0.65, 1.0)
        colour = (round(255 * r), round(255 * g), round(255 * b))
        ends = [
            (at[0] + (float(p[0]) + 0.5) * scale, at[1] + (float(p[1]) + 0.5) * scale)
            for at, p in ((query_at, matches.query[i]), (view_at, matches.view[i]))
        ]
        sheet.pen.line((*ends[0], *ends[1]), fill=colour, width=1)
        for x, y in ends:
            sheet.pen.ellipse((x - 3, y - 3, x + 3, y + 3), outline=colour, width=2)
