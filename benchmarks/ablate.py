"""What each part of the embedder is worth: ``python benchmarks/ablate.py PROTOCOL.csv --root DIR``.

One table on one protocol, photos cut out by the shipped finder. Rows: plain pooled ImageNet
features; the polar model before any training; the shipped model's vector alone; vector and
correlation, on floats and in int8 arithmetic; a shorter list; all radii alike; fewer channels,
angular frequencies and phases of the query. ``--run DIR`` (again and again) adds the best
checkpoint of a training run. Needs the extra ``obverse[train]``.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import torch
from onnxruntime import quantization
from torch.nn import functional as F

import obverse.find
from obverse import recipes
from obverse.errors import PhotoError
from obverse.evaluate import metrics
from obverse.normalise import ANGLES, RADII, disc
from obverse.photo import load
from obverse.train.model import STRIDE, Polar, correlate, fit_heads
from obverse.train.trunk import Trunk, scale_pixels
from obverse.types import U8, Array

SHORTLIST = recipes.get("coin").shortlist
CELLS = 14
Embed = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class Cut:
    """All photos of a protocol: grey polar images (n, 224, 112), upright discs (n, 224, 224),
    roles and items (n,)."""

    polars: U8
    discs: U8
    roles: Array
    items: Array


def cut(protocol: Path, root: Path, finder: str, spin: bool) -> Cut:
    """Cut every coin out of its photo; ``spin`` turns queries, for protocols of upright scans."""
    find = obverse.find.get(finder)
    polars, discs, roles, items = [], [], [], []
    rng = np.random.default_rng(0)
    with protocol.open(newline="") as file:
        for i, row in enumerate(csv.DictReader(file)):
            try:
                photo = load(root / row["photo"])
            except PhotoError as error:
                print(error, file=sys.stderr)
                continue
            patch = disc(photo, find.find(photo)[0])
            polar = patch.polar[..., 0]
            if spin and row["role"] != "catalogue":
                polar = np.roll(polar, int(rng.integers(len(polar))), 0)
            polars.append(polar)
            discs.append(cv2.resize(patch.image, (224, 224), interpolation=cv2.INTER_AREA)[..., 1])
            roles.append(row["role"])
            items.append(row["item"])
            if i % 500 == 499:
                print(f"{i + 1} photos cut", file=sys.stderr)
    return Cut(np.stack(polars), np.stack(discs), np.array(roles), np.array(items))


@torch.no_grad()
def run(embed: Embed, images: U8) -> tuple[torch.Tensor, torch.Tensor]:
    both = [embed(x) for x in batches(images)]
    return torch.cat([v for v, _ in both]), torch.cat([m for _, m in both])


def batches(images: U8) -> Iterator[torch.Tensor]:
    for x in torch.from_numpy(images).split(64):
        yield x[..., None].expand(-1, -1, -1, 3).contiguous()


SHIPPED = Path(obverse.__file__).parent / "models" / "polar.onnx"


def by_file(path: Path) -> Embed:
    """An ONNX file, by onnxruntime on the CPU."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def embed(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        vector, maps = session.run(["vector", "map"], {"image": x.numpy()})
        return torch.from_numpy(vector), torch.from_numpy(maps)

    return embed


