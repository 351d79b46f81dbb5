"""The modelling: outlines, motifs, lettering, wear and light, by properties and slow formulas."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from obverse.mint.clay import Clay, soften
from obverse.mint.design import coin_type
from obverse.mint.letters import Lettering, Text, set_text
from obverse.mint.motifs import MOTIFS
from obverse.mint.relief import relief
from obverse.mint.rim import Outline, grid
from obverse.mint.shade import METALS, Finish, Light, shade
from obverse.mint.wear import wear_down


@pytest.mark.parametrize(
    "outline",
    [
        Outline(),
        Outline("polygon", 7),
        Outline("polygon", 12),
        Outline("scallop", 8),
        Outline(hole=0.2),
    ],
    ids=lambda o: f"{o.kind}{o.n}",
)
def test_an_outline_covers_the_area_its_radius_encloses(outline: Outline) -> None:
    covered = float(np.mean(outline.room(*grid(600)) >= 0)) * 4
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False, dtype=np.float32)
    radius = outline.radius(angle).astype(np.float64)
    assert covered == pytest.approx(np.pi * np.mean(radius**2) - np.pi * outline.hole**2, rel=2e-3)
    assert radius.max() == pytest.approx(1.0, abs=1e-4)
    assert 0.85 < outline.inner <= 1.0


@pytest.mark.parametrize("name", sorted(MOTIFS))
def test_a_motif_fills_its_circle_and_changes_with_its_seed(name: str) -> None:
    faces = []
    for seed in range(3):
        clay = Clay.blank(160)
        MOTIFS[name](clay.at(scale=0.75), np.random.default_rng(seed))
        assert np.isfinite(clay.height).all()
        rho = np.hypot(*grid(160))
        outside = (np.abs(clay.height) > 0.05) & (rho > 0.75 * 1.2)
        assert outside.mean() < 0.005
        assert (clay.height[rho < 0.75] > 0.05).mean() > 0.08
        faces.append(clay.height)
    assert any(np.abs(faces[0] - other).max() > 0.05 for other in faces[1:])


def test_a_frame_moves_turns_and_mirrors_what_is_modelled() -> None:
    bar = [np.array([(0.1, -0.05), (0.6, -0.05), (0.6, 0.05), (0.1, 0.05)])]
    plain, turned, flipped = Clay.blank(200), Clay.blank(200), Clay.blank(200)
    plain.add(bar, 1.0, 0.02)
    turned.at(turn=90).add(bar, 1.0, 0.02)
    flipped.at(flip=True).add(bar, 1.0, 0.02)
    assert np.abs(turned.height - np.rot90(plain.height)).mean() < 0.003  # of 0.025 in all
    assert np.abs(flipped.height - plain.height[:, ::-1]).mean() < 0.003
    assert turned.height[30:90, 95:105].mean() > 0.5  # counter-clockwise: from the right to the top


def test_the_quick_blur_agrees_with_the_full_one() -> None:
    field = np.zeros((300, 300), np.float32)
    field[100:180, 60:240] = 1.0
    full = cv2.GaussianBlur(field, (0, 0), 14.0, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(soften(field, 14.0), full, atol=0.03)


def test_a_legend_lies_on_its_circle_and_reads_clockwise() -> None:
    text = Text("IIIIII.", 0.12, "top", 0.8, 90.0, span=120)
    mask = set_text(400, text, Lettering())
    x, y = grid(400)
    rho, inked = np.hypot(x, y), mask > 128
    assert inked.any()
    assert rho[inked].min() > 0.8 - 0.09
    assert rho[inked].max() < 0.8 + 0.09
    # The full stop is the only ink below the middle of the letters alone: it comes last.
    angle = np.degrees(np.arctan2(y, x))
    last = angle[inked] < angle[inked].min() + 3
    assert rho[inked][last].max() < 0.8
    assert (angle[inked] > 20).all()
    assert (angle[inked] < 160).all()


def test_long_text_keeps_to_its_room() -> None:
    text = Text("A VERY LONG LEGEND INDEED", 0.12, "line", y=0.2, span=0.9)
    columns = np.nonzero((set_text(400, text, Lettering()) > 128).any(0))[0]
    assert (columns.max() - columns.min()) / 200 <= 0.92


def test_another_year_changes_the_date_and_nothing_else() -> None:
    for index in range(6):
        coin = coin_type(3, index)
        dated = [
            s for s in ("obverse", "reverse") if any("{year}" in t.text for t in coin.face(s).texts)
        ]
        assert len(dated) == 1
        for side in ("obverse", "reverse"):
            change = np.abs(relief(coin, side, 1987, 256) - relief(coin, side, 1854, 256)) > 0.02
            if side in dated:
                assert 0.0005 < change.mean() < 0.06
            else:
                assert not change.any()


def test_wear_lowers_the_relief_and_smooths_it() -> None:
    struck = relief(coin_type(0, 1), "obverse", 1900, 256)
    worn = [wear_down(struck, w, np.random.default_rng(1)) for w in (0.0, 0.3, 0.6, 0.9)]
    np.testing.assert_array_equal(worn[0], struck)
    heights = [float(np.percentile(w, 97)) for w in worn]
    detail = [float(np.abs(cv2.Laplacian(w, cv2.CV_32F)).mean()) for w in worn]
    assert heights == sorted(heights, reverse=True)
    assert detail == sorted(detail, reverse=True)


def test_turning_relief_and_light_together_turns_the_picture() -> None:
    struck = relief(coin_type(0, 1), "obverse", 1900, 256)
    metal, toning = (
        np.array(c, np.float32) for c in (METALS["gold"].colour, METALS["gold"].toning)
    )
    light, finish = Light(azimuth=30.0), Finish()
    one = shade(struck, metal, toning, light, np.eye(3), finish)
    turned = np.ascontiguousarray(np.rot90(struck))
    other = shade(turned, metal, toning, replace(light, azimuth=120.0), np.eye(3), finish)
    assert np.abs(np.rot90(one) - other).mean() < 0.01
    unturned = shade(turned, metal, toning, light, np.eye(3), finish)
    assert np.abs(np.rot90(one) - unturned).mean() > 0.05


def test_slopes_towards_the_lamp_are_brighter() -> None:
    x, y = grid(200)
    dome = np.sqrt(np.clip(1 - x * x - y * y, 0, 1)).astype(np.float32) * 4
    white = np.ones(3, np.float32)
    lit = shade(dome, white, white, Light(azimuth=180.0, near=0.0), np.eye(3), Finish(0, 0, 0, 0.5))
    assert lit[60:140, 40:70].mean() > 1.5 * lit[60:140, 130:160].mean()
