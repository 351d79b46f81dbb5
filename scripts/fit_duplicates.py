"""Fit how likely two catalogue pictures show one design: the constants of catalogue/duplicates.py.

    python scripts/fit_duplicates.py DATA/protocols/dev_clean.csv --root DATA

A query of the protocol stands for a catalogue picture: its neighbours are verified as a view's are,
without a rival, and each of the first three is a pair. Figures are cross-validated over designs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from obverse import Catalogue
from obverse.catalogue.duplicates import NEAREST, traits
from obverse.catalogue.importers import Row
from obverse.decide import LOOKED_AT
from obverse.evaluate import protocol
from obverse.train.decision import FOLDS, logistic
from obverse.types import F64, Array

SHARES = (0.5, 0.7, 0.9, 0.95)


def collect(plan: protocol.Protocol, folder: Path) -> tuple[F64, Array, list[str], Array]:
    """Traits of pairs, whether they show one design, whose photo it was, and what the decision of
    photos says without a rival."""
    found, same, items, before = [], [], [], []
    with Catalogue(folder / "plan.obv") as catalogue:
        catalogue.add([Row(c.path, c.item, "", "", {}) for c in plan.catalogue], progress=say)
        pipeline, store = catalogue.pipeline, catalogue.store
        for n, case in enumerate(plan.queries):
            say(n, len(plan.queries), "asking")
            patch = pipeline.look(catalogue.load(case.path))
            query = pipeline.embed([patch])[0]
            hits = store.search(query.vector, NEAREST)
            first, standing, evidence = pipeline.rank(query, hits, LOOKED_AT)
            closer = pipeline.closer(store, patch)
            assert closer is not None
            for place, shown in enumerate(evidence[:LOOKED_AT]):
                id = hits.views[first[place]]
                found.append(traits(closer.outline(id, closer.numeral(id, shown))))
                same.append(case.role == "query" and hits.items[first[place]] == case.item)
                before.append(pipeline.decider.probabilities(standing.take([place]))[0])
                items.append(case.item)
    return np.array(found), np.array(same), items, np.array(before)


def say(done: int, total: int, text: str) -> None:
    if done % 100 == 0 or done == total:
        print(f"{text}: {done}/{total}", file=sys.stderr)


def tell(name: str, chances: F64, same: Array) -> None:
    for share in SHARES:
        told = chances >= share
        found, wrong = told[same].mean(), int(told[~same].sum())
        print(f"{name}, from {share}: {found:.3f} of the same found, {wrong} others")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("protocol", type=Path)
    parser.add_argument("--root", type=Path)
    args = parser.parse_args()
    plan = protocol.read(args.protocol, root=args.root)
    with tempfile.TemporaryDirectory() as folder:
        x, same, items, before = collect(plan, Path(folder))
    names = sorted(set(items))
    fold = dict(zip(np.random.default_rng(0).permutation(names), range(len(names)), strict=True))
    of = np.array([fold[item] % FOLDS for item in items])
    chances = np.zeros(len(x))
    for k in range(FOLDS):
        weights, bias = logistic(x[of != k], same[of != k].astype(float))
        chances[of == k] = 1 / (1 + np.exp(-(x[of == k] @ weights + bias)))
    weights, bias = logistic(x, same.astype(float))
    print(f"{same.sum()} pairs of one design, {(~same).sum()} others")
    tell("as a photo without a rival", before, same)
    tell("fitted", chances, same)
    print("weights", [round(float(w), 1) for w in weights], "bias", round(bias, 1))


if __name__ == "__main__":
    main()
