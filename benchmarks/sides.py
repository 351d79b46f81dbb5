"""One photo against two: what the second side of a coin brings.

    python benchmarks/sides.py DATA
    python benchmarks/sides.py DATA --fit src/obverse/models/sides-coin.json

``pairs.py`` says what is asked. Everything is fitted on some types and reported on others, ten
times over. ``--fit`` writes the calibration fitted on all of them. ``--work`` keeps the catalogue.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from obverse import Catalogue
from obverse.decide import Decider, PairDecider
from obverse.evaluate import metrics
from obverse.fuse import Joined, join
from pairs import Case, Ranked, ask, read

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))
from fit_decision import FOLDS, fit, logistic

NEUTRAL = 0.45
"""Of 0.4 to 0.55 what answers most pairs at one wrong in 200, with sides labelled (0.894, 0.906,
0.886, 0.890 in steps of 0.05) and without (0.898, 0.902, 0.886, 0.865)."""
TAKEN_FOR_SAME = 0.005
"""Share of the pairs of different sides that may be taken for one side."""
FALSE_ALARM = 0.01
"""Share of the pairs that belong together, known and unknown, that may be called mixed up."""
WRONG = (0.005, 0.01, 0.02)
MAX_WRONG = 0.005
"""Wrong answers among all pairs that the shipped threshold accepts: with two photos so few cost
next to nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer of one fold says: how sure, whether right, whether the item was there."""

    probability: float
    right: bool
    known: bool


def joined(case: Case, *, labelled: bool = True, same_side: bool = False) -> Joined:
    sides = case.sides if labelled else [""] * len(case.sides)
    return join(case.table, case.items, sides, NEUTRAL, same_side)


def ranked(case: Case, *, labelled: bool = True, same_side: bool = False) -> Ranked:
    """The joined scores, as ``fit_decision`` takes them."""
    both, item = joined(case, labelled=labelled, same_side=same_side), case.types[0]
    known = case.kind in ("right", "same") and item in both.items
    return item, both.scores, both.items.index(item) if known else -1


def tell(decider: Decider, found: Ranked, known: bool) -> Told:
    return Told(float(decider.probabilities(found[1])[0]), found[2] == 0, known)


def fit_gap(cases: Sequence[Case]) -> tuple[tuple[float, float], float]:
    """Weight and bias of the gap, and the threshold for the share of false alarms."""
    asked = [c for c in cases if c.kind != "same"]
    gaps = np.array([joined(c).gap for c in asked])
    mixed = np.array([c.kind == "mixed" for c in asked])
    weights, bias = logistic(gaps[:, None], mixed.astype(float))
    chances = 1 / (1 + np.exp(-(gaps * weights[0] + bias)))
    return (float(weights[0]), bias), float(np.quantile(chances[~mixed], 1 - FALSE_ALARM))


def fit_pair(cases: Sequence[Case]) -> PairDecider:
    """Everything about two photos, from some of the cases."""
    decider = fit([ranked(c) for c in cases if c.kind in ("right", "unknown")])
    alike = np.quantile([c.direct for c in cases if c.kind == "right"], 1 - TAKEN_FOR_SAME)
    return PairDecider(decider, NEUTRAL, float(alike), *fit_gap(cases))


def folds(cases: Sequence[Case]) -> list[tuple[list[Case], list[Case]]]:
    """Cases to fit on and cases to report, no type in both."""
    types = sorted({t for c in cases for t in c.types})
    fold = {t: i % FOLDS for i, t in enumerate(np.random.default_rng(0).permutation(types))}
    return [
        (
            [c for c in cases if all(fold[t] != k for t in c.types)],
            [c for c in cases if fold[c.types[0]] == k],
        )
        for k in range(FOLDS)
    ]


def outcomes(told: Sequence[Told]) -> dict[str, Any]:
    """The figures of the single-photo report."""
    p, right = np.array([t.probability for t in told]), np.array([t.right for t in told])
    known = np.array([t.known for t in told])
    points = {}
    for wrong in WRONG:
        point = metrics.operating_point(p, right, ~known, wrong)
        points[str(wrong)] = {
            "threshold": point.threshold,
            "correct": point.correct,
            "wrong": point.wrong,
            "rejected": point.rejected,
        }
    return {
        "queries": len(told),
        "known": int(known.sum()),
        "recall@1": float(right[known].mean()),
        "ece": metrics.ece(p, right),
        "auroc": metrics.auroc(p[known], p[~known]),
        "operating_points": points,
    }


def report(cases: list[Case]) -> dict[str, Any]:
    """One photo, two photos, one side twice, and mixed-up pairs, by cross-validation."""
    one: list[Told] = []
    two: list[Told] = []
    bare: list[Told] = []
    lone: list[bool] = []
    seen: dict[str, list[bool]] = {"same": [], "right": []}
    flags: dict[str, list[bool]] = {"right": [], "unknown": [], "mixed": [], "same": []}
    twice: dict[str, list[bool]] = {"first photo": [], "both": []}
    for known_cases, held in folds(cases):
        pairs = [c for c in known_cases if c.kind in ("right", "unknown")]
        alone = fit([r for c in pairs for r in c.alone])
        rule = fit_pair(known_cases)
        unlabelled = fit([ranked(c, labelled=False) for c in pairs])
        for c in held:
            flags[c.kind].append(rule.disagree(rule.apart(joined(c).gap)))
            known = c.kind == "right"
            if c.kind in ("right", "same"):
                seen[c.kind].append(rule.same_side(c.direct))
            if c.kind == "same":
                twice["first photo"].append(c.alone[0][2] == 0)
                twice["both"].append(ranked(c, same_side=True)[2] == 0)
            elif c.kind != "mixed" and c.whole:
                one += [tell(alone, r, known) for r in c.alone]
                two.append(tell(rule.decider, ranked(c), known))
                bare.append(tell(unlabelled, ranked(c, labelled=False), known))
            elif known:
                lone.append(ranked(c)[2] == 0)
    return {
        "one photo": outcomes(one),
        "two photos": outcomes(two),
        "two photos, sides not labelled": outcomes(bare),
        "two photos, one side pictured": {"queries": len(lone), "recall@1": float(np.mean(lone))},
        "one side twice": {
            "queries": len(twice["both"]),
            "noticed": float(np.mean(seen["same"])),
            "noticed wrongly": float(np.mean(seen["right"])),
            "recall@1, first photo": float(np.mean(twice["first photo"])),
            "recall@1, both": float(np.mean(twice["both"])),
        },
        "called mixed up": {k: [float(np.mean(v)), len(v)] for k, v in flags.items()},
    }


def calibration(cases: list[Case], recipe: str, told: dict[str, Any]) -> dict[str, Any]:
    """What ``--fit`` writes."""
    rule = fit_pair(cases)
    final = rule.decider
    threshold = told["two photos"]["operating_points"][str(MAX_WRONG)]["threshold"]
    return {
        "weights": list(final.weights),
        "bias": final.bias,
        "background": list(final.background),
        "rival": final.rival,
        "threshold": threshold,
        "neutral": rule.neutral,
        "alike": rule.alike,
        "gap": list(rule.gap),
        "disagree": rule.threshold,
        "card": {
            "what": "logistic models of the joined score of two photos and of their gap",
            "recipe": recipe,
            "fitted_on": f"{len(cases)} pairs of photos, {len({c.types[0] for c in cases})} types",
            "cross_validated": f"{FOLDS} folds over types",
            **told,
            "max_wrong": MAX_WRONG,
            "false_alarm": FALSE_ALARM,
            "built": date.today().isoformat(),
            "command": "python benchmarks/sides.py DATA --recipe NAME --fit FILE",
        },
    }


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--recipe", default="coin")
    parser.add_argument("--work", type=Path, help="a folder to keep the catalogue in")
    parser.add_argument("--fit", type=Path, help="write the calibration there")
    args = parser.parse_args()
    rows, types = read(args.data)
    with tempfile.TemporaryDirectory() as folder:
        place = (args.work or Path(folder)) / f"sides-{args.recipe}.obv"
        with Catalogue(place, recipe=args.recipe) as catalogue:
            catalogue.add(rows, progress=progress)
            cases = list(ask(catalogue, args.data, types))
    told = report(cases)
    print(json.dumps(rounded(told), indent=2))
    if args.fit:
        data = calibration(cases, args.recipe, told)
        args.fit.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def progress(done: int, total: int, text: str) -> None:
    if done % 200 == 0 or done == total:
        print(f"{text}: {done} of {total}", file=sys.stderr)


if __name__ == "__main__":
    main()
