"""The benchmark itself: it runs end to end on a small scale, and its table tells the truth."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from obverse import Catalogue

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a script of the benchmark, whose neighbours are on its path."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load_script(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load_script


def hold(megabytes: int) -> None:
    """Every page of so much memory touched, then let go."""
    np.ones(megabytes * 125_000, np.float64)


def result(**ours: Any) -> dict[str, Any]:
    """A measured result as ``bench`` makes it, made up."""
    stage = {"median": 100.0, "p95": 150.0}
    return {
        "date": "2026-01-02",
        "commit": "abcdef0",
        "command": "python benchmarks/bench.py",
        "machine": {"cpu": "Some CPU", "cores": 2, "python": "3.12.0", "system": "Linux"},
        "load": 0.1,
        "ours": {
            "times_ms": {"find": stage, "total": stage, "draw": stage},
            "rows": [{}] * 7,
            "right": 6,
            "added_per_second": 20.0,
            "memory_mb": {"asking": 400.0, "adding": 500.0},
            "help_seconds": 0.1,
            "cold_seconds": 1.5,
            "views": 1234,
            "filled": 1000,
            "index": "none",
            "photo_mb": 3.5,
            **ours,
        },
        "rival": {
            "times_ms": {"find": {"median": 250.0, "p95": 300.0}},
            "added_per_second": 0.5,
            "memory_mb": {"asking": 1000.0, "adding": 1000.0},
            "versions": {"torch": "1"},
            "threads": 2,
            "ready_seconds": 3.0,
        },
    }


def rows(text: str) -> dict[str, list[str]]:
    """A Markdown table's cells by the first one."""
    cells = (line[1:-1].split("|") for line in text.splitlines() if line.startswith("|"))
    return {first.strip(): [c.strip() for c in rest] for first, *rest in cells}


@pytest.mark.slow
def test_bench_runs_from_photos_to_json(
    load: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = load("bench")
    small = {"HELP_RUNS": 1, "COLD_RUNS": 1, "ADD_ROUNDS": 1, "WARM_UP": 0, "MEMORY_PHOTOS": 1}
    for name, count in small.items():
        monkeypatch.setattr(bench, name, count)
    # New processes have a test of their own.
    monkeypatch.setattr(bench, "in_new_process", lambda work, *given: work(*given) or 321.0)
    bench.main(["--no-rival", "--json", "--views=30", "--queries=1", "--scans=3"])
    told = json.loads(capsys.readouterr().out)
    ours = told["ours"]
    assert (ours["views"], ours["filled"], ours["right"], told["rival"]) == (30, 27, 1, None)
    stages = ["decode", "find", "normalise", "quality", "embed"]
    stages += ["search", "verify", "decide", "fetch"]
    assert list(ours["times_ms"]) == [*stages, "total", "draw"]
    # The stages are most of the total, and never more.
    total = ours["rows"][0]["total"]
    assert 0.8 * total <= sum(ours["rows"][0][s] for s in stages) <= total
    assert ours["memory_mb"] == {"asking": 321.0, "adding": 321.0}
    assert min(ours["help_seconds"], ours["cold_seconds"], ours["added_per_second"]) > 0


def test_photos_are_of_12_megapixels_and_the_same_every_time(load: Any, tmp_path: Path) -> None:
    material = load("material")
    first, again = (material.take_photos(tmp_path / name, 1)[0] for name in "ab")
    assert cv2.imread(str(first.path)).size == 3 * 4000 * 3000
    assert first.path.read_bytes() == again.path.read_bytes()


def test_filled_up_views_are_no_match_for_real_ones(load: Any, tmp_path: Path) -> None:
    material = load("material")
    with Catalogue(tmp_path / "c.obv") as catalogue:
        catalogue.add(material.make_scans(tmp_path / "scans", 2))
        real = catalogue.store.views(embeddings=True)
        assert material.fill(catalogue.store, 40) == 38
        assert catalogue.info()["views"] == 40
        for view in real:
            hits = catalogue.store.search(view.embedding.vector, 40)
            scores, _ = catalogue.pipeline.verify(view.embedding, hits)
            assert hits.views[0] == view.id
            fill = np.array([item.startswith("f") for item in hits.items])
            assert hits.similarity[fill].max() < 0.7
            assert scores[fill].max() < 0.7
            vectors = [v.embedding.vector for v in catalogue.store.views(embeddings=True)]
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=2e-3)


def test_peak_memory_is_that_of_the_new_process_alone(load: Any) -> None:
    bench = load("bench")
    held = np.ones(50_000_000, np.float64)  # 400 MB here must not count there
    little, much = bench.in_new_process(hold, 1), bench.in_new_process(hold, 300)
    assert little < 0.9 * held.nbytes / 1e6
    assert 280 < much - little < 320


def test_table_marks_missed_bars_and_says_how_much_better(load: Any) -> None:
    table = load("table")
    fine = result()
    fine["bars"] = table.judge(fine["ours"])
    cells = rows(table.render(fine))
    assert cells["find, ms"] == ["100.0 / 150.0", "250.0 / 300.0", "2.5", ""]
    assert cells["total, ms"] == ["100.0 / 150.0", "–", "", "<= 250 ms: met"]
    assert cells["photos added a second"] == ["20.0", "0.50", "40.0", ">= 12: met"]
    assert cells["peak memory adding, MB"] == ["500", "1000", "2.0", "<= 1500 MB: met"]
    assert "6 of 7 named the item" in table.render(fine)

    poor = result(added_per_second=3.0, help_seconds=0.4, memory_mb={"asking": 1501.0})
    poor["ours"]["times_ms"]["total"] = {"median": 251.0, "p95": 300.0}
    poor["bars"] = table.judge(poor["ours"])
    assert table.render(poor).count("**MISSED**") == 4
    assert "**MISSED**" not in table.render(fine)


def test_table_without_the_rival_leaves_its_cells_open(load: Any) -> None:
    table = load("table")
    alone = {**result(), "rival": None}
    alone["bars"] = table.judge(alone["ours"])
    cells = list(rows(table.render(alone)).items())[2:]  # after the header and its rule
    assert [row[1:3] for _, row in cells] == [["–", ""]] * 8
    assert "Coin-CLIP" not in table.render(alone)


def test_summary_is_that_of_the_quantiles(load: Any) -> None:
    times = [{"find": float(n)} for n in range(1, 102)]
    assert load("table").summarise(times) == {"find": {"median": 51.0, "p95": 96.0}}
