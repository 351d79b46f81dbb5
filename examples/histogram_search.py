"""The simplest image search there is: the picture whose histogram of grey is nearest by cosine.

Writes a table with the columns source and query: the best picture of SOURCES for each of QUERIES.

python examples/histogram_search.py SOURCES/ QUERIES/ submission.csv
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

import obverse
from obverse.errors import told


def main(sources: str, queries: str, out: str) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        obverse.Catalogue(f"{folder}/c.obv", recipe="flat", embedder="hist-gray-256") as catalogue,
        Path(out).open("w", newline="") as stream,
    ):
        catalogue.add(sources)
        table = csv.writer(stream)
        table.writerow(("source", "query"))
        for query in sorted(Path(queries).iterdir()):
            best = catalogue.identify(query, top=1).best
            assert best is not None
            table.writerow((Path(best.view.source).name, query.name))
            print(f"{query.name}: {best.item.id}, cosine {best.score:.4f}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
