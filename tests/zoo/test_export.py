"""Models exported to ONNX: equal to torch, and run without it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers")
pytest.importorskip("torch")
pytest.importorskip("onnx")

from obverse import to_onnx, zoo
from obverse.errors import MissingExtra, ModelError, UsageError
from obverse.zoo import export as exporting
from obverse.zoo.export import export
from obverse.zoo.hf import HfDescriptor
from tests.zoo.tiny import picture

Tiny = Callable[[str], Path]
PICTURES = [picture(seed, 31 + 17 * seed, 83 - 9 * seed) for seed in range(5)]


@pytest.mark.parametrize(
    "name",
    [
        *("clip", "clip:cls", "siglip:gem", "dinov2", "dinov2:mean", "vit", "resnet", "resnet:gem"),
        *("swin", "beit:mean", "convnext", "mae"),
    ],
)
def test_the_file_gives_what_the_model_gives(tiny: Tiny, tmp_path: Path, name: str) -> None:
    model, _, pool = name.partition(":")
    spec = f"hf:{tiny(model)}:{pool}" if pool else f"hf:{tiny(model)}"
    torch_side = HfDescriptor(spec)
    made = export(spec, tmp_path / "out")
    assert made["card"] == str(tmp_path / "out" / f"{model}-{torch_side.pool}.json")
    assert made["onnx_vs_torch"] < 1e-4
    onnx_side = zoo.get(f"onnx:{made['card']}")
    assert isinstance(onnx_side, zoo.Descriptor)
    assert onnx_side.dim == torch_side.dim == made["dim"]
    theirs = torch_side.describe(PICTURES)
    np.testing.assert_allclose(onnx_side.describe(PICTURES), theirs, atol=1e-4)
    np.testing.assert_allclose(onnx_side.describe(PICTURES[:1]), theirs[:1], atol=1e-4)
    assert np.ptp(theirs, axis=0).max() > 0.01
    assert not torch_side.model.training, "exporting changes nothing about the model"


def test_it_runs_where_torch_is_not(tiny: Tiny, tmp_path: Path) -> None:
    card = export(f"hf:{tiny('clip')}", tmp_path)["card"]
    np.save(tmp_path / "picture.npy", PICTURES[0])
    code = (
        "import sys; sys.modules.update(torch=None, transformers=None, onnx=None)\n"
        "import json, numpy as np\nfrom obverse import zoo\n"
        f"vector = zoo.get('onnx:{card}').describe([np.load(r'{tmp_path}/picture.npy')])[0]\n"
        "print(json.dumps(vector.tolist()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    theirs = HfDescriptor(str(tiny("clip"))).describe(PICTURES[:1])[0]
    np.testing.assert_allclose(json.loads(done.stdout), theirs, atol=1e-4)


def test_the_card_names_no_place_on_this_machine(tiny: Tiny, tmp_path: Path) -> None:
    made = export(f"hf:{tiny('resnet')}:mean", tmp_path)
    said = json.loads(Path(made["card"]).read_text("utf-8"))
    assert said["source"] == "hf:resnet:mean"
    assert said["fingerprint"] == HfDescriptor(f"{tiny('resnet')}:mean").fingerprint
    # The processor resizes to 32 / 0.875 before it cuts the middle out.
    assert (said["shortest"], said["size"], said["interpolation"]) == (36, [32, 32], "bicubic")
    assert str(tmp_path) not in json.dumps(said)


def test_preprocessing_that_no_card_can_say(tiny: Tiny, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("clip"), tmp_path / "odd"))
    said = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    said["size"] = {"height": 40, "width": 36}
    (folder / "preprocessor_config.json").write_text(json.dumps(said), "utf-8")
    with pytest.raises(ModelError, match="prepares pictures in a way that no card can say"):
        export(f"hf:{folder}", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ModelError, match="prepares pictures in a way that no card can say"):
        export(f"hf:{tiny('siglip2')}", tmp_path / "out")


def test_a_file_that_differs_is_not_kept(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_onnx, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="would differ from the model by"):
        export(f"hf:{tiny('vit')}", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_misuse(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file; name a folder to write to"):
        export(f"hf:{tiny('vit')}", tmp_path / "file")
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"needs onnx; pip install 'obverse\[zoo\]'"):
        export(f"hf:{tiny('vit')}", tmp_path / "out")
