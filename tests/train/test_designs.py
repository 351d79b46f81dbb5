"""Which pictures show one design: labels first, then likeness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from obverse.train.designs import NEGATIVE, POSITIVE, UNKNOWN, Bank, Designs  # noqa: E402
from obverse.train.pictures import Picture  # noqa: E402
from obverse.types import Array  # noqa: E402


def bank_of(designs: list[int], spread: float, seed: int = 0) -> Bank:
    """Maps of a few random designs, each specimen at a turn of its own and a little off."""
    rng = np.random.default_rng(seed)
    faces = rng.normal(size=(max(designs) + 1, 6, 14, 7))
    maps = np.stack(
        [
            np.roll(faces[d] + spread * rng.normal(size=faces[d].shape), rng.integers(14), axis=1)
            for d in designs
        ]
    )
    vectors = np.abs(np.fft.rfft(maps, axis=2)).reshape(len(maps), -1)
    vectors -= vectors.mean(0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Bank(torch.from_numpy(vectors).float(), torch.from_numpy(maps).half())


def pictures(*labels: tuple[str, str]) -> list[Picture]:
    return [Picture(Path(f"{i}.png"), item, group) for i, (item, group) in enumerate(labels)]


def relations(designs: Designs, bank: Bank) -> Array:
    everything = np.arange(len(designs.items))
    return designs.relation(everything, everything, bank)


def test_labels_decide_whatever_the_maps_say() -> None:
    """Four pictures of one design, labelled as two."""
    bank = bank_of([0, 0, 0, 0], 0.05)
    designs = Designs(pictures(("a", ""), ("a", "x"), ("b", ""), ("b", "x")))
    designs.refresh(bank)
    wanted = np.where(np.equal.outer([0, 0, 1, 1], [0, 0, 1, 1]), POSITIVE, NEGATIVE)
    np.testing.assert_array_equal(relations(designs, bank), wanted)
    assert [p.tolist() for p in designs.positives] == [[1], [0], [3], [2]]


def test_a_group_falls_into_its_designs() -> None:
    """Two groups of two designs each, six specimens of each design, at any turn."""
    truth = np.repeat([0, 1, 2, 3], 6)
    bank = bank_of(truth.tolist(), 0.6)
    designs = Designs(pictures(*[("", f"g{d // 2}") for d in truth]))
    designs.refresh(bank)
    found = relations(designs, bank)
    same = np.equal.outer(truth, truth)
    group = np.equal.outer(truth // 2, truth // 2)
    assert (found[same] == POSITIVE).mean() > 0.95
    assert (found[~same & group] == NEGATIVE).mean() > 0.9
    assert (found[~same] != POSITIVE).all()
    assert all((truth[p] == truth[i]).all() for i, p in enumerate(designs.positives))


def test_alike_across_groups_is_unknown_and_unlike_is_negative() -> None:
    """One portrait on two denominations; a third picture of something else."""
    bank = bank_of([0, 0, 1], 0.05)
    designs = Designs(pictures(("", "1 won"), ("", "5 won"), ("", "9 won")))
    found = relations(designs, bank)
    assert found[0, 1] == UNKNOWN
    assert found[0, 2] == NEGATIVE
    assert (np.diag(found) == POSITIVE).all()


def test_limits_keep_their_rank_when_scores_change_scale() -> None:
    """Forty groups of one picture each that share more or less of one face; then all maps get an
    offset in common, which raises every score and changes no order."""
    rng = np.random.default_rng(1)
    shared, own = rng.normal(size=(6, 14, 7)), rng.normal(size=(40, 6, 14, 7))
    weights = np.linspace(0, 1.6, 40)[:, None, None, None]
    maps = own + weights * shared
    maps -= maps.mean(axis=(1, 2, 3), keepdims=True)
    maps /= maps.std(axis=(1, 2, 3), keepdims=True)
    vectors = torch.nn.functional.normalize(
        torch.from_numpy(rng.normal(size=(40, 9))).float(), dim=1
    )
    banks = [Bank(vectors, torch.from_numpy(maps + offset)) for offset in (0.0, 1.0)]
    designs = Designs(pictures(*[("", f"g{i}") for i in range(40)]))
    found = []
    for bank in banks:
        designs.refresh(bank)
        found.append(relations(designs, bank))
    likely = (found[0] == UNKNOWN).mean()
    assert 0.03 < likely < 0.6
    assert (found[0] == found[1]).mean() > 0.97
    fresh = Designs(pictures(*[("", f"g{i}") for i in range(40)]))
    assert (relations(fresh, banks[1]) == UNKNOWN).mean() > likely + 0.2, "the scale did change"
