"""The finder's training: network, targets, loss, the loop, resuming, and the exported file."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse.errors import UsageError
from obverse.mint import coin_type
from obverse.mint.render import scan

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from obverse.train import finder, sources  # noqa: E402
from obverse.train.compose import FULL, compose  # noqa: E402
from obverse.train.run import best_of  # noqa: E402
from obverse.train.unet import STEP, UNet, loss_of  # noqa: E402


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four minted coins on white, in a folder each, and one ground."""
    folder = tmp_path_factory.mktemp("data")
    for i in range(4):
        place = folder / "coins" / f"type{i}"
        place.mkdir(parents=True)
        pixels = scan(coin_type(3, i), "obverse", size=160)
        cv2.imwrite(str(place / "a.png"), pixels[..., ::-1])
    (folder / "grounds").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (20, 20, 3), np.uint8)
    cv2.imwrite(str(folder / "grounds" / "g.png"), cv2.resize(noise, (300, 300)))
    return folder


@pytest.fixture(scope="module")
def network() -> UNet:
    torch.manual_seed(0)
    return UNet(pretrained=False).eval()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of a few steps on tiny photos."""
    for name, value in (("SIZE", 64), ("EVERY", 2), ("HELD_OUT", 4), ("LOG", 1)):
        monkeypatch.setattr(finder, name, value)


def run(
    data: Path, out: Path, steps: int = 4, *, resume: bool = False, workers: int = 0
) -> dict[str, float]:
    return finder.train(
        data,
        out,
        steps=steps,
        batch=2,
        resume=resume,
        pretrained=False,
        device="cpu",
        workers=workers,
    )


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_the_network_answers_for_every_second_pixel(network: UNet, size: tuple[int, int]) -> None:
    with torch.no_grad():
        logits = network(torch.zeros(2, *size, 3, dtype=torch.uint8))
    assert logits.shape == (2, 2, size[0] // STEP, size[1] // STEP)
    assert logits.dtype == torch.float32


def test_frozen_blocks_get_no_gradient(network: UNet) -> None:
    logits = network(torch.zeros(1, 64, 64, 3, dtype=torch.uint8))
    logits.mean().backward()
    assert network.trunk.stem.conv.weight.grad is None
    assert network.trunk.blocks[0].project.conv.weight.grad is None
    assert network.trunk.blocks[-1].project.conv.weight.grad is not None
    network.zero_grad()


def test_the_loss_is_that_of_the_slow_formula() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1, 2, 8, 8)).astype(np.float32)
    mask = (rng.random((1, 8, 8)) > 0.5).astype(np.float32)
    inset = mask * rng.random((1, 8, 8)).astype(np.float32)
    _, parts = loss_of(*(torch.from_numpy(a) for a in (logits, mask, inset)))
    said = 1 / (1 + np.exp(-logits.astype(np.float64)))
    both, total, mask_loss, inset_loss = 0.0, 0.0, 0.0, 0.0
    padded = np.pad(mask[0].astype(np.float64), 2)
    for y in range(8):
        for x in range(8):
            m, s, i, d = mask[0, y, x], said[0, 0, y, x], inset[0, y, x], said[0, 1, y, x]
            both, total = both + s * m, total + s * s + m * m
            near = padded[y : y + 5, x : x + 5].sum() / 25
            bce = -(m * np.log(s) + (1 - m) * np.log(1 - s))
            mask_loss += (0.3 + abs(s - m) + 12 * near * (1 - near)) * bce / 64
            cost = -(i * np.log(d) + (1 - i) * np.log(1 - d))
            if 0 < i < 1:
                cost += i * np.log(i) + (1 - i) * np.log(1 - i)
            inset_loss += (0.5 + m + 2 * m * np.exp(-i / 0.15)) * cost / 64
    assert parts["dice"] == pytest.approx(1 - (2 * both + 20) / (total + 20), rel=1e-4)
    assert parts["mask"] == pytest.approx(mask_loss, rel=1e-4)
    assert parts["inset"] == pytest.approx(inset_loss, rel=1e-4)


def test_a_perfect_answer_costs_next_to_nothing() -> None:
    mask = torch.zeros(1, 16, 16)
    mask[:, 4:12, 4:12] = 1
    logits = torch.stack([mask * 40 - 20, mask * 40 - 20], dim=1)
    value, _ = loss_of(logits, mask, mask)
    worse, _ = loss_of(-logits, mask, mask)
    assert float(value) < 1e-3
    assert float(worse) > 1


def test_targets_are_the_means_of_their_pixels(pictures: Path) -> None:
    photo = compose(sources.gather(pictures), np.random.default_rng(0), 64, FULL)
    image, mask, inset = finder.to_tensors(photo)
    assert image.dtype == torch.uint8
    assert tuple(image.shape) == (64, 64, 3)
    for target, plane in ((mask, photo.mask), (inset, photo.inset)):
        slow = plane.reshape(32, 2, 32, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(target.numpy(), slow, atol=1e-5)


def test_held_out_coins_are_no_part_of_training(pictures: Path) -> None:
    learn, held = finder.split(sources.gather(pictures))
    assert held.coins
    assert learn.coins
    assert not {id(c) for c in held.coins} & {id(c) for c in learn.coins}
    assert not held.scenes


@pytest.mark.usefixtures("small")
def test_a_killed_run_goes_on_to_the_same_end(pictures: Path, tmp_path: Path) -> None:
    """Stopped after two of four steps and resumed, against a run in one piece."""
    whole = run(pictures, tmp_path / "whole")

    class Killed(Exception):
        pass

    real = finder.judge
    calls = []

    def judge_then_die(*args: object) -> dict[str, float]:
        if calls:
            raise Killed
        calls.append(1)
        return real(*args)  # type: ignore[arg-type]

    finder.judge = judge_then_die  # type: ignore[assignment]
    try:
        with pytest.raises(Killed):
            run(pictures, tmp_path / "pieces")
    finally:
        finder.judge = real
    resumed = run(pictures, tmp_path / "pieces", resume=True, workers=1)
    assert resumed == pytest.approx(whole, rel=1e-3)
    first, second = (
        torch.load(tmp_path / n / "last.pt", weights_only=False)["model"]
        for n in ("whole", "pieces")
    )
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("small")
def test_a_run_is_not_overwritten(pictures: Path, tmp_path: Path) -> None:
    run(pictures, tmp_path / "run", steps=2)
    with pytest.raises(UsageError, match="holds a training run"):
        run(pictures, tmp_path / "run", steps=2)
    with pytest.raises(UsageError, match="other settings"):
        run(pictures, tmp_path / "run", steps=3, resume=True)


@pytest.mark.usefixtures("small")
def test_the_exported_file_is_the_torch_model(pictures: Path, tmp_path: Path) -> None:
    import onnxruntime

    run(pictures, tmp_path / "run", steps=2)
    card = finder.export(tmp_path / "run", tmp_path / "models", card={"name": "mine"})
    assert card == json.loads((tmp_path / "models" / "finder.json").read_text())
    assert card["name"] == "mine"
    assert card["onnx_vs_torch"] < 1e-3
    path = tmp_path / "models" / "finder.onnx"
    assert path.stat().st_size <= 6_000_000
    model = UNet(pretrained=False)
    model.load_state_dict(best_of(tmp_path / "run")["averaged"])
    folded = finder.fold(model)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for shape in ((1, 64, 64, 3), (3, 32, 96, 3)):
        images = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
        (said,) = session.run(None, {"image": images})
        with torch.no_grad():
            rounded = folded(torch.from_numpy(images)).numpy()
            exact = model.eval()(torch.from_numpy(images)).numpy()
        np.testing.assert_allclose(said, rounded, atol=1e-3)
        np.testing.assert_allclose(said, exact, atol=0.05)  # 16-bit weights


def test_without_a_checkpoint_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no trained model"):
        finder.export(tmp_path, tmp_path / "models")


def test_a_folder_without_coins_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        sources.gather(tmp_path / "absent")
    (tmp_path / "coins").mkdir()
    with pytest.raises(UsageError, match="cut out"):
        sources.gather(tmp_path)
