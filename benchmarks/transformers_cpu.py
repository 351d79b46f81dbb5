"""What a model of transformers costs on a CPU: by torch, by its ONNX file, and as a verifier.

    python benchmarks/transformers_cpu.py [--rounds 3]

A CLIP ViT-B/32 (its text half cut to one layer, as it is not asked) and LightGlue on SuperPoint are
made from their published configurations with random weights: only time and memory are compared,
and these do not depend on the weights. Torch and ONNX take turns, each time in a process of its own
that starts from nothing, as a command does. What is counted is the processor's time, torch on one
thread: what else runs on the machine changes it little.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench import describe_commit, peak_memory, say

SIZE = (480, 640)
"""Pictures are as high and wide as a flat thing's rectangle."""
SINGLE, MANY = 15, 32
"""Pictures described one by one, and at once."""
VIEWS = 3
"""Views that a query is matched with."""


def make_clip(folder: Path) -> None:
    import torch
    import transformers as tf

    torch.manual_seed(0)
    config = tf.CLIPConfig(text_config={"num_hidden_layers": 1})
    tf.CLIPModel(config).save_pretrained(folder)
    _images("CLIP").save_pretrained(folder)


def make_matcher(folder: Path) -> None:
    import torch
    import transformers as tf

    torch.manual_seed(0)
    # Random scores are all alike: without a threshold there are as many keypoints as a real picture
    # has at most, 2,048 of LightGlue's demonstrations.
    points = tf.SuperPointConfig(max_keypoints=2048, keypoint_threshold=0.0)
    config = tf.LightGlueConfig(keypoint_detector_config=points)
    tf.LightGlueForKeypointMatching(config).save_pretrained(folder)
    _images("LightGlue").save_pretrained(folder)


def describe(name: str) -> dict[str, float]:
    """One process: all it does up to the first vector, then one by one, then all at once."""
    from obverse import zoo

    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8) for _ in range(MANY)]
    descriptor = zoo.get(name)
    assert isinstance(descriptor, zoo.Descriptor)
    descriptor.describe(pictures[:1])
    ready = time.process_time()
    single = []
    for picture in pictures[:SINGLE]:
        start = time.process_time()
        descriptor.describe([picture])
        single.append(1e3 * (time.process_time() - start))
    start = time.process_time()
    descriptor.describe(pictures)
    many = 1e3 * (time.process_time() - start) / MANY
    return {
        "ready": ready,
        "single": statistics.median(single),
        "many": many,
        "memory": peak_memory(),
    }


def match(folder: str) -> dict[str, float]:
    """Milliseconds to match a view with a query, and bytes kept of a view."""
    import cv2

    from obverse.verify.deep import DeepVerifier

    verifier, rng = DeepVerifier(folder), np.random.default_rng(0)
    rough = rng.integers(0, 256, (VIEWS + 1, 60, 80, 3)).astype(np.uint8)
    pictures = [cv2.resize(one, SIZE[::-1], interpolation=cv2.INTER_CUBIC) for one in rough]
    kept = [cv2.imencode(".jpg", p, (cv2.IMWRITE_JPEG_QUALITY, 92))[1].tobytes() for p in pictures]
    verifier.match_all(kept[0], kept[1:2])
    start = time.process_time()
    verifier.match_all(kept[0], kept[1:])
    spent = 1e3 * (time.process_time() - start) / VIEWS
    return {"pair": spent, "bytes": statistics.mean(map(len, kept)), "memory": peak_memory()}


def measure(rounds: int) -> dict[str, Any]:
    from obverse.zoo.export import export

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say("making the models")
        make_clip(folder / "clip")
        make_matcher(folder / "matcher")
        made = export(f"hf:{folder / 'clip'}", folder / "onnx")
        ways = {"torch": f"hf:{folder / 'clip'}", "onnx": f"onnx:{made['card']}"}
        runs: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for number in range(rounds):
            for way, model in ways.items():
                say(f"round {number + 1} of {rounds}: {way}")
                runs[way].append(_in_new_process("describe", model))
        say("matching")
        pair = _in_new_process("match", str(folder / "matcher"))
    best = {
        way: {key: min(run[key] for run in some) for key in some[0]} for way, some in runs.items()
    }
    return {**best, "differs": made["onnx_vs_torch"], "megabytes": made["bytes"] / 1e6, **pair}


def render(result: dict[str, Any]) -> str:
    a, b = result["torch"], result["onnx"]
    rows = [
        ("to the first vector, the process and the model being loaded, s", "ready", ".1f"),
        ("a picture by itself, ms", "single", ".0f"),
        ("a picture among 32, ms", "many", ".0f"),
        ("peak memory, MB", "memory", ".0f"),
    ]
    lines = ["| CLIP ViT-B/32, processor time | torch | ONNX | |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {what} | {a[key]:{form}} | {b[key]:{form}} | {a[key] / b[key]:.1f} |"
        for what, key, form in rows
    ]
    lines += [
        "",
        f"Best of the rounds. The ONNX file has {result['megabytes']:.0f} MB and differs from "
        f"torch by {result['differs']:.1g} at most. LightGlue on SuperPoint takes "
        f"{result['pair']:,.0f} ms a view; {result['bytes'] / 1e3:.0f} kB are kept of each.",
    ]
    return "\n".join(lines)


def _images(name: str) -> Any:
    import transformers as tf

    made = getattr(tf, f"{name}ImageProcessorPil", None) or getattr(tf, f"{name}ImageProcessor")
    return made()


def _in_new_process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, __file__, *arguments]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=one_thread)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Time models of transformers on this CPU.")
    parser.add_argument("part", nargs="*", help="used by the script itself")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.part:
        print(json.dumps({"describe": describe, "match": match}[args.part[0]](args.part[1])))
        return
    print(f"commit {describe_commit()}\n\n{render(measure(args.rounds))}")


if __name__ == "__main__":
    main()
