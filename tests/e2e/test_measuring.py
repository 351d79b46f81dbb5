"""mint and evaluate."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.e2e.conftest import Minted, Run

pytestmark = pytest.mark.xdist_group("e2e")


def test_evaluate_gives_figures_and_a_page(run: Run, minted: Minted, tmp_path: Path) -> None:
    out, cache = tmp_path / "report", {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = run("evaluate", minted.protocol, "--report", out, "--json", env=cache)
    assert done.code == 0
    figures = done.json
    assert set(figures["recall"]) == {"1", "2", "5", "10", "20"}
    assert figures["recall"]["1"] >= 0.8
    assert figures["recall"]["20"] >= figures["recall"]["1"]
    assert set(figures["open_set"]) >= {"auroc", "fpr95", "correct", "wrong", "rejected"}
    assert 0 < figures["mrr"] <= 1
    assert 0 <= figures["ece"] <= 1
    assert 0 < figures["found"] <= 1
    assert figures["times_ms"]["embed"]["median"] <= figures["times_ms"]["embed"]["p95"]
    assert figures["failed"] == []
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "obverse evaluate" in page
    assert str(out / "index.html") in done.err

    again = run("evaluate", minted.protocol, "--json", env=cache).json
    assert again["setting"]["cached"]
    assert again["recall"] == figures["recall"]


def test_people_get_the_headline(run: Run, minted: Minted, tmp_path: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    done = run("evaluate", minted.protocol, "--limit", 4, env=cache)
    assert done.code == 0
    assert any(line.split()[:1] == ["recall@1"] for line in done.out.splitlines())


def test_the_same_seed_mints_the_same_coins(run: Run, tmp_path: Path) -> None:
    def digest(folder: Path) -> dict[str, str]:
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        return {
            str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
        }

    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        done = run("mint", tmp_path / name, "--types", 1, "--photos", 1, "--seed", seed, "--json")
        assert done.code == 0, done.err
        assert done.json
    a, b, c = (digest(tmp_path / name) for name in "abc")
    assert a == b
    assert a
    assert not set(a.values()) & {v for k, v in c.items() if k.endswith((".jpg", ".png"))}
