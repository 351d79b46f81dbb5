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
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from obverse import Catalogue, decide
from obverse.decide import PairDecider, Standing
from obverse.fuse import Joined, join
from obverse.train.decision import FOLDS, Told, finish, fit, logistic, tell
from obverse.train.decision import Case as Asked
from pairs import Case, Ranked, ask, read

NEUTRAL = 0.45
"""Of 0.4 to 0.55 what answers most pairs at one wrong in 200, with sides labelled (0.894, 0.906,
0.886, 0.890 in steps of 0.05) and without (0.898, 0.902, 0.886, 0.865)."""
TAKEN_FOR_SAME = 0.005
"""Share of the pairs of different sides that may be taken for one side."""
FALSE_ALARM = 0.01
"""Share of the pairs that belong together, known and unknown, that may be called mixed up."""
MAX_WRONG = 0.005
"""Wrong answers among all pairs that the shipped threshold accepts: with two photos so few cost
next to nothing."""


def joined(case: Case, *, labelled: bool = True, same_side: bool = False) -> Joined:
    sides = case.sides if labelled else [""] * len(case.sides)
    return join(case.table, case.items, sides, NEUTRAL, same_side)


def ranked(case: Case, *, labelled: bool = True, same_side: bool = False) -> Ranked:
    """The joined scores of the items, best first."""
    both, item = joined(case, labelled=labelled, same_side=same_side), case.types[0]
    known = case.kind in ("right", "same") and item in both.items
    return item, both.scores, both.items.index(item) if known else -1


def asked(found: Ranked, known: bool) -> Asked:
    """A question, as calibrations are fitted on."""
    return Asked(found[0], Standing.of(found[1]), found[2], known)


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
    pairs = [c for c in cases if c.kind in ("right", "unknown")]
    decider = fit([asked(ranked(c), c.kind == "right") for c in pairs])
    # Pairs are held against all views at once, so no numbers are read here: they say of two photos
    # what they say of one.
    decider = replace(decider, weights=(*decider.weights[:3], decide.get("coin").weights[3]))
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
    together = joined_up(told)
    recall = float(together.right[together.known].mean())
    return {"recall@1": recall, **together.figures()}


def joined_up(told: Sequence[Told]) -> Told:
    return Told(
        np.concatenate([t.probability for t in told]),
        np.concatenate([t.right for t in told]),
        np.concatenate([t.known for t in told]),
        np.concatenate([t.item for t in told]),
    )


def report(cases: list[Case]) -> tuple[dict[str, Any], Told]:
    """One photo, two photos, one side twice, and mixed-up pairs, by cross-validation; and what was
    told of two photos."""
    one: list[Told] = []
    two: list[Told] = []
    bare: list[Told] = []
    lone: list[bool] = []
    seen: dict[str, list[bool]] = {"same": [], "right": []}
    flags: dict[str, list[bool]] = {"right": [], "unknown": [], "mixed": [], "same": []}
    twice: dict[str, list[bool]] = {"first photo": [], "both": []}
    for known_cases, held in folds(cases):
        pairs = [c for c in known_cases if c.kind in ("right", "unknown")]
        alone = fit([asked(r, c.kind == "right") for c in pairs for r in c.alone])
        rule = fit_pair(known_cases)
        unlabelled = fit([asked(ranked(c, labelled=False), c.kind == "right") for c in pairs])
        for c in held:
            flags[c.kind].append(rule.disagree(rule.apart(joined(c).gap)))
            known = c.kind == "right"
            if c.kind in ("right", "same"):
                seen[c.kind].append(rule.same_side(c.direct))
            if c.kind == "same":
                twice["first photo"].append(c.alone[0][2] == 0)
                twice["both"].append(ranked(c, same_side=True)[2] == 0)
            elif c.kind != "mixed" and c.whole:
                one.append(tell(alone, [asked(r, known) for r in c.alone]))
                two.append(tell(rule.decider, [asked(ranked(c), known)]))
                bare.append(tell(unlabelled, [asked(ranked(c, labelled=False), known)]))
            elif known:
                lone.append(ranked(c)[2] == 0)
    told = {
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
    return told, joined_up(two)


def calibration(
    cases: list[Case], recipe: str, figures: dict[str, Any], told: Told
) -> dict[str, Any]:
    """What ``--fit`` writes."""
    rule = fit_pair(cases)
    final = finish(rule.decider, told, {})
    return {
        **final.to_dict(),
        "threshold": final.threshold_for(MAX_WRONG),
        "neutral": rule.neutral,
        "alike": rule.alike,
        "gap": list(rule.gap),
        "disagree": rule.threshold,
        "card": {
            "what": "conditional logit of the joined score of two photos; logit of their gap",
            "recipe": recipe,
            "fitted_on": f"{len(cases)} pairs of photos, {len({c.types[0] for c in cases})} types",
            "cross_validated": f"{FOLDS} folds over types",
            **figures,
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
    figures, told = report(cases)
    print(json.dumps(rounded(figures), indent=2))
    if args.fit:
        data = calibration(cases, args.recipe, figures, told)
        args.fit.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def progress(done: int, total: int, text: str) -> None:
    if done % 200 == 0 or done == total:
        print(f"{text}: {done} of {total}", file=sys.stderr)


if __name__ == "__main__":
    main()
