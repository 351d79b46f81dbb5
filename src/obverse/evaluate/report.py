"""Write a report down: JSON, Markdown, a CSV of predictions, and one page to look at.

The page is self-contained: no script, no font, no picture comes from anywhere else.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from obverse.errors import UsageError
from obverse.evaluate import metrics, plots
from obverse.evaluate.result import KS, Confusion, Report, ranks, sureness
from obverse.evaluate.style import CSS

SHOWN = 24
"""Confusions shown with pictures; at four pictures of some 6 kB the page stays under 1 MB."""


def write(report: Report, out: str | Path, *, command: str = "") -> Path:
    """Write ``report.json``, ``report.md``, ``predictions.csv`` and ``index.html`` into ``out``,
    each in one step. ``command`` is the command line that made the report, to be shown.

    Returns:
        The path of the page.

    Raises:
        UsageError: the folder cannot be written.
    """
    folder = Path(out)
    page = folder / "index.html"
    files = {
        folder / "report.json": json.dumps(
            {**report.to_dict(), "command": command}, indent=2, ensure_ascii=False, allow_nan=False
        )
        + "\n",
        folder / "report.md": to_markdown(report, command=command),
        folder / "predictions.csv": to_csv(report),
        page: to_html(report, command=command),
    }
    put(folder, files)
    return page


def put(folder: Path, files: Mapping[Path, str]) -> None:
    """Write text files, each in one step. Raises ``UsageError`` where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            part.write_text(text, encoding="utf-8", newline="\n")
            part.replace(path)
    except OSError as error:
        raise UsageError(
            f"the report cannot be written ({error.strerror})",
            where=folder,
            hint="use --report DIR",
        ) from error


