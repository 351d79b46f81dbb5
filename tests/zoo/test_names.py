"""Names that nobody knows are met with the nearest one that somebody does."""

from __future__ import annotations

import pytest

from obverse import embed, recipes, zoo
from obverse.errors import UsageError
from obverse.zoo import post


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hist-hsv2", "hist-hsv"),
        ("histgray", "hist-gray-256"),
        ("vlad-surf", "vlad-sift[:WORDS]"),
        ("fischer-rootsift:32", "fisher-rootsift[:WORDS]"),
        ("HOG", "hog"),
        ("polr", "polar"),
        ("onnx:model", "onnx:CARD.json"),
        ("hf:", "hf:NAME"),
    ],
)
def test_the_nearest_embedder(name: str, meant: str) -> None:
    for get in (zoo.get, embed.get, lambda name: recipes.get("flat", name)):
        with pytest.raises(UsageError) as told:
            get(name)
        assert str(told.value).startswith(f"unknown embedder {name!r}; did you mean {meant}? ")


def test_nothing_near() -> None:
    with pytest.raises(UsageError, match="unknown embedder 'qqq'; choose polar"):
        zoo.get("qqq")


def test_steps_behind_a_comma_belong_elsewhere() -> None:
    with pytest.raises(UsageError, match="unknown embedder 'phash,pca:8'; write --post pca:8"):
        recipes.get("flat", "phash,pca:8")


@pytest.mark.parametrize(
    ("step", "meant"),
    [("pca", "pca:D"), ("pca-whitening:64", "pca-whiten:D"), ("k-reciprocal", "reciprocal")],
)
def test_the_nearest_step(step: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}. choose from: l2, "):
        post.parse(step)
