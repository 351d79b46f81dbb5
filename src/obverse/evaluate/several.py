"""Several embedders on one protocol, in one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from obverse.errors import ObverseError, TableError
from obverse.evaluate import plots, report
from obverse.evaluate.engine import Own
from obverse.evaluate.protocol import Protocol
from obverse.evaluate.result import Report
from obverse.evaluate.run import evaluate
from obverse.types import Progress

HEAD = ("embedder", "recall@1", "@5", "@20", "mAP", "embed ms", "total ms", "bytes a view")


@dataclass(frozen=True, slots=True)
class Row:
    """One embedder's figures.

    Attributes:
        name: as it was asked for.
        bytes_per_view: what its embedding takes in the catalogue.
        report: everything else.
    """

    name: str
    bytes_per_view: float
    report: Report

    @property
    def cells(self) -> tuple[str, ...]:
        """As in ``HEAD``. One item is right for each query, so its average precision is one over
        its rank, and their mean the mean reciprocal rank."""
        found, times = self.report, self.report.times_ms
        shares = (found.recall.get(1), found.recall.get(5), found.recall.get(20), found.mrr)
        spent = (times.get("embed"), times.get("total"))
        return (
            self.name,
            *("–" if share is None else f"{share:.3f}" for share in shares),
            *("–" if time is None else f"{time.median:.0f}" for time in spent),
            f"{self.bytes_per_view:,.0f}",
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "embedder": self.name,
            "recall": {str(k): v for k, v in self.report.recall.items()},
            "map": self.report.mrr,
            "times_ms": {k: t.to_dict() for k, t in self.report.times_ms.items()},
            "bytes_per_view": self.bytes_per_view,
            "report": self.report.to_dict(),
        }


def evaluate_all(
    protocol: Protocol,
    embedders: Sequence[str],
    *,
    recipe: str | None = None,
    verifier: str = "",
    progress: Progress | None = None,
    failed: Callable[[str, ObverseError], None] | None = None,
    **options: Any,
) -> list[Row]:
    """Each embedder in turn, in a catalogue of its own.

    Args:
        protocol: one that was read.
        embedders: names, each with what is done to its vectors behind a comma:
            ``fisher-sift,pca-whiten:128``.
        failed: told each embedder that could not be measured, such as one that found too little to
            be fitted on; it is left out, and the others go on. Without it the error is raised.
        recipe, verifier, progress, options: as for ``evaluate``.

    Raises:
        UsageError, ModelError, MissingExtra: before anything is measured, if a name stands for
            nothing.
        TableError: as ``evaluate``.
    """
    engines = []
    for name in embedders:
        embedder, _, post = name.partition(",")
        engine = Own(recipe, embedder, post=post, verifier=verifier)
        engine.models()
        engines.append(engine)
    rows = []
    for name, engine in zip(embedders, engines, strict=True):
        tell = _named(progress, name) if progress else None
        try:
            found = evaluate(protocol, engine=engine, progress=tell, **options)
        except ObverseError as error:
            if failed is None or isinstance(error, TableError):
                raise
            failed(name, error)
            continue
        rows.append(Row(name, engine.bytes_per_view(), found))
    return rows


def write(rows: Sequence[Row], out: str | Path, *, command: str = "") -> Path:
    """Write ``index.html`` and ``table.md`` with the table, and a folder for each embedder with the
    report of its own, into ``out``; the path of the page. Raises ``UsageError``."""
    folder = Path(out)
    places = _folders(row.name for row in rows)
    for row in rows:
        report.write(row.report, folder / places[row.name], command=command)
    first = rows[0].report
    table = report.table(HEAD, [row.cells for row in rows])
    links = "".join(
        f'<li><a href="{escape(places[row.name])}/index.html">{escape(row.name)}</a></li>'
        for row in rows
    )
    chart = plots.recall_bars({row.name: row.report.recall for row in rows})
    parts = [
        f"<section>{report.html_table(HEAD, [row.cells for row in rows])}</section>",
        f'<section class="plots"><figure>{chart}</figure></section>',
        f"<section><h2>Each by itself</h2><ul>{links}</ul></section>",
        f"<section><h2>Run</h2>{report.html_table((), _facts(first, command))}</section>",
    ]
    page = folder / "index.html"
    note = f"# {first.protocol}\n\n{first.note}.\n\n"
    files = {
        page: report.to_page(first.protocol, first.note, parts),
        folder / "table.md": note + "\n".join(table) + "\n",
    }
    report.put(folder, files)
    return page


def _facts(first: Report, command: str) -> list[tuple[str, str]]:
    """What all of the runs have in common."""
    return [
        (name, value)
        for name, value in report.facts(first, command)
        if not name.startswith(("model", "catalogue", "queries"))
    ]


def _folders(names: Iterable[str]) -> Mapping[str, str]:
    """A folder's name for each embedder: its letters and digits."""
    places: dict[str, str] = {}
    for name in names:
        plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") or "embedder"
        taken = sum(place == plain or place.startswith(f"{plain}.") for place in places.values())
        places[name] = f"{plain}.{taken + 1}" if taken else plain
    return places


def _named(progress: Progress, name: str) -> Progress:
    def tell(done: int, total: int, text: str) -> None:
        progress(done, total, f"{name}: {text}")

    return tell