def to_csv(report: Report) -> str:
    """One line per query; rank is empty where the right item did not come back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["photo", "role", "item", "answer", "rank", "probability", "known", "score", "failure"]
    )
    for p in report.predictions:
        score = f"{p.score:.6f}" if p.answer else ""
        writer.writerow(
            [
                p.photo,
                p.role,
                p.item,
                p.answer,
                p.rank or "",
                f"{p.probability:.6f}",
                int(p.known),
                score,
                p.reason,
            ]
        )
    return text.getvalue()


def figures(report: Report) -> list[tuple[str, str, str]]:
    """The headline: name, value, and a word on it."""
    open_set, interval = report.open_set, report.recall_interval
    chosen, shipped = open_set.chosen, open_set.shipped
    span = f"95 % interval {interval[0]:.3f}–{interval[1]:.3f}" if interval else ""
    limit = report.setting.max_wrong
    decided = "the decision of the package"
    decided += "" if limit is None else f", at most {_percent(limit)} wrong by its calibration"
    rows = [(f"recall@{k}", _number(v), span if k == 1 else "") for k, v in report.recall.items()]
    rows += [
        ("mean reciprocal rank", _number(report.mrr), ""),
        ("AUROC", _number(open_set.auroc), "known or unknown, by probability"),
        ("FPR@95", _number(open_set.fpr95), "unknown accepted when 95 % of the known are"),
        (
            "correct",
            _percent(chosen.correct),
            f"at most {_percent(open_set.max_wrong)} wrong, in hindsight",
        ),
        ("wrong", _percent(chosen.wrong), _threshold(chosen.threshold)),
        (
            "rejected",
            _percent(chosen.rejected),
            f"{_percent(chosen.rejected_unknown)} of all are unknown and rightly so",
        ),
        *(
            (
                f"at {_percent(wrong)} wrong",
                f"{_percent(p.correct)} correct",
                f"{_percent(p.wrong)} wrong, {_percent(p.rejected)} rejected, in hindsight",
            )
            for wrong, p in open_set.points.items()
        ),
        ("correct, as shipped", _percent(shipped.correct), decided),
        ("wrong, as shipped", _percent(shipped.wrong), ""),
        ("rejected, as shipped", _percent(shipped.rejected), ""),
        ("ECE", _number(report.ece), f"{metrics.BINS} bins of equal width"),
        ("object found", _percent(report.found), "share of the query photos"),
    ]
    if "total" in report.times_ms:
        total = report.times_ms["total"]
        rows.append(
            ("time per photo", f"{total.median:.0f} ms", f"95th percentile {total.p95:.0f} ms")
        )
    return rows


def facts(report: Report, command: str) -> list[tuple[str, str]]:
    """What it takes to run it again."""
    s = report.setting
    rows = [
        ("command", command),
        ("date", s.date),
        ("version", s.version),
        ("machine", f"{s.machine['cpu']}, {s.machine['cores']} cores, {s.machine['system']}"),
        ("python", str(s.machine["python"])),
        ("recipe", s.recipe),
        *((f"model: {stage}", fingerprint) for stage, fingerprint in s.models.items()),
        ("candidates asked for", str(s.top)),
        ("queries asked", f"{len(report.predictions):,}" + (" (a part)" if s.limit else "")),
        ("photos at once", str(s.workers)),
        ("catalogue", f"{s.seconds['catalogue']:.1f} s" + (", cached" if s.cached else "")),
        ("queries", f"{s.seconds['queries']:.1f} s"),
    ]
    if report.counts.get("same_file"):
        rows.append(("queries that are a catalogue picture", str(report.counts["same_file"])))
    return [(name, value) for name, value in rows if value]


def to_markdown(report: Report, *, command: str = "") -> str:
    """The figures as tables."""
    lines = [f"# {_cell(report.protocol)}", "", f"{_cell(report.note)}.", ""]
    lines += table(("figure", "value", "note"), figures(report))
    lines += ["", "## Time per photo, ms", ""]
    lines += table(
        ("stage", "median", "95th percentile"),
        [(k, f"{t.median:.1f}", f"{t.p95:.1f}") for k, t in report.times_ms.items()],
    )
    lines += ["", "## Worst confusions", ""]
    lines += table(
        ("right", "answered", "photos", "probability", "photo"),
        [
            (_right(c), c.answer, str(c.count), f"{c.probability:.2f}", c.photo)
            for c in report.confusions[:SHOWN]
        ],
    )
    if report.failed:
        lines += ["", "## Failed photos", ""]
        lines += table(
            ("photo", "role", "error", "reason"),
            [(f.photo, f.role, f.error, f.reason) for f in report.failed],
        )
    lines += ["", "## Run", ""]
    lines += table(("what", "value"), facts(report, command))
    return "\n".join(lines) + "\n"


def to_html(report: Report, *, command: str = "") -> str:
    """The page."""
    parts = [
        f'<section class="tiles">{"".join(_tile(*row) for row in figures(report))}</section>',
        f'<section class="plots">{"".join(f"<figure>{p}</figure>" for p in _plots(report))}'
        "</section>",
        _confusion_section(report),
    ]
    if report.failed:
        rows = [(f.photo, f.role, f.error, f.reason) for f in report.failed]
        parts.append(
            f"<section><h2>Failed photos ({len(rows)})</h2>"
            f"{html_table(('photo', 'role', 'error', 'reason'), rows)}</section>"
        )
    parts.append(f"<section><h2>Run</h2>{html_table((), facts(report, command))}</section>")
    return to_page(report.protocol, report.note, parts)


def to_page(name: str, note: str, parts: Sequence[str]) -> str:
    """A whole page of sections, nothing of which comes from anywhere else."""
    title = escape(name)
    parts = [f"<header><h1>{title}</h1><p>{escape(note)}.</p></header>", *parts]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{title}: obverse evaluation</title>\n<style>{CSS}</style>\n</head>\n"
        "<body>\n<main>\n" + "\n".join(parts) + "\n</main>\n</body>\n</html>\n"
    )


def _plots(report: Report) -> Iterable[str]:
    """The plots that the input gives a meaning to."""
    known, unknown = sureness(report.predictions)
    open_set = report.open_set
    if known.size:
        yield plots.recall_curve(ranks(report.predictions), KS, report.recall_interval)
    if open_set.auroc is not None and open_set.fpr95 is not None:
        yield plots.roc_curve(*metrics.roc(known, unknown), open_set.auroc, open_set.fpr95)
    yield plots.score_histogram(known, unknown)
    if report.ece is not None:
        yield plots.reliability_diagram(report.bins, report.ece)
    score = [p.sureness for p in report.predictions]
    coverage, risk = metrics.risk_coverage(score, [p.right for p in report.predictions])
    yield plots.risk_coverage_curve(
        coverage, risk, open_set.chosen.point(), open_set.shipped.point()
    )
    if report.times_ms:
        yield plots.time_bars(report.times_ms)


def _tile(name: str, value: str, note: str) -> str:
    return (
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(value)}</b>'
        f"<small>{escape(note)}</small></div>"
    )


def _confusion_section(report: Report) -> str:
    count = len(report.confusions)
    if not count:
        return "<section><h2>Worst confusions</h2><p>None.</p></section>"
    cards = "".join(_card(c) for c in report.confusions[:SHOWN])
    more = f" (the first {SHOWN} of {count})" if count > SHOWN else ""
    return f'<section><h2>Worst confusions{more}</h2><div class="cards">{cards}</div></section>'


def _card(c: Confusion) -> str:
    p = c.pictures
    missing = "no picture" if c.role == "query" else "not in the catalogue"
    shots = [
        _picture(p.photo, "photo"),
        _picture(p.patch, "as seen"),
        _picture(p.answer, f"answer: {c.answer}", turn=p.turn),
        _picture(p.right, f"right: {c.item or '?'}", turn=p.right_turn, missing=missing),
    ]
    times = f" · {c.count} photos" if c.count > 1 else ""
    verdict = "given as the answer" if c.known else "not given: too unsure"
    return (
        f"<article><h3>{escape(_right(c))} <i>taken for</i> {escape(c.answer)}</h3>"
        f'<div class="shots">{"".join(shots)}</div>'
        f"<p>probability {c.probability:.2f}, {verdict}{times}<br><small>{escape(c.photo)}</small>"
        "</p></article>"
    )


def _picture(jpeg: bytes, caption: str, *, turn: float = 0.0, missing: str = "no picture") -> str:
    """A figure; a view is turned to lie as the query does (CSS turns clockwise)."""
    shown = escape(missing)
    if jpeg:
        data = base64.b64encode(jpeg).decode()
        style = f' style="transform:rotate({-turn:.0f}deg)"' if round(turn) % 360 else ""
        shown = f'<img alt="{escape(caption)}" src="data:image/jpeg;base64,{data}"{style}>'
    below = f"<figcaption>{escape(caption)}</figcaption>"
    return f'<figure><div class="shot">{shown}</div>{below}</figure>'


def html_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    start = f"<thead><tr>{top}</tr></thead>" if top else ""
    return f'<div class="wide"><table>{start}<tbody>{body}</tbody></table></div>'


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table."""
    names = list(head)
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return lines + ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]


def _cell(text: str) -> str:
    """Text that stays inside its Markdown cell and is no markup."""
    for mark in "\\|<`*_[":
        text = text.replace(mark, "\\" + mark)
    return " ".join(text.split())


def _right(c: Confusion) -> str:
    return c.item if c.role == "query" else f"{c.item or 'something'} (unknown)"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _threshold(value: float | None) -> str:
    return (
        "nothing may be answered" if value is None else f"answered from probability {value:.3f} up"
    )