def quantised(some: U8, path: Path) -> Path:
    """The shipped model with int8 weights and activations, calibrated on catalogue pictures."""
    quantization.quant_pre_process(str(SHIPPED), str(path))

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.left = list(batches(some[:: max(1, len(some) // 128)]))

        def get_next(self) -> dict[str, Array] | None:
            return {"image": self.left.pop().numpy()} if self.left else None

    quantization.quantize_static(str(path), str(path), Reader(), per_channel=True)
    return path


def speed(path: Path) -> str:
    """Median milliseconds per image of a batch of 16, and the file's megabytes."""
    embed, images = by_file(path), torch.zeros(16, ANGLES, RADII, 3, dtype=torch.uint8)
    times = []
    for _ in range(12):
        start = time.perf_counter()
        embed(images)
        times.append(1e3 * (time.perf_counter() - start) / len(images))
    return f"{np.median(times):.1f} ms an image, {path.stat().st_size / 1e6:.1f} MB"


def checkpoint(folder: Path) -> Embed:
    """The best model of a training run."""
    asked = json.loads((folder / "settings.json").read_text())
    model = Polar(asked["channels"], asked["dim"], asked["depth"], pretrained=False)
    state = torch.load(folder / "best.pt", map_location="cpu", weights_only=False)
    model.load_state_dict(state["model"])
    return model.eval()


def untrained(some: U8) -> Embed:
    """ImageNet weights; statistics and projections from the catalogue's own pictures."""
    model = Polar().eval()
    with torch.no_grad():
        fit_heads(model, torch.cat([model.trunk(scale_pixels(x)) for x in batches(some)]))
    return model


def pooled() -> Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """All of the ImageNet network on the upright disc, averaged over the picture."""
    trunk = Trunk.pretrained(16).eval()

    def embed(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        vector = F.normalize(trunk(scale_pixels(x)).mean((2, 3)), dim=1)
        return vector, torch.zeros(len(x), 1, CELLS, 1)

    return embed


class Scored:
    """One model on the whole protocol; rows of the table are asked from it."""

    def __init__(self, data: Cut, embed: Embed, phases: int, images: U8 | None = None) -> None:
        images = data.polars if images is None else images
        known = data.roles == "catalogue"
        self.items = data.items[known]
        self.asked, self.is_query = data.items[~known], data.roles[~known] == "query"
        self.vectors, self.maps = run(embed, images[known])
        step = STRIDE // phases
        turned = [np.roll(images[~known], -k * step, 1) for k in range(phases)]
        both = [run(embed, x) for x in turned]
        self.query_vectors = F.normalize(sum(v for v, _ in both), dim=1)
        self.query_maps = [m for _, m in both]

    def row(
        self,
        name: str,
        *,
        verify: bool = True,
        phases: int | None = None,
        shortlist: int = SHORTLIST,
        reduce: Callable[[torch.Tensor], torch.Tensor] = lambda maps: maps,
    ) -> dict[str, object]:
        views = reduce(self.maps)
        queries = [reduce(m) for m in self.query_maps]
        if phases is not None:
            queries = queries[:: len(queries) // phases]
        rank, found, top = [], [], []
        for i, item in enumerate(self.asked):
            likeness = self.vectors @ self.query_vectors[i]
            nearest = likeness.argsort(descending=True)
            order = nearest[:shortlist]
            scores = likeness[order]
            if verify:
                tables = [correlate(q[i : i + 1], views[order])[0] for q in queries]
                scores = torch.stack(tables).amax(0)
            best = order[scores.argsort(descending=True, stable=True)].numpy()
            names = list(dict.fromkeys(self.items[best]))
            top.append(float(scores.max()))
            if self.is_query[i]:
                rank.append(names.index(item) + 1 if item in names else np.inf)
                found.append(item in self.items[nearest[:200].numpy()])
        recall = metrics.recall_at(rank, (1, 5))
        scores_all = np.array(top)
        return {
            "": name,
            "recall@1": recall[1],
            "recall@5": recall[5],
            "in first 200": float(np.mean(found)),
            "AUROC": metrics.auroc(scores_all[self.is_query], scores_all[~self.is_query]),
            "map bytes": int(np.prod(views.shape[1:])) if verify else 0,
        }


def fewer_channels(maps: torch.Tensor, count: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Only the strongest principal components of the channels."""
    cells = maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])
    _, basis = torch.linalg.eigh(cells.T @ cells)
    keep = basis.flip(1)[:, :count]
    return lambda m: torch.einsum("ncar,ck->nkar", m, keep)


def fewer_frequencies(count: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Only the lowest angular frequencies of the map."""

    def reduce(maps: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft(maps, dim=2)
        spectrum[:, :, count:] = 0
        return torch.fft.irfft(spectrum, n=maps.shape[2], dim=2)

    return reduce


def table(data: Cut, runs: list[Path]) -> Iterator[dict[str, object]]:
    known = data.polars[data.roles == "catalogue"]
    yield Scored(data, pooled(), 1, data.discs).row("ImageNet features, pooled", verify=False)
    before = Scored(data, untrained(known[::3]), 4)
    yield before.row("polar, untrained: vector", verify=False)
    yield before.row("polar, untrained: vector, then correlation")
    after = Scored(data, by_file(SHIPPED), 8)
    yield after.row("shipped: vector", verify=False)
    yield after.row(f"shipped: vector, then correlation ({speed(SHIPPED)})", phases=4)
    with tempfile.TemporaryDirectory() as folder:
        small = quantised(known, Path(folder) / "int8.onnx")
        yield Scored(data, by_file(small), 4).row(f"shipped, int8 ({speed(small)})")
    yield after.row("shipped, 200 candidates", phases=4, shortlist=200)
    alike = 1 / Polar(pretrained=False).emphasis
    yield after.row("shipped, all radii alike", phases=4, reduce=lambda maps: maps * alike)
    for count in (24, 16, 8):
        reduce = fewer_channels(after.maps, count)
        yield after.row(f"shipped, {count} channels", phases=4, reduce=reduce)
    for count in (7, 5, 3):
        yield after.row(
            f"shipped, {count} of 8 angular frequencies", phases=4, reduce=fewer_frequencies(count)
        )
    for phases in (1, 2, 8):
        yield after.row(f"shipped, query at {phases * CELLS} turns", phases=phases)
    for trained in runs:
        mine = Scored(data, checkpoint(trained), 4)
        yield mine.row(f"{trained.name}: vector", verify=False)
        yield mine.row(f"{trained.name}: vector, then correlation")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("protocol", type=Path)
    parser.add_argument("--root", type=Path, required=True, help="where its photos are")
    parser.add_argument("--run", type=Path, action="append", default=[], help="a training run")
    parser.add_argument("--finder", default=recipes.get("coin").finder)
    parser.add_argument("--spin", action="store_true", help="turn the queries at random")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    data = cut(args.protocol, args.root, args.finder, args.spin)
    header = False
    for row in table(data, args.run):
        if not header:
            print("| " + " | ".join(row) + " |")
            print("| --- " + "| ---: " * (len(row) - 1) + "|")
            header = True
        cells = [
            "" if v is None else f"{v:.3f}" if isinstance(v, float) else str(v)
            for v in row.values()
        ]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
