"""Views of one design stand the same way up: turns that were made are found again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse import canvas, draw
from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.levelling import with_upright
from obverse.errors import NotInCatalogue, UsageError
from obverse.types import U8, View
from tests.catalogue.samples import make_view
from tests.coins import face, turned
from tests.e2e.conftest import run_command

TURNS = (0.0, 38.0, 197.0)


def save(path: Path, design: U8, degrees: float = 0.0) -> Path:
    """A scan of a coin on white, turned counter-clockwise."""
    size = design.shape[0]
    scan = np.full((size + 60, size + 60, 3), 250, np.uint8)
    disc = np.zeros((size, size), np.uint8)
    cv2.circle(disc, (size // 2, size // 2), size // 2 - 1, (255,), -1, cv2.LINE_AA)
    alpha = disc[..., None] / 255
    inner = turned(design, degrees) * alpha + 250 * (1 - alpha)
    scan[30:-30, 30:-30] = inner.astype(np.uint8)
    cv2.imwrite(str(path), scan)
    return path


def apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def alike(a: U8, b: U8) -> float:
    """Correlation within the disc."""
    axis = np.linspace(-1, 1, a.shape[0])
    within = np.hypot(axis[:, None], axis) < 0.9
    return float(np.corrcoef(a[within, 0], b[within, 0])[0, 1])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of one item: its obverse at three turns, added one by one, then its reverse and
    another design that is called an obverse too."""
    folder = tmp_path_factory.mktemp("level")
    with Catalogue(folder / "c.obv") as catalogue:
        for n, degrees in enumerate(TURNS):
            photo = save(folder / f"{n}.png", face(1), degrees)
            catalogue.add(photo, item="a", side="obverse")
        catalogue.add(save(folder / "back.png", face(2), 90), item="a", side="reverse")
        catalogue.add(save(folder / "other.png", face(3)), item="a", side="obverse")
        catalogue.add(save(folder / "b.png", face(4)), item="b")
    return folder


@pytest.fixture
def catalogue(filled: Path, tmp_path: Path) -> Catalogue:
    import shutil

    shutil.copytree(filled / "c.obv", tmp_path / "c.obv")
    return Catalogue(tmp_path / "c.obv")


def by_name(catalogue: Catalogue) -> dict[str, View]:
    return {Path(v.source).stem: v for v in catalogue.views()}


def test_a_later_view_is_levelled_to_the_first(catalogue: Catalogue) -> None:
    views = by_name(catalogue)
    for n, degrees in enumerate(TURNS):
        assert apart(views[str(n)].upright, -degrees) < 2
    assert views["0"].upright == views["back"].upright == 0
    assert views["other"].upright == 0  # agrees with nothing
    upright = canvas.upright(views["0"])
    assert all(alike(canvas.upright(views[n]), upright) > 0.95 for n in ("1", "2"))
    assert alike(canvas.decode(views["1"].thumbnail), upright) < 0.7


def test_in_one_run_too(tmp_path: Path) -> None:
    rows = ["photo,item,side"]
    for n, degrees in enumerate(TURNS):
        rows.append(f"{save(tmp_path / f'{n}.png', face(6), degrees).name},a,")
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    with Catalogue(tmp_path / "c.obv") as catalogue:
        catalogue.add(tmp_path / "table.csv")
        views = by_name(catalogue)
    assert [apart(views[str(n)].upright, -degrees) < 2 for n, degrees in enumerate(TURNS)] == [
        True
    ] * 3


