"""Losses by name, all on a table of similarities.

A row is a query, a column a picture it is compared with; ``positive`` marks the columns that show
the same design, ``ignored`` those of which nobody knows. The similarity may be the cosine of two
vectors or that of two maps at their best turn: a loss does not ask.

- ``arcface``: additive angular margin (Deng et al., 2019), the compared pictures as class centres;
- ``ntxent``: normalised temperature-scaled cross entropy (SimCLR, Chen et al., 2020), with several
  positives as in Khosla et al., 2020;
- ``triplet``: margin to the hardest negative (FaceNet, Schroff et al., 2015);
- ``contrastive``: siamese (Hadsell et al., 2006).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from obverse.errors import UsageError

SCALE, MARGIN = 25.0, 0.2
TEMPERATURE = 0.05
TRIPLET_MARGIN = 0.2
NEGATIVE_MARGIN = 0.3
"""Similarity below which ``contrastive`` leaves a negative alone."""

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def arcface(similarity: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
    """Cross entropy with the positive's angle made larger by ``MARGIN`` radians."""
    cosine = similarity.clamp(-1 + 1e-6, 1 - 1e-6)
    angle = torch.acos(cosine) + MARGIN
    # Past pi the cosine would rise again: go on linearly, as the paper's code does.
    harder = torch.where(angle < torch.pi, torch.cos(angle), cosine - MARGIN * 0.2)
    return _softmax(SCALE * harder, SCALE * similarity, positive, ignored)


def ntxent(similarity: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
    """Cross entropy of the similarities over ``TEMPERATURE``."""
    logits = similarity / TEMPERATURE
    return _softmax(logits, logits, positive, ignored)


def triplet(similarity: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
    """How far the hardest negative comes within ``TRIPLET_MARGIN`` of each positive."""
    hardest = similarity.masked_fill(positive | ignored, -1.0).amax(1, keepdim=True)
    return _over(torch.relu(hardest - similarity + TRIPLET_MARGIN), positive)


def contrastive(similarity: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
    """Positives are pulled to 1, negatives pushed below ``NEGATIVE_MARGIN``, both squared."""
    pull = _over((1 - similarity) ** 2, positive)
    push = _over(torch.relu(similarity - NEGATIVE_MARGIN) ** 2, ~(positive | ignored))
    return pull + push


LOSSES: dict[str, Loss] = {
    "arcface": arcface,
    "ntxent": ntxent,
    "triplet": triplet,
    "contrastive": contrastive,
}


def get(name: str) -> Loss:
    """The loss of that name. Raises ``UsageError`` for an unknown one."""
    try:
        return LOSSES[name]
    except KeyError:
        raise UsageError(
            f"unknown loss {name!r}", hint=f"choose one of: {', '.join(LOSSES)}"
        ) from None


def _softmax(own: Tensor, others: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
    """Each positive against all negatives: -log(e^own / (e^own + sum e^others)), averaged."""
    negatives = others.masked_fill(positive | ignored, -torch.inf)
    total = torch.logaddexp(own, negatives.logsumexp(1, keepdim=True))
    return _over(total - own, positive)


def _over(values: Tensor, where: Tensor) -> Tensor:
    """The mean where marked; zero, still with a gradient path, where nothing is."""
    return torch.where(where, values, 0.0).sum() / where.sum().clamp_min(1)
