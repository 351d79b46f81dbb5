"""End to end and tiny: train, stop, resume, export, and a catalogue that names the model."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from obverse.catalogue.catalogue import Catalogue  # noqa: E402
from obverse.errors import UsageError  # noqa: E402
from obverse.train import embedder as training  # noqa: E402
from obverse.train import produce  # noqa: E402
from obverse.train.embedder import Settings  # noqa: E402
from obverse.train.model import Polar  # noqa: E402
from obverse.train.run import Run  # noqa: E402
from tests.coins import face, turned  # noqa: E402

pytestmark = pytest.mark.xdist_group("produce")

SMALL = Settings(
    steps=4, pairs=4, minted=1, channels=8, dim=24, depth=6, frozen=2, check=2, refresh=3
)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def patched() -> Any:
    """Random weights: the published ones are a package that may be absent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            training, "Polar", lambda *sizes, pretrained=True: Polar(*sizes, pretrained=False)
        )
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten designs, two pictures each, as a table."""
    folder = tmp_path_factory.mktemp("data")
    rows = []
    for n in range(10):
        for k, turn in enumerate((0, 50)):
            name = f"{n}-{k}.png"
            cv2.imwrite(str(folder / name), turned(face(n, 200), turn))
            rows.append((name, f"design {n}"))
    with (folder / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("photo", "item"), *rows])
    return folder / "t.csv"


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory, patched: None) -> dict[str, Any]:
    torch.manual_seed(0)
    return produce.embedder(data, tmp_path_factory.mktemp("out") / "run", SMALL, device="cpu")


def test_a_run_leaves_a_model_its_card_and_its_curves(made: dict[str, Any]) -> None:
    json.dumps(made)
    run = Path(made["run"])
    card = json.loads(Path(made["card"]).read_text("utf-8"))
    assert card["output"] == {"vector": ["n", 24], "map": ["n", 8, 14, 7]}
    assert card["training"]["steps"] == 4
    assert card["onnx_vs_torch"] <= 1e-3
    assert card["held_out"]["held_out_mrr"] == made["held_out_mrr"]
    assert made["steps"] == 4
    assert Path(made["model"]).stat().st_size == made["model_bytes"]
    assert "<svg" in Path(made["curves"]).read_text("utf-8")
    settings = json.loads((run / "settings.json").read_text("utf-8"))
    assert settings["steps"] == 4, "the settings outlive what is written after the training"


def test_a_killed_run_goes_on_where_it_was(
    data: Path, tmp_path: Path, patched: None, monkeypatch: Any
) -> None:
    whole = Run.log

    def stop(self: Run, step: int, **values: float) -> None:
        whole(self, step, **values)
        if step == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(Run, "log", stop)
    with pytest.raises(KeyboardInterrupt):
        produce.embedder(data, tmp_path / "r", SMALL, device="cpu")
    monkeypatch.setattr(Run, "log", whole)
    state = torch.load(tmp_path / "r" / "last.pt", weights_only=False)
    assert state["step"] == 2
    done = produce.embedder(data, tmp_path / "r", SMALL, resume=True, device="cpu")
    assert done["steps"] == 4
    with pytest.raises(UsageError, match="--resume"):
        produce.embedder(data, tmp_path / "r", SMALL, device="cpu")


def test_a_catalogue_names_the_model(made: dict[str, Any], tmp_path: Path) -> None:
    photos = []
    for n in range(6):
        photos.append(tmp_path / f"{n}.png")
        cv2.imwrite(str(photos[-1]), face(n, 200))
    with Catalogue(tmp_path / "c.obv", embedder=made["card"]) as catalogue:
        assert catalogue.add(photos).added == 6
        assert catalogue.store.manifest.dim == 24
        assert catalogue.store.manifest.map_shape == (8, 14, 7)
    with Catalogue(tmp_path / "c.obv") as catalogue:
        # Four steps from random weights tell no coins apart, but a picture agrees with itself.
        scores = {c.item.id: c.score for c in catalogue.identify(photos[4], top=6).candidates}
        assert scores["4"] > 0.99


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"depth": 17}, "choose 6 to 16"),
        ({"depth": 6, "channels": 81, "dim": 24}, "gives 80 at most"),
        ({"channels": 4, "dim": 200}, "4 channels give 140 at most"),
        ({"pairs": 400}, "too few to learn from"),
        ({"loss": "hinge"}, "unknown loss"),
    ],
)
def test_settings_that_make_no_model(
    wrong: dict[str, Any], said: str, data: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        produce.embedder(data, tmp_path / "r", replace(SMALL, **wrong), device="cpu")
    assert not (tmp_path / "r").exists()


def test_devices() -> None:
    with pytest.raises(UsageError, match="auto, cpu, cuda"):
        produce.check_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="no GPU"):
            produce.check_device("cuda")
