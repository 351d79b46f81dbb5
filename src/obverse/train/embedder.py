"""Train the polar embedder: vector for search and map for verify, end to end.

A step takes pairs: a picture as a catalogue would hold it, and a hard imitation of a query of it
or of a twin, at another turn. Batches are built from near neighbours of one another, so that the
negatives are hard ones. (Negatives from a memory bank of older embeddings spoilt the training: the
model moved away from its own past instead of parting designs, docs/decisions.md.)
"""

from __future__ import annotations

import ctypes
import math
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from obverse.degrade import HARD, MILD, Severity, clean, degrade
from obverse.normalise import ANGLES
from obverse.train import losses
from obverse.train.designs import POSITIVE, UNKNOWN, Bank, Designs
from obverse.train.minted import minted
from obverse.train.model import STRIDE, Polar, correlate, fit_heads
from obverse.train.pictures import Cuts, cut, gather
from obverse.train.redate import redate
from obverse.train.run import Run, best_of
from obverse.types import U8, Array

DISTRACTORS = 1000
"""Training pictures among which held-out ones must be found; all of them take too long."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides the result of a training.

    Attributes:
        loss: a name of ``losses.LOSSES``.
        steps: optimiser steps; the learning rate falls as a half cosine over them.
        pairs: pairs of pictures a step.
        seed: of everything drawn.
        minted: minted coin types that join the data.
        channels, dim, depth: size of the map, the vector, the trunk.
        frozen: blocks of the trunk, from the stem on, that stay as ImageNet left them; they cost
            half the time of a step.
        trunk_rate, head_rate: AdamW's learning rates.
        vector_weight: of the vector's loss beside the map's.
        twins: share of the queries that show a likely twin of an unlabelled picture, found by
            likeness.
        dates: share of the queries of which a small piece is another coin's, as between two
            specimens of one design.
        start: the folder of an earlier run whose best model is the start, instead of ImageNet.
        finder_error: imitate it; False only to measure what that is worth.
        refresh: steps between looks at all training pictures.
        check: steps between looks at the held-out pictures.
        held_out: share of designs and groups that are never trained on.
        patience: stop after so many checks without a better one.
    """

    loss: str = "arcface"
    steps: int = 1500
    pairs: int = 32
    seed: int = 0
    minted: int = 160
    channels: int = 32
    dim: int = 256
    depth: int = 11
    frozen: int = 3
    trunk_rate: float = 2e-4
    head_rate: float = 1e-3
    vector_weight: float = 1.0
    twins: float = 0.4
    dates: float = 0.6
    start: str = ""
    finder_error: bool = True
    refresh: int = 400
    check: int = 100
    held_out: float = 0.08
    patience: int = 6


def train(
    data: Path, out: Path, settings: Settings, *, resume: bool = False, device: str = "auto"
) -> Polar:
    """Train a polar embedder.

    Args:
        data: a folder or a table, see ``pictures.gather``.
        out: the run's folder.
        settings: what decides the result.
        resume: go on after a stop.
        device: ``cpu``, ``cuda``, or ``auto``: a GPU where there is one.

    Returns:
        The model with the best held-out figure.

    Raises:
        UsageError: nothing to learn from, an unknown loss, a folder that holds another run.
    """
    loss = losses.get(settings.loss)
    keep_memory()
    run = Run(out, {"data": str(data), **asdict(settings)}, resume=resume)
    cv2.setNumThreads(1)
    torch.manual_seed(settings.seed)
    where = torch.device(
        device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    )
    cuts = _join(cut(gather(data), out / "cache"), settings, out / "cache")
    held = hold_out(cuts, settings.held_out, settings.seed)
    trainer = _Trainer(cuts, held, settings, loss, where)
    trainer.start(run.load() if resume else None)
    trainer.go(run)
    best = run.load("best")
    if best is not None:
        trainer.model.load_state_dict(best["model"])
    return trainer.model.cpu().eval()


