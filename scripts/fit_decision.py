"""Fit the calibration that turns what is known of a shortlist into probabilities, as data.

    python scripts/fit_decision.py PROTOCOL --root DIR --out src/obverse/models/decide-coin.json

The protocol must hold queries and unknowns; ``obverse.train.decision`` fits.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import date
from pathlib import Path

from obverse import Catalogue
from obverse.catalogue.importers import Row
from obverse.decide import LOOKED_AT, Decider
from obverse.errors import PhotoError
from obverse.evaluate import protocol
from obverse.pipeline import Clock
from obverse.train.decision import FOLDS, Case, cross_validate, finish, fit


def collect(plan: protocol.Protocol, recipe: str, folder: Path) -> list[Case]:
    """What comes back for every query."""
    found = []
    with Catalogue(folder / "fit.obv", recipe=recipe) as catalogue:
        rows = [Row(c.path, c.item, c.side, "", {}) for c in plan.catalogue]
        catalogue.add(rows, progress=say)
        pipeline = catalogue.pipeline
        for i, case in enumerate(plan.queries):
            say(i, len(plan.queries), "asking")
            try:
                photo = catalogue.load(case.path)
                looks = [(photo, pipeline.look(photo))]
            except PhotoError as error:
                print(error, file=sys.stderr)
                continue
            seen = pipeline.ask(catalogue.store, looks, LOOKED_AT, Clock())[0]
            known = case.role == "query"
            right = seen.items.index(case.item) if known and case.item in seen.items else -1
            found.append(Case(case.item, seen.standing, right, known))
    return found


def what(fitted: Decider) -> str:
    """The numbers that decide."""
    own = " above what photos of the view's own picture have" if fitted.expected else ""
    parts = [
        f"score{own}",
        "lead over the next item",
        *([f"weakest part{own and ', likewise'}"] if fitted.weights[2] else []),
        *(["what number and outline say against it"] if fitted.weights[3] else []),
    ]
    return f"conditional logit of {'; '.join(parts)}"


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
    items = {c.item for c in cases}
    told = cross_validate(cases)
    final = fit(cases)
    card = {
        "what": what(final),
        "recipe": args.recipe,
        "fitted_on": f"{plan.name}: {len(cases)} queries, {len(items)} designs",
        "cross_validated": f"{FOLDS} folds over designs",
        **told.figures(),
        "built": date.today().isoformat(),
        "command": "python scripts/fit_decision.py PROTOCOL --root DIR --out FILE",
    }
    final = finish(final, told, card)
    args.out.write_text(json.dumps(final.to_dict(), indent=2) + "\n")
    print(json.dumps(final.to_dict(), indent=2))


if __name__ == "__main__":
    main()