def test_an_answer_is_drawn_upright(catalogue: Catalogue, tmp_path: Path) -> None:
    photo = save(tmp_path / "q.png", face(1), 311)
    answer = catalogue.identify(photo)
    assert answer.best is not None
    assert apart(answer.best.upright, -311) < 3
    shown = canvas.turned(answer.patch.original, answer.best.upright)
    first = canvas.decode(by_name(catalogue)["0"].thumbnail)
    assert alike(shown, first) > 0.95
    assert alike(draw.card(answer.best).pixels, first) > 0.95
    assert answer.to_dict()["best"]["upright"] == round(answer.best.upright, 2)
    drawn = draw.answer(answer)
    top = draw.MARGIN + 108
    tiles = [
        cv2.resize(drawn[top : top + draw.TILE, x : x + draw.TILE], (256, 256))
        for x in (draw.MARGIN, draw.MARGIN + draw.TILE + draw.GAP)
    ]
    assert all(alike(tile, first) > 0.95 for tile in tiles)


def test_the_user_says_which_way_is_up_and_the_others_follow(catalogue: Catalogue) -> None:
    report = catalogue.level("a", turn=37, side="front")
    views = by_name(catalogue)
    assert report.turned == 3
    assert report.unsure == (views["other"].id,)
    for n, degrees in enumerate(TURNS):
        assert apart(views[str(n)].upright, 37 - degrees) < 3
    assert views["back"].upright == views["other"].upright == 0
    assert catalogue.level().turned == 0  # all stands as it should


def test_one_view_alone(catalogue: Catalogue) -> None:
    id = by_name(catalogue)["back"].id
    assert catalogue.level(view=id, turn=-90).turned == 1
    assert by_name(catalogue)["back"].upright == 270
    assert catalogue.level(view=id, turn=0).turned == 1
    assert "upright" not in by_name(catalogue)["back"].region


def test_a_catalogue_levelled_anew(catalogue: Catalogue) -> None:
    views = catalogue.store.views(item="a", embeddings=True)
    catalogue.store.put([with_upright(v, 0) for v in views])  # as an older version left it
    assert catalogue.level("a").turned == 2
    assert apart(by_name(catalogue)["2"].upright, -TURNS[2]) < 3


def test_misuse(catalogue: Catalogue) -> None:
    with pytest.raises(NotInCatalogue):
        catalogue.level("nobody")
    with pytest.raises(NotInCatalogue):
        catalogue.level(view="nobody", turn=3)
    for wrong in (
        {"turn": 3.0},
        {"view": "v"},
        {"view": "v", "item": "a", "turn": 3.0},
        {"item": "a", "turn": float("nan")},
        {"item": "a", "side": "nonsense", "turn": 10.0},
        {"side": "nonsense"},
    ):
        with pytest.raises(UsageError):
            catalogue.level(**wrong)  # type: ignore[arg-type]


def test_flat_things_are_not_levelled(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "f.obv", recipe="flat") as flat:
        for n in (0, 180):
            flat.add(save(tmp_path / f"{n}.png", face(1), n), item="a")
        assert [v.upright for v in flat.views()] == [0, 0]
        with pytest.raises(UsageError, match="only round"):
            flat.level("a")
        assert flat.level(view=flat.views()[0].id, turn=180).turned == 1


def test_what_is_exported_is_upright(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.export(tmp_path / "out")
    views = by_name(catalogue)
    pictures = [
        cv2.imread(str(tmp_path / "out" / "pictures" / f"{views[n].id}.jpg"))[..., ::-1]
        for n in "012"
    ]
    assert all(alike(p, pictures[0]) > 0.95 for p in pictures)


def test_the_turn_is_a_number_from_0_to_360_or_absent() -> None:
    view = make_view(1)
    assert view.upright == 0
    assert with_upright(view, -10).upright == 350
    assert with_upright(view, 725.04).upright == 5
    assert with_upright(with_upright(view, 5), 359.99).region == view.region
    assert json.loads(json.dumps(dict(with_upright(view, 12.34).region)))["upright"] == 12.3
    assert replace(view, region={}).upright == 0


def test_the_command(catalogue: Catalogue) -> None:
    done = run_command("level", catalogue.uri, "a", "--turn", "20", "--side", "obverse", "--json")
    assert (done.code, done.json["turned"]) == (0, 3)
    assert run_command("level", catalogue.uri, "--turn", "20").code == 2
