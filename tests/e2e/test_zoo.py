"""Descriptors by name, from the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from obverse.types import F32
from tests.e2e.conftest import Few, Run

pytestmark = pytest.mark.xdist_group("e2e")


def histogram(path: Path) -> F32:
    """The course's: 256 bins of grey, of unit length, from what OpenCV reads."""
    grey = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2GRAY)
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel()
    return np.asarray(counts / np.linalg.norm(counts), np.float32)


def test_the_histogram_task_from_pictures_to_the_table(run: Run, few: Few, tmp_path: Path) -> None:
    """Turned, mirrored, halved and recompressed copies are asked for; the best picture of each by
    the course's formula on the files themselves is what the table says."""
    scans = sorted(few.scans.iterdir())
    queries = tmp_path / "queries"
    queries.mkdir()
    changes = (
        lambda i: np.rot90(i).copy(),
        lambda i: np.fliplr(i).copy(),
        lambda i: cv2.resize(i, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST),
        lambda i: cv2.imdecode(cv2.imencode(".jpg", i, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 1),
    )
    for n, scan in enumerate(scans):
        changed = changes[n % 4](cv2.imread(str(scan)))
        cv2.imwrite(str(queries / f"query-{n:02}.png"), changed)
    place = tmp_path / "c.obv"
    made = run("add", place, few.scans, "--recipe", "flat", "--embedder", "hist-gray-256")
    assert made.code == 0, made.err
    done = run("match", place, queries, "--csv", tmp_path / "best.csv")
    assert done.code == 0, done.err
    text = (tmp_path / "best.csv").read_text("utf-8")
    table = list(csv.DictReader(text.splitlines()))
    assert text.startswith("source,query\n")
    stored = np.stack([histogram(scan) for scan in scans])
    expected = [
        {"source": scans[int((stored @ histogram(query)).argmax())].name, "query": query.name}
        for query in sorted(queries.iterdir())
    ]
    assert table == expected
    assert len({row["source"] for row in table}) == len(scans)


def test_several_embedders_in_one_table(run: Run, few: Few, tmp_path: Path) -> None:
    names = ["phash", "vlad-orb:4,pca-whiten:4,csls"]
    # It fails when it is fitted, after the first was measured.
    few_points = "vlad-orb:99999"
    asked = [part for name in (names[0], few_points, names[1]) for part in ("--embedder", name)]
    options = [*asked, "--cache", tmp_path / "cache", "--report", tmp_path / "report"]
    done = run("evaluate", few.protocol, *options, "--json")
    assert done.code == 2
    assert "1 of 3 embedders could not be measured" in done.err
    assert [row["embedder"] for row in done.json] == [*names, few_points]
    rows, failed = done.json[:2], done.json[2]
    assert failed["error"] == "UsageError"
    assert f"{few_points}: {failed['what']}" in done.err
    for row, folder in zip(rows, ("phash", "vlad-orb-4-pca-whiten-4-csls"), strict=True):
        predictions = (tmp_path / "report" / folder / "predictions.csv").read_text("utf-8")
        known = [p for p in csv.DictReader(predictions.splitlines()) if p["role"] == "query"]
        precision = [1 / int(p["rank"]) if p["rank"] else 0.0 for p in known]
        assert row["map"] == pytest.approx(sum(precision) / len(precision))
        assert row["recall"]["1"] == pytest.approx(precision.count(1.0) / len(precision))
    # A vector as float16, its map of one cell, and the vector once more as float32.
    assert [row["bytes_per_view"] for row in rows] == [64 * 6 + 1, 4 * 6 + 1]
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert all(name in page for name in names)
    assert 'href="phash/index.html"' in page


def test_answers_without_a_calibration_say_so(run: Run, few: Few, tmp_path: Path) -> None:
    place, scan = tmp_path / "c.obv", sorted(few.scans.iterdir())[0]
    assert run("add", place, few.scans, "--recipe", "flat", "--embedder", "hist-hsv").code == 0
    first, head, best, *_ = run("identify", place, scan).out.splitlines()
    item = scan.stem.rpartition("_")[0]
    assert first.startswith(f"{scan}: closest: {item} (share ")
    assert first.endswith("; not calibrated, so nothing is called known)")
    assert head.split()[:3] == ["share", "score", "item"], "and no turn, which a vector has not"
    assert best.split()[0] == "1"
    told = run("identify", place, scan, "--all").out.splitlines()
    assert told[0] == f"{scan}: 1 object, not calibrated, so nothing is called known"
    assert told[1].split()[:2] == ["share", "item"]


def test_the_names_are_listed(run: Run) -> None:
    told = run("zoo", "--json").json
    assert {"hist-gray-N", "fisher-KIND[:WORDS]", "hf:NAME"} <= {
        e["name"] for e in told["embedders"]
    }
    assert {"pca-whiten:D", "pq:M", "qe:ALPHA"} <= {e["name"] for e in told["post"]}
    out = run("zoo").out
    assert all(entry["name"] in out for part in told.values() for entry in part)


def test_compare(run: Run, few: Few, tmp_path: Path) -> None:
    scan, other = sorted(few.scans.iterdir())[:2]
    done = run("compare", scan, scan, "--embedder", "phash", "--draw", tmp_path / "m.png", "--json")
    assert done.code == 0, done.err
    assert done.json["mse"] == 0
    assert done.json["embeddings"] == {"phash": 1.0}
    assert (tmp_path / "m.png").stat().st_size > 10_000
    text = run("compare", scan, other, "--embedder", "lbp").out
    assert [line.split("  ")[0] for line in text.splitlines()][-2:] == [
        "cosine of lbp",
        "keypoints",
    ]
    assert run("compare", scan, tmp_path / "none.jpg").code == 1
    assert run("compare", scan, other, "--draw", scan).code == 2
    assert run("compare", scan, other, "--embedder", "bow-sift").code == 2


def test_misuse_is_one_line(run: Run, few: Few, tmp_path: Path) -> None:
    place = tmp_path / "c.obv"
    for options in (["--embedder", "vlad-surf"], ["--embedder", "phash", "--post", "pca"]):
        done = run("add", place, few.scans, *options)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        assert not place.exists()
    options = ["--recipe", "flat", "--embedder", "phash", "--post", "pca:500"]
    done = run("add", place, few.scans, *options)
    assert done.code == 2
    assert "ask for at most" in done.err.splitlines()[-1]
