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
        assert own.models() == library.info()["models"]
    finally:
        library.close()


def test_unknown_recipe() -> None:
    with pytest.raises(UsageError, match="unknown recipe"):
        Own("soup")
