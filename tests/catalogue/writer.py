"""A child process for ``test_crash.py``: writes for ever and says what is safe, line by line.

``python -m tests.catalogue.writer rows URI START COUNT TIDY`` puts random batches of views numbered
from START and prints each id after the put that wrote it; ``… folder URI FOLDER`` adds a folder and
prints how many views are reported. Either prints ``ready`` first and ``done`` last, and waits for a
line on stdin in between.
"""

from __future__ import annotations

import random
import sys

from obverse.catalogue import lance
from obverse.catalogue.lance import LanceStore
from tests.catalogue.samples import items_of, make_manifest, make_view


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def write_rows(uri: str, start: int, count: int, tidy: int) -> None:
    """Batches of 1 to 8 views, tidying after every ``tidy``-th; every tenth view is replaced."""
    lance.FRAGMENTS, lance.INDEX_FROM = 3, 300
    store = LanceStore.create(uri, make_manifest())
    number, turn = start, 0
    while number < start + count:
        turn += 1
        size = random.randint(1, 8)
        views = [make_view(i) for i in range(number, min(number + size, start + count))]
        store.put(views, items_of(views))
        for view in views:
            say(view.id)
        number += size
        if turn % 10 == 0:
            store.put(views[:1])
        if turn % tidy == 0:
            store.optimise()


def add_folder(uri: str, folder: str) -> None:
    from obverse.catalogue import adding
    from obverse.catalogue.catalogue import Catalogue

    adding.BATCH, adding.TIDY_EVERY = 8, 3
    lance.FRAGMENTS = 4
    with Catalogue(uri) as catalogue:
        report = catalogue.add(folder, progress=lambda done, total, text: say(text))
    say(f"{report.added} of {report.added + report.skipped + report.moved}")


if __name__ == "__main__":
    import lancedb  # noqa: F401 slow to load, so before the clock runs

    kind, uri, *rest = sys.argv[1:]
    if kind == "folder":
        import obverse.catalogue.catalogue  # noqa: F401
    say("ready")
    sys.stdin.readline()
    if kind == "folder":
        add_folder(uri, *rest)
    else:
        write_rows(uri, *map(int, rest))
    say("done")