def keep_memory() -> None:
    """Let the C library keep what tensors free: giving it back and fetching it again took 38 % of
    the time of a step on the CPU. Does nothing where the library is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(-4, 0)  # M_MMAP_MAX: no block of its own for a large tensor
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
        mallopt(-2, 256 << 20)  # M_TOP_PAD


def hold_out(cuts: Cuts, share: float, seed: int) -> Array:
    """Bool (n,): pictures of the designs and groups that are never trained on."""
    words = [p.item or p.group or str(p.path) for p in cuts.pictures]
    names = sorted(set(words))
    rng = np.random.default_rng([seed, 77])
    count = max(1, round(share * len(names))) if len(names) > 1 else 0
    out = set(rng.permutation(names)[:count].tolist())
    return np.array([w in out for w in words])


def _join(cuts: Cuts, settings: Settings, cache: Path) -> Cuts:
    if not settings.minted:
        return cuts
    more = minted(settings.minted, cache)
    return Cuts(np.concatenate([cuts.images, more.images]), [*cuts.pictures, *more.pictures])


class _Trainer:
    def __init__(
        self, cuts: Cuts, held: Array, settings: Settings, loss: losses.Loss, device: torch.device
    ) -> None:
        self.all, self.held = cuts, np.flatnonzero(held)
        self.settings, self.loss, self.device = settings, loss, device
        keep = np.flatnonzero(~held)
        self.cuts = Cuts(cuts.images[keep], [cuts.pictures[int(i)] for i in keep])
        self.clean = np.stack([clean(image) for image in self.cuts.images])
        self.designs = Designs(self.cuts.pictures)
        self.weights = _weights(self.designs.items)
        self.hard = HARD
        if not settings.finder_error:
            self.hard = replace(HARD, shift=0.0, scale=0.0, stretch=0.0)
        self.step = 0
        self.best = -1.0
        self.stale = 0

    def start(self, state: dict[str, Any] | None) -> None:
        """Build the model, or take it up where a checkpoint left it."""
        s = self.settings
        self.model = Polar(s.channels, s.dim, s.depth, pretrained=not (state or s.start))
        if state is None and s.start:
            self.model.load_state_dict(best_of(Path(s.start))["model"])
        elif state is None:
            rng = np.random.default_rng([s.seed, 5])
            some = rng.permutation(len(self.cuts))[:1500]
            images = self.clean[some]
            with torch.no_grad():
                features = [self.model.trunk(x) for x in _batches(images, torch.device("cpu"))]
            fit_heads(self.model, torch.cat(features))
        elif state is not None:
            self.model.load_state_dict(state["model"])
        frozen = [self.model.trunk.stem, *self.model.trunk.blocks[: s.frozen]] if s.frozen else []
        for part in frozen:
            part.requires_grad_(False)
        self.model.to(self.device, memory_format=torch.channels_last)
        heads = [*self.model.reduce.parameters(), *self.model.project.parameters()]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": [p for p in self.model.trunk.parameters() if p.requires_grad]},
                {"params": heads},
            ],
            weight_decay=1e-4,
        )
        if state is not None:
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.best = int(state["step"]), float(state["best"])
            self.stale = int(state["stale"])
            self.bank = Bank(*state["bank"])
            self.designs = state["designs"]
        else:
            self.refresh()

    def go(self, run: Run) -> None:
        s = self.settings
        total: dict[str, float] = {}
        for batch in self._batches_ahead():
            for key, value in self._learn(batch).items():
                total[key] = total.get(key, 0.0) + value
            self.step += 1
            if self.step % 20 == 0:
                run.log(self.step, **{k: v / 20 for k, v in total.items()})
                total = {}
            if self.step % s.refresh == 0:
                self.refresh()
            if self.step % s.check == 0 or self.step == s.steps:
                figure = self.check()
                run.log(self.step, **figure)
                self.stale = 0 if figure["held_out_mrr"] > self.best else self.stale + 1
                if self.stale == 0:
                    self.best = figure["held_out_mrr"]
                    run.save({"model": self.model.state_dict(), "step": self.step}, "best")
                run.save(self._state())
                if self.stale >= s.patience:
                    print("no better for a while: stopped early", file=sys.stderr)
                    return

    def _state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "best": self.best,
            "stale": self.stale,
            "bank": (self.bank.vectors, self.bank.maps),
            "designs": self.designs,
        }

    def _batches_ahead(self) -> Iterator[_Batch]:
        """Batches made beside the learning, two ahead."""
        with ThreadPoolExecutor(2) as pool:
            steps = range(self.step, self.settings.steps)
            waiting = [pool.submit(self._make, s) for s in steps[:3]]
            for s in steps:
                batch = waiting.pop(0).result()
                if s + 3 < self.settings.steps:
                    waiting.append(pool.submit(self._make, s + 3))
                yield batch

    def _make(self, step: int) -> _Batch:
        s, rng = self.settings, np.random.default_rng([self.settings.seed, 9, step])
        index = self._choose(rng)
        views, queries, shown = [], [], []
        for i in index:
            j = self._shown(i, rng)
            seen = self.cuts.images[j]
            if rng.random() < s.dates:
                seen = redate(seen, self.cuts.images[rng.integers(len(self.cuts))], rng)
            turn = rng.uniform(0, 360)
            views.append(self._view(self.cuts.images[i], rng, turn))
            cell = 360 * STRIDE / ANGLES
            # A query is looked at in four phases, so it lies within an eighth of a cell.
            off = rng.uniform(-0.5, 0.5) if rng.random() < 0.25 else rng.uniform(-0.14, 0.14)
            turn += cell * (int(rng.integers(ANGLES // STRIDE)) + off)
            queries.append(self._query(seen, rng, turn, self.designs.items[i] >= 0))
            shown.append(j)
        return _Batch(index, np.array(shown), np.stack(views), np.stack(queries))

    def _shown(self, i: int, rng: np.random.Generator) -> int:
        """The picture that asks for picture ``i``: itself, or a twin."""
        twins = self.designs.positives[i]
        share = 0.75 if self.designs.items[i] >= 0 else self.settings.twins
        return int(rng.choice(twins)) if len(twins) and rng.random() < share else i

    def _view(self, coin: U8, rng: np.random.Generator, turn: float) -> U8:
        return clean(coin, turn) if rng.random() < 0.5 else degrade(coin, rng, MILD, turn)

    def _query(self, coin: U8, rng: np.random.Generator, turn: float, labelled: bool) -> U8:
        severity: Severity = MILD if rng.random() < (0.35 if labelled else 0.15) else self.hard
        return degrade(coin, rng, severity, turn)

    def _choose(self, rng: np.random.Generator) -> Array:
        """Quarters of seeds, each with three of its nearest that are not its twins."""
        chosen: list[int] = []
        while len(chosen) < min(self.settings.pairs, len(self.cuts)):
            seed = int(rng.choice(len(self.cuts), p=self.weights))
            near = np.setdiff1d(self.designs.neighbours[seed][:24], self.designs.positives[seed])
            more = rng.permutation(near)[:3]
            chosen += [i for i in (seed, *more.tolist()) if i not in chosen]
        return np.array(chosen[: self.settings.pairs])

    def _learn(self, batch: _Batch) -> dict[str, float]:
        s = self.settings
        warm = min(1.0, (self.step + 1) / 50)
        fall = 0.5 * (1 + math.cos(math.pi * self.step / s.steps))
        for group, rate in zip(
            self.optimiser.param_groups, (s.trunk_rate, s.head_rate), strict=True
        ):
            group["lr"] = rate * warm * max(fall, 0.02)
        self.model.train()
        n = len(batch.index)
        images = _tensor(np.concatenate([batch.views, batch.queries]), self.device)
        with self._fast():
            features = self.model.trunk(images)
        vectors, maps = self.model.heads(features.float())
        relation = self._relation(batch)
        known = torch.from_numpy(relation).to(self.device)
        positive, ignored = known == POSITIVE, known == UNKNOWN
        map_table = correlate(maps[n:], maps[:n])
        vector_table = vectors[n:] @ vectors[:n].T
        map_loss = self._both_ways(map_table, positive, ignored)
        vector_loss = self._both_ways(vector_table, positive, ignored)
        loss = map_loss + s.vector_weight * vector_loss
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        right = (map_table.detach().masked_fill(ignored, -1.0).argmax(1).cpu()) == torch.arange(n)
        return {
            "loss": float(loss.detach()),
            "map": float(map_loss.detach()),
            "vector": float(vector_loss.detach()),
            "right": float(right.float().mean()),
        }

    def _relation(self, batch: _Batch) -> Array:
        """Int8 (p, p): what each query is to each view."""
        n = len(batch.index)
        relation = self.designs.relation(batch.shown, batch.index, self.bank)
        # Likeness is too little to call two pictures one design: coins of two eras are as alike.
        unlabelled = self.designs.items[batch.shown] < 0
        relation[unlabelled[:, None] & (relation == POSITIVE)] = UNKNOWN
        relation[np.arange(n), np.arange(n)] = POSITIVE
        return relation

    def _both_ways(self, table: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
        """Each query among the views, and each view among the queries."""
        there = self.loss(table, positive, ignored)
        return 0.5 * (there + self.loss(table.T, positive.T, ignored.T))

    def refresh(self) -> None:
        """Look at all training pictures again: bank, neighbours, twins."""
        self.bank = self._embed(self.clean)
        self.designs.refresh(self.bank)
        twins = np.mean([len(p) > 0 for p in self.designs.positives])
        print(
            f"looked at {len(self.cuts)} pictures: {twins:.0%} have a twin; limits"
            f" {self.designs.other:.2f}, {self.designs.same:.2f}, {self.designs.veto:.2f}",
            file=sys.stderr,
        )

    @torch.no_grad()
    def check(self) -> dict[str, float]:
        """One-shot recall@1 and mean reciprocal rank of hard queries of held-out pictures among
        these and some training pictures."""
        rng = np.random.default_rng([self.settings.seed, 13])
        held = rng.permutation(self.held)[:300]
        cuts = Cuts(self.all.images[held], [self.all.pictures[i] for i in held])
        views = self._embed(np.stack([clean(image) for image in cuts.images]))
        asked = [
            degrade(image, np.random.default_rng([self.settings.seed, 17, k]), self.hard,
                    float(rng.uniform(0, 360)))
            for k, image in enumerate(cuts.images)
        ]  # fmt: skip
        queries = self._embed(np.stack(asked))
        designs = Designs(cuts.pictures)
        others = self._embed(self.clean[rng.permutation(len(self.clean))[:DISTRACTORS]])
        everything = Bank(
            torch.cat([views.vectors, others.vectors]), torch.cat([views.maps, others.maps])
        )
        ranks = []
        for i in range(len(held)):
            twins = np.flatnonzero(designs.items == designs.items[i])
            likeness = everything.vectors @ queries.vectors[i]
            # Of the others in its group nobody knows which are its twins: they stay out.
            doubtful = (designs.groups >= 0) & (designs.groups == designs.groups[i])
            doubtful[i] = False
            likeness[: len(held)][torch.from_numpy(doubtful)] = -2.0
            near = likeness.topk(min(200, len(likeness)))
            mine = queries.maps[i : i + 1].float()
            scores = correlate(mine, everything.maps[near.indices].float())[0]
            order = near.indices[scores.argsort(descending=True)].numpy()
            right = order == i
            if designs.items[i] >= 0:
                right |= np.isin(order, twins)
            ranks.append(1 / (1 + int(right.argmax())) if right.any() else 0.0)
        mrr = np.array(ranks)
        return {"held_out_recall@1": float((mrr == 1).mean()), "held_out_mrr": float(mrr.mean())}

    def _fast(self) -> torch.autocast:
        # On the CPUs measured, bfloat16 made the backward pass slower, not faster.
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    @torch.no_grad()
    def _embed(self, images: U8) -> Bank:
        self.model.eval()
        vectors, maps = [], []
        for x in _batches(images, self.device):
            with self._fast():
                features = self.model.trunk(x)
            vector, fmap = self.model.heads(features.float())
            vectors.append(vector.cpu())
            maps.append(fmap.to("cpu", torch.float16))
        return Bank(torch.cat(vectors), torch.cat(maps))


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """``index`` (p,) of the views, ``shown`` (p,) of the queries, and both as polar images."""

    index: Array
    shown: Array
    views: U8
    queries: U8


def _weights(items: Array) -> Array:
    """How often each picture starts a batch: one of many specimens of an item comes less often."""
    sizes = np.ones(len(items))
    known = items >= 0
    counts = np.bincount(items[known]) if known.any() else np.zeros(0)
    sizes[known] = counts[items[known]]
    weights = sizes**-0.25
    return np.asarray(weights / weights.sum())


def _tensor(images: U8, device: torch.device) -> Tensor:
    """Grey polar images (n, a, r) -> what the trunk takes."""
    x = (torch.from_numpy(images).to(device).float() - 127.0) / 128.0
    return x[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def _batches(images: U8, device: torch.device, size: int = 64) -> Iterator[Tensor]:
    for start in range(0, len(images), size):
        yield _tensor(images[start : start + size], device)
