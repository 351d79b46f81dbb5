"""The commands that fill and change a catalogue, where another process does so, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import pytest

from obverse import Catalogue
from tests.coins import face


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), face(0, 128))
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    path = tmp_path / "empty"
    path.mkdir()
    return path


def test_what_another_process_made_is_not_dropped(
    run: Any, photo: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, add = tmp_path / "c.obv", Catalogue.add
    other = Catalogue(place)

    def late(self: Catalogue, *args: Any, **options: Any) -> Any:
        add(other, empty)
        return add(self, *args, **options)

    monkeypatch.setattr(Catalogue, "add", late)
    code, out, err = run("add", place, empty)
    assert code == 1
    assert "it holds 0 views" in out
    assert "no photos there" in err
    assert add(other, photo).added == 1
    assert len(Catalogue(place).views()) == 1


def test_what_another_process_filled_is_not_dropped(
    run: Any, photo: Path, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, add = tmp_path / "c.obv", Catalogue.add

    def early(self: Catalogue, *args: Any, **options: Any) -> Any:
        report = add(self, *args, **options)
        add(Catalogue(place), photo)
        return report

    monkeypatch.setattr(Catalogue, "add", early)
    code, out, _ = run("add", place, empty)
    assert code == 1
    assert "it holds 1 view" in out
    assert len(Catalogue(place).views()) == 1


def test_photos_beside_a_manifest_of_another_program_are_added(
    run: Any, photo: Path, tmp_path: Path
) -> None:
    (photo.parent / "manifest.json").write_text('{"name": "a web app", "icons": []}')
    code, out, _ = run("add", tmp_path / "c.obv", photo.parent)
    assert code == 0
    assert "1 added" in out
