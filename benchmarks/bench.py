"""Time and memory, stage by stage, with the rival in the same run.

    make bench                              # or: python benchmarks/bench.py
    python benchmarks/bench.py --no-rival   # needs nothing but the package
    python benchmarks/bench.py --write      # append the table to benchmarks/RESULTS.md

Prints a Markdown table, or one JSON object with --json; talk goes to stderr. A bar that is missed
is marked MISSED and the exit code is still 0. The rival (``rival.py``) needs the extra ``bench``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from material import FILLED, Shot, fill, make_scans, take_photos
from table import ADD_ROUNDS, WARM_UP, Measured, judge, render, summarise

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
TOP = 5
PHOTOS = 8
"""Different photos; more queries than that go round."""
HELP_RUNS = 10
COLD_RUNS = 3
MEMORY_PHOTOS = 10
RIVAL_SCANS = 24
NEEDS = ("torch", "transformers", "chromadb")


def measure(folder: Path, *, views: int, queries: int, scans: int) -> Measured:
    """Everything about Obverse itself."""
    from obverse import Catalogue

    say(f"making {PHOTOS} photos of 12 megapixels and {scans} scans of 1 megapixel")
    shots = take_photos(folder / "photos", min(PHOTOS, queries))
    table = make_scans(folder / "scans", scans)
    added = [time_adding(folder / f"add{i}.obv", table, scans) for i in range(ADD_ROUNDS)]
    uri = folder / "add0.obv"
    with Catalogue(uri) as catalogue:
        say(f"filling up to {views:,} views ({FILLED})")
        filled = fill(catalogue.store, views)
        stored = catalogue.info()
        rows, right = time_asking(catalogue, shots, queries)
    say("memory, in processes of their own")
    asking, adding = in_new_process(ask_some, uri, shots), in_new_process(add_all, folder, table)
    say("the command line")
    ask_once = ("identify", str(uri), str(shots[0].path), "--json")
    return {
        "times_ms": rows,
        "right": right,
        "added_per_second": float(np.median(added)),
        "memory_mb": {"asking": asking, "adding": adding},
        "help_seconds": time_command(["--help"], HELP_RUNS),
        "cold_seconds": time_command(ask_once, COLD_RUNS),
        "views": stored["views"],
        "filled": filled,
        "index": stored["index"],
        "photo_mb": float(np.mean([s.path.stat().st_size for s in shots])) / 1e6,
    }


def time_asking(catalogue: Any, shots: Sequence[Shot], queries: int) -> tuple[list[Any], int]:
    """Milliseconds per stage of each query after the warm-up, drawing apart from the total, and how
    many were answered with the item in the photo."""
    from obverse import draw

    rows, right = [], 0
    for i in range(WARM_UP + queries):
        shot = shots[i % len(shots)]
        start = time.perf_counter()
        answer = catalogue.identify(shot.path, top=TOP)
        total = 1e3 * (time.perf_counter() - start)
        start = time.perf_counter()
        draw.answer(answer)
        drawn = 1e3 * (time.perf_counter() - start)
        say(f"photo {i + 1} of {WARM_UP + queries}, {total:.0f} ms")
        if i >= WARM_UP:
            rows.append({**answer.times_ms, "total": total, "draw": drawn})
            right += answer.best is not None and answer.best.item.id == shot.item
    return rows, right


def time_adding(uri: Path, table: Path, scans: int) -> float:
    """Photos a second from files to a new catalogue on disk."""
    from obverse import Catalogue

    with Catalogue(uri) as catalogue:
        start = time.perf_counter()
        report = catalogue.add(table)
        seconds = time.perf_counter() - start
    if report.added != scans:
        raise SystemExit(f"{report.added} of {scans} scans were added: {report.to_dict()}")
    say(f"added {scans} scans, {scans / seconds:.1f} a second")
    return scans / seconds


def time_command(arguments: Sequence[str], runs: int) -> float:
    """Median wall time, in seconds, of the installed command."""
    command = [str(Path(sys.executable).with_name("obverse")), *arguments]
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def in_new_process(work: Callable[..., None], *arguments: Any) -> float:
    """The peak memory of a fresh process that does some work, in MB."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        pool.submit(work, *arguments).result()
        return pool.submit(peak_memory).result()


