"""How likely is it that a line of text says this number? CTC likelihoods of allowed numbers.

A recogniser trained with connectionist temporal classification (Graves et al., 2006) gives, for
every step along a line, a distribution over its characters and a blank; a path of characters says a
text once repeats are merged and blanks dropped. Taking the most likely character at every step and
hoping for a year throws away what is known: which years are possible. Here the probabilities of all
paths are summed that say ``junk number junk``, junk being any text without a numeral. That is the
probability that the line holds this number and no other, for every allowed number at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from obverse.types import F32, F64, Array

LOOKALIKES: Mapping[str, str] = {"0": "OoQ", "1": "Il|"}
"""Characters that stand for a numeral in relief as often as not: of 154 dates of `dev` one more was
read with them, none more was wrong."""


class Numerals:
    """The columns of a recogniser's table that count for numbers.

    Args:
        where: the column of each character of the recogniser's alphabet; column 0 is the blank.
        characters: every character that numbers are written with here.
    """

    def __init__(self, where: Mapping[str, int], characters: str) -> None:
        self.characters = "".join(c for c in dict.fromkeys(characters) if c in where)
        self.columns = [
            [where[c] for c in (one, *LOOKALIKES.get(one, "")) if c in where]
            for one in self.characters
        ]
        self.spaces = [0, *([where[" "]] if " " in where else [])]

    def reduce(self, table: F32) -> tuple[F64, F64]:
        """A recogniser's table (steps, alphabet) as probabilities of the numerals, float64
        (steps, characters), and of a gap between two of them, float64 (steps,)."""
        each = [table[:, columns].sum(axis=1) for columns in self.columns]
        numerals = np.stack(each, axis=1).astype(np.float64)
        return numerals, table[:, self.spaces].sum(axis=1).astype(np.float64)

    def likelihoods(self, numerals: F64, gap: F64, numbers: Sequence[str]) -> F64:
        """For each number, float64 (n,): the probability that the line holds it and no other.

        Args:
            numerals, gap: as ``reduce`` gives them.
            numbers: written with ``characters`` alone.
        """
        out = np.zeros(len(numbers))
        for length in {len(n) for n in numbers}:
            chosen = [i for i, n in enumerate(numbers) if len(n) == length]
            codes = np.array([[self.characters.index(c) for c in numbers[i]] for i in chosen])
            out[chosen] = _forward(numerals, gap, codes)
        return out


def _forward(numerals: F64, gap: F64, codes: Array) -> F64:
    """The forward pass for numbers of one length, int (n, length), all at once.

    States: junk before, each numeral, the gap after each numeral but the last, junk after.
    """
    n, length = codes.shape
    junk = np.clip(1.0 - numerals.sum(axis=1), 0.0, 1.0)
    before, after = np.ones(n), np.zeros(n)
    on, off = np.zeros((n, length)), np.zeros((n, length))
    # Two equal numerals are two only with a gap between them.
    repeated = np.zeros((n, length), bool)
    repeated[:, 1:] = codes[:, 1:] == codes[:, :-1]
    for step, space, rest in zip(numerals, gap, junk, strict=True):
        left_on = np.concatenate([before[:, None], on[:, :-1]], axis=1)
        left_off = np.concatenate([np.zeros((n, 1)), off[:, :-1]], axis=1)
        after = (after + on[:, -1]) * rest
        off, on = (
            (off + on) * space,
            (on + np.where(repeated, 0.0, left_on) + left_off) * step[codes],
        )
        before = before * rest
    return np.asarray(after + on[:, -1])
