"""Likelihoods of numbers, against a sum over every path there is."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from obverse.types import F32
from obverse.year.ctc import Numerals

ALPHABET = ["", "1", "2", "x", " "]
WHERE = {c: i for i, c in enumerate(ALPHABET) if c}


def tables(steps: int, count: int, seed: int = 0, alphabet: int = len(ALPHABET)) -> list[F32]:
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.full(alphabet, 0.7), steps).astype(np.float32) for _ in range(count)]


def brute(table: F32, alphabet: list[str], number: str, numerals: str) -> float:
    """Every path of the table: merge repeats, drop blanks, see whether the text is the number and
    else without numerals; sum the probabilities of those that are."""
    junk = f"[^{numerals}]*"
    pattern = re.compile(junk + " *".join(map(re.escape, number)) + junk)
    total = 0.0
    for path in itertools.product(range(len(alphabet)), repeat=len(table)):
        text = "".join(alphabet[k] for k, _ in itertools.groupby(path))
        if pattern.fullmatch(text):
            total += float(np.prod([table[t, k] for t, k in enumerate(path)], dtype=np.float64))
    return total


@pytest.mark.parametrize("number", ["1", "12", "21", "11", "121", "112"])
def test_it_is_the_sum_over_all_paths(number: str) -> None:
    numerals = Numerals(WHERE, "12")
    for table in tables(5, 3):
        found = numerals.likelihoods(*numerals.reduce(table), [number])
        assert found[0] == pytest.approx(brute(table, ALPHABET, number, "12"), rel=1e-5)


def test_numbers_of_any_length_are_weighed_together() -> None:
    numerals = Numerals(WHERE, "12")
    numbers = ["1", "212", "12", "2"]
    table = tables(6, 1, seed=3)[0]
    alone = [float(numerals.likelihoods(*numerals.reduce(table), [n])[0]) for n in numbers]
    assert numerals.likelihoods(*numerals.reduce(table), numbers) == pytest.approx(alone)


def test_all_numbers_together_are_never_more_than_certain() -> None:
    numerals = Numerals(WHERE, "12")
    numbers = ["".join(n) for k in range(1, 5) for n in itertools.product("12", repeat=k)]
    for table in tables(4, 5, seed=1):
        assert 0 < numerals.likelihoods(*numerals.reduce(table), numbers).sum() <= 1 + 1e-6


def test_what_looks_like_a_numeral_counts_as_one() -> None:
    alphabet = ["", "0", "1", "O", "l"]
    numerals = Numerals({c: i for i, c in enumerate(alphabet) if c}, "01")
    merged = ["", "0", "1"]
    for table in tables(5, 3, seed=2):
        # The same table, each look-alike put to its numeral.
        plain = np.stack([table[:, 0], table[:, 1] + table[:, 3], table[:, 2] + table[:, 4]], 1)
        found = numerals.likelihoods(*numerals.reduce(table), ["10"])
        assert found[0] == pytest.approx(brute(plain, merged, "10", "01"), rel=1e-5)


def test_a_line_that_says_it_clearly_is_certain() -> None:
    alphabet = ["", *"0123456789", "x"]
    numerals = Numerals({c: i for i, c in enumerate(alphabet) if c}, "0123456789")
    table = np.full((9, len(alphabet)), 1e-6, np.float32)
    for step, c in enumerate(["x", "1", "9", "9", "", "9", "0", "", "x"]):
        table[step, alphabet.index(c)] = 1.0
    found = numerals.likelihoods(*numerals.reduce(table), ["1990", "190", "1999"])
    assert found == pytest.approx([1, 0, 0], abs=1e-3)
