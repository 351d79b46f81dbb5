"""The verifier against the FFT, a slow formula, and the property: turn the query, get the turn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obverse import embed, verify
from obverse.errors import UsageError
from obverse.normalise import disc
from obverse.types import Embedding
from obverse.verify.polar import PolarVerifier
from tests.coins import face, photo_of, turned, whole_disc


def random_maps(n: int, seed: int = 0, shape: tuple[int, int, int] = (6, 14, 7)) -> np.ndarray:
    return np.random.default_rng(seed).integers(-90, 91, (n, *shape)).astype(np.int8)


def query(map: np.ndarray) -> Embedding:
    return Embedding(np.zeros(4, np.float32), map)


def embedded(seed: int, degrees: float, phases: int) -> Embedding:
    image = turned(face(seed), degrees) if degrees else face(seed)
    photo = photo_of(image)
    return embed.get("polar").embed([disc(photo, whole_disc(photo))], phases=phases)[0]


def between(a: float, b: float) -> float:
    """Smallest angle between two turns in degrees."""
    return abs((a - b + 180) % 360 - 180)


def test_equal_to_the_cross_correlation_by_fft() -> None:
    maps = random_maps(20)
    q = random_maps(1, seed=9)[0]
    scores, _ = PolarVerifier().scores(query(q), maps)
    a, b = np.fft.rfft(q.astype(float), axis=1), np.fft.rfft(maps.astype(float), axis=2)
    curves = np.fft.irfft((a[None] * np.conj(b)).sum(axis=(1, 3)), n=14, axis=1)
    norms = np.linalg.norm(q.astype(float)) * np.linalg.norm(maps.reshape(20, -1), axis=1)
    assert scores == pytest.approx((curves / norms[:, None]).max(axis=1), abs=1e-5)


def test_equal_to_a_slow_formula_with_phases() -> None:
    maps = random_maps(5)
    q = random_maps(1, seed=3, shape=(6, 56, 7))[0]
    scores, turns = PolarVerifier().scores(query(q), maps)
    for view, score, turn in zip(maps.astype(float), scores, turns, strict=True):
        cosines = []
        for t in range(56):
            part = np.stack([q[:, (t + 4 * a) % 56] for a in range(14)], axis=1).astype(float)
            cosines.append((part * view).sum() / np.linalg.norm(part) / np.linalg.norm(view))
        assert score == pytest.approx(max(cosines), abs=1e-5)
        assert between(turn, 360 * int(np.argmax(cosines)) / 56) <= 360 / 56 / 2 + 1e-3


def test_a_shifted_map_gives_its_shift() -> None:
    view = random_maps(1)[0]
    for k in range(14):
        scores, turns = PolarVerifier().scores(query(np.roll(view, k, axis=1)), view[None])
        assert scores[0] == pytest.approx(1, abs=1e-5)
        assert between(float(turns[0]), 360 * k / 14) < 360 / 28


@settings(max_examples=25)
@given(seed=st.integers(0, 40), degrees=st.floats(0, 359.9), start=st.floats(0, 359.9))
def test_turn_the_query_get_the_turn(seed: int, degrees: float, start: float) -> None:
    """The coin turned by t more: the reported turn grows by t, the score stays."""
    view = embedded(seed, 0.0, 1).map[None]
    verifier = PolarVerifier()
    (before,) = verifier.evidence(embedded(seed, start, 4), view)
    (after,) = verifier.evidence(embedded(seed, start + degrees, 4), view)
    assert between(after.turn - before.turn, degrees) < 4.0
    assert between(after.turn, start + degrees) < 3.0
    assert after.score == pytest.approx(before.score, abs=0.06)
    assert after.score > 0.75


def test_agreement_adds_up_to_the_score() -> None:
    maps = random_maps(3)
    q = query(random_maps(1, seed=5, shape=(6, 56, 7))[0])
    verifier = PolarVerifier()
    scores, turns = verifier.scores(q, maps)
    for evidence, score, turn in zip(verifier.evidence(q, maps), scores, turns, strict=True):
        assert evidence.score == pytest.approx(float(score), abs=1e-5)
        assert evidence.turn == pytest.approx(float(turn), abs=1e-3)
        assert evidence.agreement.shape == (56, 7)
        assert float(evidence.agreement.sum()) == pytest.approx(float(score), abs=1e-4)


def test_the_weakest_part_by_a_slow_formula() -> None:
    maps, q = random_maps(2), query(random_maps(1, seed=5)[0])
    for evidence, view in zip(PolarVerifier().evidence(q, maps), maps.astype(float), strict=True):
        back = round(evidence.turn / 360 * 14)
        turned = min(
            (np.roll(q.map.astype(float), -t, axis=1) for t in (back, back - 1, back + 1)),
            key=lambda m: -(m * view).sum(),
        )
        pieces = []
        for a in range(14):
            for r in range(7):
                rows = [(a + d) % 14 for d in (-1, 0, 1)]
                columns = [c for c in (r - 1, r, r + 1) if 0 <= c < 7]
                one, two = (m[:, rows][:, :, columns] for m in (turned, view))
                pieces.append((one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum()))
        assert evidence.weakest == pytest.approx(np.quantile(pieces, 0.1), abs=1e-4)


def test_agreement_shows_where_the_designs_differ() -> None:
    """Paint over one sector of the query: the agreement is lowest there, in the query's frame."""
    image = face(21)
    half = image.shape[0] / 2
    yy, xx = np.mgrid[: image.shape[0], : image.shape[1]]
    angle = np.degrees(np.arctan2(half - yy, xx - half)) % 360
    other = face(22)
    spoiled = np.where(((angle > 60) & (angle < 120))[..., None], other, image).astype(np.uint8)
    photo = photo_of(spoiled)
    q = embed.get("polar").embed([disc(photo, whole_disc(photo))], phases=4)[0]
    (evidence,) = PolarVerifier().evidence(q, embedded(21, 0.0, 1).map[None])
    (whole,) = PolarVerifier().evidence(embedded(21, 0.0, 4), embedded(21, 0.0, 1).map[None])
    assert whole.weakest is not None
    assert evidence.weakest is not None
    lost = whole.weakest - evidence.weakest
    assert lost > 2 * (whole.score - evidence.score), "a part differs, so it loses most"
    rows = evidence.agreement.sum(axis=1)
    at = np.arange(56) * 360 / 56
    inside = rows[(at > 70) & (at < 110)].mean()
    outside = rows[(at > 150) | (at < 30)].mean()
    assert inside < 0.6 * outside


def test_empty_shortlist() -> None:
    scores, turns = PolarVerifier().scores(query(random_maps(1)[0]), random_maps(0))
    assert scores.shape == turns.shape == (0,)


def test_unknown_name() -> None:
    with pytest.raises(UsageError, match="choose one of"):
        verify.get("nope")