def ask_some(uri: Path, shots: Sequence[Shot]) -> None:
    from obverse import Catalogue

    with Catalogue(uri) as catalogue:
        for i in range(MEMORY_PHOTOS):
            catalogue.identify(shots[i % len(shots)].path, top=TOP)


def add_all(folder: Path, table: Path) -> None:
    from obverse import Catalogue

    with Catalogue(folder / "memory.obv") as catalogue:
        catalogue.add(table)


def peak_memory() -> float:
    """The most memory this process has had resident, in MB of a million bytes.

    Linux carries ``ru_maxrss`` over from the process that started this one, so its own high-water
    mark is read instead; elsewhere, ``ru_maxrss`` is all there is.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def run_rival(folder: Path, *, views: int, queries: int, scans: int) -> Measured:
    """The rival's figures, from its own process."""
    command = [
        sys.executable,
        str(HERE / "rival.py"),
        str(folder / "photos"),
        str(folder / "scans"),
    ]
    numbers = {"--views": views, "--queries": queries, "--limit": min(scans, RIVAL_SCANS)}
    command += [str(part) for pair in numbers.items() for part in pair]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: Measured = json.loads(done.stdout)
    return measured


def describe_commit() -> str:
    """The short hash, ``+changes`` if the tree differs from it."""
    try:
        texts = [
            subprocess.run(["git", *words], cwd=HERE, check=True, capture_output=True, text=True)
            for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain"])
        ]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return texts[0].stdout.strip() + ("+changes" if texts[1].stdout.strip() else "")


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def bench(*, views: int, queries: int, scans: int, with_rival: bool, command: str) -> Measured:
    """Measure both and put it into one object."""
    from obverse.evaluate.run import describe_machine

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="obverse-bench-", ignore_cleanup_errors=True) as name:
        ours = measure(Path(name), views=views, queries=queries, scans=scans)
        sizes = {"views": views, "queries": queries, "scans": scans}
        rival = run_rival(Path(name), **sizes) if with_rival else None
    for side in (ours, rival):
        if side:
            side["rows"] = side["times_ms"]
            side["times_ms"] = summarise(side["rows"])
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": describe_commit(),
        "command": command,
        "machine": describe_machine(),
        "load": load,
        "bars": judge(ours),
        "ours": ours,
        "rival": rival,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(description="Time and memory, beside the rival.")
    parser.add_argument("--views", type=int, default=10_000, help="views in the catalogue")
    parser.add_argument("--queries", type=int, default=15, help="photos asked about")
    parser.add_argument("--scans", type=int, default=120, help="scans added")
    parser.add_argument("--no-rival", action="store_true", help="leave the rival out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", action="store_true", help=f"append to {RESULTS.name}")
    args = parser.parse_args(given)
    missing = [] if args.no_rival else [name for name in NEEDS if find_spec(name) is None]
    if missing:
        parser.error(f"the rival needs {', '.join(missing)}: make bench, or leave it --no-rival")
    if min(args.queries, args.scans) < 1:
        parser.error("queries and scans start at 1")
    result = bench(
        views=args.views,
        queries=args.queries,
        scans=args.scans,
        with_rival=not args.no_rival,
        command=shlex.join(["python", "benchmarks/bench.py", *given]),
    )
    text = render(result)
    if args.write:
        with RESULTS.open("a", encoding="utf-8") as stream:
            stream.write(f"\n## {result['date']}: speed and memory, beside the rival\n\n{text}\n")
    print(json.dumps(result) if args.json else text)


if __name__ == "__main__":
    main()
