"""Shipped files: read, or one line that says what to do."""

from __future__ import annotations

import pytest

from obverse import shipped
from obverse.errors import ModelError


def test_a_card_and_its_model() -> None:
    card, model = shipped.model("polar", "the polar model")
    assert shipped.card("polar", "the polar model") == card
    assert len(model) > 1_000_000
    assert shipped.read(card["file"], "the polar model", len) == len(model)


def test_what_is_not_there_or_cannot_be_used_is_one_kind_of_error() -> None:
    with pytest.raises(ModelError, match="the nut cannot be read"):
        shipped.card("nut", "the nut")
    with pytest.raises(ModelError, match="install the package again"):
        shipped.read("polar.json", "the nut", lambda data: data.decode()[10**9])
    with pytest.raises(ModelError):
        shipped.model("decide-coin", "a card that names no file")
