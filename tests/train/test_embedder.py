"""What a step of the embedder's training is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from obverse.degrade import CUT  # noqa: E402
from obverse.normalise import ANGLES, RADII  # noqa: E402
from obverse.train import embedder, losses  # noqa: E402
from obverse.train.designs import NEGATIVE, POSITIVE, UNKNOWN, Bank  # noqa: E402
from obverse.train.embedder import Settings  # noqa: E402
from obverse.train.pictures import Cuts, Picture  # noqa: E402

COINS = 24


@pytest.fixture(scope="module")
def trainer() -> embedder._Trainer:
    """Two dozen noise coins, unlabelled, in two groups; all maps alike within a group."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (COINS, CUT, CUT), np.uint8)
    pictures = [Picture(Path(f"{i}.png"), "", f"g{i % 2}") for i in range(COINS)]
    settings = Settings(pairs=16, twins=0.5)
    made = embedder._Trainer(
        Cuts(images, pictures),
        np.zeros(COINS, bool),
        settings,
        losses.get("arcface"),
        torch.device("cpu"),
    )
    faces = rng.normal(size=(2, 6, 14, 7))
    maps = np.stack([faces[i % 2] for i in range(COINS)])
    vectors = torch.nn.functional.normalize(torch.from_numpy(maps).float().flatten(1), dim=1)
    made.bank = Bank(vectors, torch.from_numpy(maps).half())
    made.designs.refresh(made.bank)
    return made


def test_likeness_alone_makes_no_positive(trainer: embedder._Trainer) -> None:
    """A query's own view is right; what only looks like it, nobody knows; the rest is wrong."""
    batch = trainer._make(3)
    assert batch.views.shape == batch.queries.shape == (16, ANGLES, RADII)
    relation = trainer._relation(batch)
    assert (batch.shown != batch.index).any(), "some queries show a likely twin"
    group = np.arange(COINS) % 2
    for i, j in np.ndindex(relation.shape):
        alike = group[batch.shown[i]] == group[batch.index[j]]
        assert relation[i, j] == (POSITIVE if i == j else UNKNOWN if alike else NEGATIVE)


def test_a_step_is_made_from_its_number_alone(trainer: embedder._Trainer) -> None:
    """So a resumed run goes on as if it had never stopped."""
    first, again, other = trainer._make(5), trainer._make(5), trainer._make(6)
    np.testing.assert_array_equal(first.queries, again.queries)
    np.testing.assert_array_equal(first.views, again.views)
    assert (first.index != other.index).any()
