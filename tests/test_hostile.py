"""Damaged and hostile files: each gives one typed error, quickly, in little memory, unwarned.

All of them are opened in one process of its own, which reports what happened, how long it took and
the peak of its memory.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from obverse import errors, photo
from tests.hostile import Case, make_cases, make_places, make_sound

SECONDS = 2.0
MEGABYTES = 300.0


def report() -> None:
    """Open the paths that standard input names; print what happened, one JSON line each."""
    paths = json.load(sys.stdin)
    for data in make_sound().values():
        photo.load(data)  # so that importing the decoders is not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    root = os.geteuid() == 0
    for path in paths:
        secret = root and "secret" in path
        if secret:
            os.seteuid(65534)  # permission bits do not bind root
        error, start = None, time.perf_counter()
        try:
            found = photo.load(path)
            assert found.pixels.shape == (found.height, found.width, 3)
        except errors.PhotoError as caught:
            error = caught.to_dict() | {"line": str(caught)}
        seconds = time.perf_counter() - start
        if secret:
            os.seteuid(0)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        line = {"path": path, "error": error, "seconds": seconds, "mb": (peak - before) / 1024}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


Result = dict[str, Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Case, Result]]:
    """Every case with what became of it, by name."""
    folder = tmp_path_factory.mktemp("hostile")
    cases = {}
    for i, case in enumerate(make_cases()):
        path = folder / f"{i}.jpg"
        path.write_bytes(case.data)
        cases[str(path)] = case
    for path, expected in make_places(folder).items():
        cases[path] = Case(path.removeprefix(f"{folder}/"), b"", expected)
    done = subprocess.run(
        [sys.executable, "-W", "always", "-m", "tests.test_hostile"],
        cwd=Path(__file__).parents[1],
        input=json.dumps(list(cases)),
        capture_output=True,
        text=True,
        timeout=240,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    last = cases[list(cases)[len(lines) - 1]].name if lines else "none"
    assert done.returncode == 0, f"died after {last!r}: {done.stderr[-2000:]}"
    # libtiff writes its own complaints to standard error, and nothing can stop it; Python must not.
    assert "Warning" not in done.stderr
    assert "Traceback" not in done.stderr
    return {cases[line["path"]].name: (cases[line["path"]], line) for line in lines}


Results = dict[str, tuple[Case, Result]]


def test_each_gives_the_one_typed_error(results: Results) -> None:
    wrong = {
        name: (case.expected, line["error"] and line["error"]["line"])
        for name, (case, line) in results.items()
        if (line["error"] and line["error"]["error"]) not in case.expected
    }
    assert wrong == {}


def test_there_are_at_least_two_hundred_different_ones(results: Results) -> None:
    strict = [case for case, _ in results.values() if None not in case.expected]
    assert len({case.data for case in strict if case.data}) >= 200
    kinds = {kind for case in strict for kind in case.expected if len(case.expected) == 1}
    assert kinds == {
        *("PhotoMissing", "PhotoUnreadable", "PhotoEmpty", "PhotoTooLarge", "PhotoTooSmall"),
        *("NotAPhoto", "PhotoDamaged"),
    }


def test_each_is_quick(results: Results) -> None:
    slow = {n: line["seconds"] for n, (_, line) in results.items() if line["seconds"] > SECONDS}
    assert slow == {}


def test_none_takes_much_memory(results: Results) -> None:
    peak = max(line["mb"] for _, line in results.values())
    grown = [(n, line["mb"]) for n, (_, line) in results.items() if line["mb"] > MEGABYTES]
    assert grown[:1] == [], f"peak {peak:.0f} MB"


def test_each_error_is_one_line_that_names_the_file(results: Results) -> None:
    for name, (_, line) in results.items():
        if line["error"]:
            text = line["error"]["line"]
            assert "\n" not in text
            assert len(text) < 600, name
            assert text.startswith(line["error"]["where"]), name
            assert line["error"]["hint"], name


@pytest.mark.parametrize("behind", [b"tail" * 1000, b"PK\x05\x06" + bytes(18), None])
def test_what_follows_a_sound_picture_does_no_harm(behind: bytes | None) -> None:
    """Polyglots: a picture with something behind it is that very picture, or an error."""
    for name, data in make_sound().items():
        expected = photo.load(data).pixels
        try:
            found = photo.load(data + (behind or data)).pixels
        except errors.PhotoDamaged:
            assert name.startswith(("avif", "heic", "webp")), name
            continue
        assert np.array_equal(found, expected), name


if __name__ == "__main__":
    report()
