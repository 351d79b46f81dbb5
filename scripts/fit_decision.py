"""Fit the calibration that turns scores into probabilities, and write it as data.

    python scripts/fit_decision.py PROTOCOL --root DIR --out src/obverse/models/decide-coin.json

The protocol must hold queries and unknowns. A logistic model is fitted on the first candidates of
every query (is this one the answer?). Everything reported is cross-validated: the folds split the
designs, so no design is in both parts.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.decide import Decider
from obverse.errors import PhotoError
from obverse.evaluate import metrics, protocol
from obverse.pipeline import best_views

CANDIDATES = 5
FOLDS = 10
RIDGE = 1e-3
MAX_WRONG = 0.02
"""Wrong answers among all queries that the shipped threshold accepts on the fitting split."""


def collect(
    plan: protocol.Protocol, recipe: str, folder: Path
) -> list[tuple[str, np.ndarray, int]]:
    """For every query: its item, the scores of all shortlisted items, and the right one's place
    (-1 if it is not there)."""
    found = []
    with Catalogue(folder / "fit.obv", recipe=recipe) as catalogue:
        rows = [Row(c.path, c.item, c.side, "", {}) for c in plan.catalogue]
        catalogue.add(rows, progress=say)
        pipeline = catalogue.pipeline
        for i, case in enumerate(plan.queries):
            say(i, len(plan.queries), "asking")
            try:
                patch = pipeline.look(catalogue.load(case.path))
            except PhotoError as error:
                print(error, file=sys.stderr)
                continue
            query = pipeline.embed_query(patch)
            hits = pipeline.search(catalogue.store, query)
            scores, _ = pipeline.verify(query, hits)
            order = best_views(hits.items, scores)
            names = [hits.items[j] for j in order]
            right = names.index(case.item) if case.role == "query" and case.item in names else -1
            found.append((case.item, np.asarray(scores[order], np.float64), right))
    return found


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Ridge logistic regression by Newton's method, on standardised features."""
    mean, std = x.mean(0), x.std(0) + 1e-9
    z = np.hstack([(x - mean) / std, np.ones((len(x), 1))])
    w = np.zeros(z.shape[1])
    penalty = RIDGE * len(x) * np.diag([*np.ones(x.shape[1]), 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ w))
        gradient = z.T @ (p - y) + penalty @ w
        hessian = (z * (p * (1 - p))[:, None]).T @ z + penalty
        step = np.linalg.solve(hessian, gradient)
        w -= step
        if np.abs(step).max() < 1e-9:
            break
    weights = w[:-1] / std
    return weights, float(w[-1] - weights @ mean)


def fit(cases: list[tuple[str, np.ndarray, int]]) -> Decider:
    """Background and weights from one part of the cases."""
    wrong = np.concatenate([np.delete(s, r) if r >= 0 else s for _, s, r in cases])
    rivals = [np.delete(s, r).max() if r >= 0 else s.max() for _, s, r in cases]
    decider = Decider(
        weights=(0.0, 0.0, 0.0),
        bias=0.0,
        background=(float(wrong.mean()), float(wrong.std())),
        rival=float(np.median(rivals)),
        threshold=0.5,
        card={},
    )
    x = np.concatenate([decider.features(s)[:CANDIDATES] for _, s, _ in cases])
    y = np.concatenate([np.arange(min(CANDIDATES, len(s))) == r for _, s, r in cases])
    weights, bias = logistic(x, y.astype(float))
    return replace(decider, weights=(weights[0], weights[1], weights[2]), bias=bias)


def say(done: int, total: int, text: str) -> None:
    if done % 100 == 0 or done == total:
        print(f"{text}: {done}/{total}", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("protocol", type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--recipe", default="coin")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    plan = protocol.read(args.protocol, root=args.root)
    with tempfile.TemporaryDirectory() as folder:
        cases = collect(plan, args.recipe, Path(folder))
    designs = sorted({item for item, _, _ in cases})
    unknown = {case.item for case in plan.queries if case.role == "unknown"}
    fold = {d: i % FOLDS for i, d in enumerate(np.random.default_rng(0).permutation(designs))}
    probability, right, known = [], [], []
    for k in range(FOLDS):
        decider = fit([c for c in cases if fold[c[0]] != k])
        for item, scores, place in (c for c in cases if fold[c[0]] == k):
            probability.append(decider.probabilities(scores)[0])
            right.append(place == 0)
            known.append(item not in unknown)
    p, ok, is_known = np.array(probability), np.array(right), np.array(known)
    outcomes, threshold = {}, 0.5
    for wrong in (0.005, 0.01, 0.02, 0.05):
        point = metrics.operating_point(p, ok, ~is_known, wrong)
        outcomes[str(wrong)] = {
            "threshold": point.threshold,
            "correct": point.correct,
            "wrong": point.wrong,
            "rejected": point.rejected,
        }
        if wrong == MAX_WRONG and point.threshold is not None:
            threshold = point.threshold
    final = fit(cases)
    data = {
        "weights": list(final.weights),
        "bias": final.bias,
        "background": list(final.background),
        "rival": final.rival,
        "threshold": threshold,
        "card": {
            "what": "logistic model of score, lead over the next item, distance from the rest",
            "recipe": args.recipe,
            "fitted_on": f"{plan.name}: {len(cases)} queries, {len(designs)} designs",
            "cross_validated": f"{FOLDS} folds over designs",
            "ece": metrics.ece(p, ok),
            "auroc": metrics.auroc(p[is_known], p[~is_known]),
            "operating_points": outcomes,
            "max_wrong": MAX_WRONG,
            "built": date.today().isoformat(),
            "command": "python scripts/fit_decision.py PROTOCOL --root DIR --out FILE",
        },
    }
    args.out.write_text(json.dumps(data, indent=2) + "\n")
    print(json.dumps(data["card"], indent=2))


if __name__ == "__main__":
    main()
