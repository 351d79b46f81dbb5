"""What ``obverse calibrate`` makes of a small catalogue: ``python benchmarks/calibrate.py DATA``.

The catalogue holds one picture of each design of ``protocols/dev_wild.csv`` (a development split)
and nothing else; all photos of the protocol are asked, of designs that it holds and of others. The
same stored answers are told by the shipped calibration and by ones fitted on degraded copies of the
catalogue's own pictures, as the command makes them and at two other severities.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.decide import LOOKED_AT, Decider
from obverse.degrade import HARD, MILD
from obverse.evaluate import protocol
from obverse.pipeline import Clock
from obverse.train import calibrate
from obverse.train.decision import Case, fit, tell
from obverse.train.own import sample

SEED = 0
SEVERITIES = {"as the command's": calibrate.PHOTO, "mild": MILD, "hard": HARD}
MARKS = (0.1, 0.5, 0.9)


def ask(catalogue: Catalogue, plan: protocol.Protocol) -> list[Case]:
    """What comes back for every photo."""
    pipeline, found = catalogue.pipeline, []
    for one in plan.queries:
        photo, known = catalogue.load(one.path), one.role == "query"
        looks = [(photo, pipeline.look(photo))]
        seen = pipeline.ask(catalogue.store, looks, LOOKED_AT, Clock())[0]
        right = seen.items.index(one.item) if known else -1
        found.append(Case(one.item, seen.standing, right, known))
    return found


def scores(cases: list[Case]) -> str:
    """Of the right items, at the marks."""
    right = [c.standing.scores[c.right] for c in cases if c.right >= 0]
    return " / ".join(f"{q:.2f}" for q in np.quantile(right, MARKS))


def told(decider: Decider, cases: list[Case]) -> str:
    figures = tell(decider, cases).figures()
    points = figures["operating_points"]
    shares = (f"at {w} {points[w]['correct']:.3f}" for w in ("0.005", "0.02"))
    return f"ECE {figures['ece']:.3f}, AUROC {figures['auroc']:.3f}, right {', '.join(shares)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    args = parser.parse_args()
    plan = protocol.read(args.data / "protocols" / "dev_wild.csv", root=args.data)
    # The others are there to distract.
    rows = [Row(c.path, c.item, c.side, "", {}) for c in plan.catalogue if "dev" in c.path.parts]
    with tempfile.TemporaryDirectory() as folder, Catalogue(Path(folder) / "c.obv") as catalogue:
        catalogue.add(rows)
        photos, shipped = ask(catalogue, plan), catalogue.pipeline.usual_decider
        print(f"{len(rows)} items, {len(photos)} photos: right ones score {scores(photos)}")
        print(f"shipped: {told(shipped, photos)}")
        for name, severity in SEVERITIES.items():
            calibrate.PHOTO = severity
            rng = np.random.default_rng(SEED)
            copies, _ = calibrate.ask(catalogue, sample(catalogue, calibrate.MOST, rng), rng)
            own = fit(copies, shipped)
            print(f"copies {name}: score {scores(copies)}; {told(own, photos)}")


if __name__ == "__main__":
    main()
