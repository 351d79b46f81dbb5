"""The rival: the Coin-CLIP route, stage by stage, on the same photos.

OWL-ViT base/32 detects, CLIP ViT-B/32 embeds the crop, ChromaDB finds the nearest vectors. The
networks are built from their published configurations with random weights, because only time and
memory are compared: the work is the same whatever the weights are. What random weights cannot give,
a sensible box, is stood in for by the middle of the photo.

    python benchmarks/rival.py PHOTOS SCANS --views 10000

prints one JSON object. It runs in a process of its own, so that neither side's threads and memory
disturb the other's figures.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import peak_memory, say
from table import WARM_UP

CROP = 0.6
"""Share of a photo's sides that the crop has: what a coin fills in the photos used."""
NEAREST = 10
BATCH = 32
"""Vectors per insert when adding, as many as Obverse writes at a time."""
FILL = 1000
TOKENS = [49406, 320, 9842, 49407, *[0] * 12]
"""A query of two words, padded to OWL-ViT's 16 tokens. The tokeniser's vocabulary is a download,
and which words they are changes no time."""


class Rival:
    """The route's models and its vector database, in a folder."""

    def __init__(self, folder: Path) -> None:
        import chromadb
        import torch
        import transformers as tf

        torch.manual_seed(0)
        self.torch = torch
        self.detector = tf.OwlViTForObjectDetection(tf.OwlViTConfig()).eval()
        self.embedder = tf.CLIPModel(tf.CLIPConfig()).eval()
        # From version 5 on, those without this ending want torchvision.
        pil = "Pil" if hasattr(tf, "OwlViTImageProcessorPil") else ""
        self.see = getattr(tf, f"OwlViTImageProcessor{pil}")()
        self.shrink = getattr(tf, f"CLIPImageProcessor{pil}")()
        self.words = {
            "input_ids": torch.tensor([TOKENS]),
            "attention_mask": torch.tensor([[int(t > 0) for t in TOKENS]]),
        }
        settings = chromadb.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(str(folder), settings)
        self.vectors = client.create_collection("coins", metadata={"hnsw:space": "cosine"})

    def choose_threads(self) -> int:
        """As many threads as are quickest: on a busy machine more are not better."""
        pixels = self.torch.zeros(1, 3, 768, 768)
        best = (float("inf"), 1)
        for threads in sorted({1, os.cpu_count() or 1}):
            self.torch.set_num_threads(threads)
            for _ in range(2):
                start = time.perf_counter()
                with self.torch.inference_mode():
                    self.detector(**self.words, pixel_values=pixels)
                best = min(best, (time.perf_counter() - start, threads))
        self.torch.set_num_threads(best[1])
        return best[1]

    def fill(self, count: int) -> None:
        """Random unit vectors as the catalogue."""
        rng = np.random.default_rng(0)
        for start in range(0, count, FILL):
            rows = rng.standard_normal((min(FILL, count - start), 512), dtype=np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            names = [str(start + i) for i in range(len(rows))]
            self.vectors.add(ids=names, embeddings=rows)

    def look(self, path: Path, times: dict[str, float]) -> Any:
        """From a file to a unit vector, float32 (512,); the milliseconds go to ``times``."""
        from PIL import Image

        with self.torch.inference_mode():
            start = time.perf_counter()
            image = Image.open(path).convert("RGB")
            start = _note(times, "decode", start)
            pixels = self.see(images=image, return_tensors="pt")
            seen = self.detector(**self.words, **pixels)
            self.see.post_process_object_detection(seen, target_sizes=[image.size[::-1]])
            start = _note(times, "find", start)
            width, height = image.size
            left, top = width * (1 - CROP) / 2, height * (1 - CROP) / 2
            crop = image.crop((int(left), int(top), int(width - left), int(height - top)))
            small = self.shrink(images=crop, return_tensors="pt")
            start = _note(times, "normalise", start)
            features = self.embedder.get_image_features(**small)
            # Version 5 wraps the features in an output object.
            vector = getattr(features, "pooler_output", features)[0]
            vector = (vector / vector.norm()).numpy()
            _note(times, "embed", start)
        return vector

    def ask(self, path: Path) -> dict[str, float]:
        """One query; milliseconds per stage and in total."""
        times: dict[str, float] = {}
        begun = time.perf_counter()
        vector = self.look(path, times)
        start = time.perf_counter()
        self.vectors.query(query_embeddings=[vector], n_results=NEAREST)
        _note(times, "search", start)
        _note(times, "total", begun)
        return times

    def add(self, paths: Sequence[Path]) -> float:
        """Add photos; returns seconds."""
        begun = time.perf_counter()
        for start in range(0, len(paths), BATCH):
            part = paths[start : start + BATCH]
            rows = [self.look(path, {}) for path in part]
            self.vectors.add(ids=[f"added {p}" for p in part], embeddings=rows)
        return time.perf_counter() - begun


def measure(photos: Sequence[Path], scans: Sequence[Path], *, views: int, queries: int) -> Any:
    """Milliseconds per stage for each query, photos added per second, and peak memory."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        say("rival: building the models")
        begun = time.perf_counter()
        rival = Rival(Path(folder))
        ready = time.perf_counter() - begun
        threads = rival.choose_threads()
        say(f"rival: {views:,} vectors, {threads} threads")
        rival.fill(views)
        rows = []
        for i in range(WARM_UP + queries):
            rows.append(rival.ask(photos[i % len(photos)]))
            say(f"rival: photo {i + 1} of {WARM_UP + queries}, {rows[-1]['total']:.0f} ms")
        asking = peak_memory()
        say(f"rival: adding {len(scans)} scans")
        seconds = rival.add(scans)
        return {
            "times_ms": rows[WARM_UP:],
            "added_per_second": len(scans) / seconds,
            "memory_mb": {"asking": asking, "adding": peak_memory()},
            "ready_seconds": ready,
            "threads": threads,
            "versions": _versions(),
        }


def _note(times: dict[str, float], stage: str, start: float) -> float:
    now = time.perf_counter()
    times[stage] = 1e3 * (now - start)
    return now


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "transformers", "chromadb")}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the Coin-CLIP route; prints JSON.")
    parser.add_argument("photos", type=Path, help="folder of query photos")
    parser.add_argument("scans", type=Path, help="folder of scans to add")
    parser.add_argument("--views", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=15)
    parser.add_argument("--limit", type=int, default=24, help="scans to add")
    args = parser.parse_args()
    photos, scans = (sorted(f.glob("*.jpg")) for f in (args.photos, args.scans))
    print(json.dumps(measure(photos, scans[: args.limit], views=args.views, queries=args.queries)))


if __name__ == "__main__":
    main()
