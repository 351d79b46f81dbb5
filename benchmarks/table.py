"""What the benchmark measured, judged and put into a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from material import FILLED

WARM_UP = 3
"""Queries before those that count."""
ADD_ROUNDS = 3
BARS = {"total": 250.0, "added": 12.0, "memory": 1500.0, "help": 0.3}
"""What must hold on 2 cores with 10,000 views: milliseconds, photos a second, MB, seconds."""

Measured = dict[str, Any]
Row = tuple[str, str, str, str, str]
HEADER: Row = ("", "Obverse", "rival", "times better", "bar")


def summarise(times: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile per stage."""
    out = {}
    for stage in times[0]:
        median, p95 = np.quantile([row[stage] for row in times], [0.5, 0.95])
        out[stage] = {"median": round(float(median), 2), "p95": round(float(p95), 2)}
    return out


def judge(ours: Measured) -> dict[str, dict[str, Any]]:
    """Every bar: the figure, the bar, and whether it is met."""
    figures = {
        "total": ours["times_ms"]["total"]["median"],
        "added": ours["added_per_second"],
        "memory": max(ours["memory_mb"].values()),
        "help": ours["help_seconds"],
    }
    return {
        name: {
            "value": value,
            "bar": BARS[name],
            "met": value >= BARS[name] if name == "added" else value <= BARS[name],
        }
        for name, value in figures.items()
    }


def render(result: Measured) -> str:
    """Where it was measured, the table, and what to know about it, as Markdown."""
    machine = result["machine"]
    rows = [HEADER, ("---", "---:", "---:", "---:", "---"), *_stages(result), *_others(result)]
    return "\n".join(
        (
            f"{result['date']}, commit {result['commit']}, `{result['command']}`",
            "",
            f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, "
            f"{machine['system']}; load {result['load']:.1f} before the start.",
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
            *_notes(result),
        )
    )


def _stages(result: Measured) -> list[Row]:
    ours = result["ours"]["times_ms"]
    theirs = result["rival"]["times_ms"] if result["rival"] else {}
    rows = []
    for stage, time in ours.items():
        other = theirs.get(stage)
        better = f"{other['median'] / max(time['median'], 1e-3):.1f}" if other else ""
        bar = f"<= {BARS['total']:.0f} ms: {_verdict(result, 'total')}" if stage == "total" else ""
        name = "drawing the answer" if stage == "draw" else stage
        rows.append((f"{name}, ms", _spread(time), _spread(other), better, bar))
    return rows


def _others(result: Measured) -> list[Row]:
    ours, rival = result["ours"], result["rival"]
    rate, memory = ours["added_per_second"], ours["memory_mb"]
    bar = f">= {BARS['added']:.0f}: {_verdict(result, 'added')}"
    theirs = rival["added_per_second"] if rival else None
    better = f"{rate / theirs:.1f}" if theirs else ""
    rows = [("photos added a second", _number(rate, ".1f"), _number(theirs, ".2f"), better, bar)]
    for doing, peak in memory.items():
        theirs = rival["memory_mb"][doing] if rival else None
        better = f"{theirs / peak:.1f}" if theirs else ""
        bar = f"<= {BARS['memory']:.0f} MB: {_verdict(result, 'memory')}"
        name = f"peak memory {doing}, MB"
        rows.append((name, _number(peak, ".0f"), _number(theirs, ".0f"), better, bar))
    bar = f"<= {BARS['help']} s: {_verdict(result, 'help')}"
    rows.append(("`obverse --help`, s", _number(ours["help_seconds"], ".2f"), "–", "", bar))
    rows.append(("`obverse identify`, s", _number(ours["cold_seconds"], ".2f"), "–", "", ""))
    return rows


def _notes(result: Measured) -> list[str]:
    ours, rival = result["ours"], result["rival"]
    queries = len(ours["rows"])
    notes = [
        f"- Stages: one 12-megapixel JPEG ({ours['photo_mb']:.1f} MB) against {ours['views']:,} "
        f"views, median / 95th percentile of {queries} queries after {WARM_UP} others; "
        f"{ours['right']} of {queries} named the item. Index: {ours['index']}.",
        f"- {ours['filled']:,} of the views are filled up: {FILLED}.",
        "- Adding: from JPEG scans of 1 megapixel to rows on disk, median of "
        f"{ADD_ROUNDS} rounds. Memory: the peak of a process that does nothing else. "
        "The last row is a whole process, from start to end.",
    ]
    if rival:
        versions = ", ".join(f"{name} {version}" for name, version in rival["versions"].items())
        notes.append(
            f"- The rival is the Coin-CLIP route ({versions}): OWL-ViT base/32 finds, CLIP "
            "ViT-B/32 embeds, ChromaDB searches. Its weights are random, as only time and memory "
            "are compared; it neither verifies nor draws. Threads that are quickest for it: "
            f"{rival['threads']}. Its models take {rival['ready_seconds']:.1f} s to build."
        )
    return notes


def _verdict(result: Measured, bar: str) -> str:
    return "met" if result["bars"][bar]["met"] else "**MISSED**"


def _spread(time: Mapping[str, float] | None) -> str:
    return f"{time['median']:.1f} / {time['p95']:.1f}" if time else "–"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
