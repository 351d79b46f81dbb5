from __future__ import annotations

from pathlib import Path

import pytest

from obverse import recipes
from obverse.catalogue.catalogue import Catalogue
from obverse.errors import UsageError
from obverse.evaluate.engine import Own


def test_models_are_those_of_the_catalogue_it_opens(tmp_path: Path) -> None:
    own = Own()
    assert own.recipe == recipes.DEFAULT
    library = own.open(tmp_path / "c.obv")
    try:
        assert isinstance(library, Catalogue)
        library.add([])
        models = library.info()["models"]
        assert own.models() == models | {"post": "", "verified by": "polar"}
    finally:
        library.close()


def test_unknown_recipe() -> None:
    with pytest.raises(UsageError, match="unknown recipe"):
        Own("soup")


def test_stages_by_name_are_told_apart_where_models_are_the_same() -> None:
    usual, chosen = Own(), Own(verifier="texture")
    assert usual.models() != chosen.models()
    again = [Own(embedder="hist-gray-64", post=post).models() for post in ("qe:3", "diffusion")]
    assert again[0] != again[1]
