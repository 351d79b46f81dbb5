"""The whole run with a catalogue of known answers gives figures worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from obverse.errors import CatalogueDamaged, TableError, UsageError
from obverse.evaluate import Report, evaluate
from tests.evaluate.fakes import FakeEngine, Reply, make_protocol

ROWS = [
    ("a.jpg", "catalogue", "A"),
    ("b.jpg", "catalogue", "B"),
    ("c.jpg", "catalogue", "C"),
    ("gone-c.jpg", "catalogue", "C"),
    ("q1.jpg", "query", "A"),
    ("q2.jpg", "query", "A"),
    ("q3.jpg", "query", "B"),
    ("q4.jpg", "query", "B"),
    ("q5.jpg", "query", "C"),
    ("gone-q.jpg", "query", "C"),
    ("u1.jpg", "unknown", "X"),
    ("u2.jpg", "unknown", ""),
]
REPLIES = {
    "q1.jpg": Reply(["A", "B"], 0.95),
    "q2.jpg": Reply(["A"], 0.85, times={"find": 30.0, "embed": 20.0}),
    "q3.jpg": Reply(["C", "B"], 0.75),
    "q4.jpg": Reply(["C", "A", "D", "E", "B"], 0.35, known=False, whole=True),
    "q5.jpg": Reply(["B", "A"], 0.15, known=False),
    "u1.jpg": Reply(["A"], 0.65),
    "u2.jpg": Reply(["B"], 0.05, known=False),
}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(REPLIES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return make_protocol(tmp_path / "data", ROWS)


@pytest.fixture
def report(path: Path, engine: FakeEngine, tmp_path: Path) -> Report:
    return evaluate(path, cache=tmp_path / "cache", max_wrong=0.125, engine=engine)


def test_ranking_figures(report: Report) -> None:
    # Ranks of the six known queries: 1, 1, 2, 5, none, failed.
    assert report.recall == pytest.approx({1: 2 / 6, 2: 3 / 6, 5: 4 / 6, 10: 4 / 6, 20: 4 / 6})
    assert report.mrr == pytest.approx((1 + 1 + 1 / 2 + 1 / 5) / 6)
    assert report.recall_interval is not None
    assert report.recall_interval[0] <= 2 / 6 <= report.recall_interval[1]


def test_open_set_figures(report: Report) -> None:
    # Known .95 .85 .75 .35 .15 and a failed one, unknown .65 .05: pairs won 3 + 5 of 12.
    found = report.open_set
    assert found.auroc == pytest.approx(8 / 12)
    assert found.fpr95 == 1.0
    # Falling: right .95, right .85, wrong .75, wrong .65 …: one of eight may be wrong.
    assert found.chosen.to_dict() == pytest.approx(
        {
            "correct": 2 / 8,
            "wrong": 1 / 8,
            "rejected": 5 / 8,
            "rejected_unknown": 2 / 8,
            "threshold": 0.75,
        }
    )
    half = found.points[0.005]
    assert (half.correct, half.wrong, half.rejected) == (2 / 8, 0, 6 / 8)
    # As shipped q1, q2, q3 and u1 are answered.
    shipped = found.shipped
    assert (shipped.correct, shipped.wrong, shipped.rejected) == (2 / 8, 2 / 8, 4 / 8)
    assert shipped.rejected_unknown == 1 / 8


def test_calibration(report: Report) -> None:
    # Every answer is alone in its bin.
    off = [0.05, 0.15, 0.75, 0.35, 0.15, 0.65, 0.05]
    assert report.ece == pytest.approx(sum(off) / 7)
    assert sum(b.count for b in report.bins) == 7


def test_finding_times_and_counts(report: Report) -> None:
    assert report.found == 6 / 8
    assert report.times_ms["embed"].median == report.times_ms["embed"].p95 == 20
    assert report.times_ms["find"].median == 10
    assert report.times_ms["find"].p95 == pytest.approx(np.quantile([10.0] * 6 + [30.0], 0.95))
    assert report.times_ms["total"].median > 0
    assert report.counts == {
        "views": 4,
        "items": 3,
        "known": 6,
        "unknown": 2,
        "failed": 2,
        "same_file": 0,
    }


def test_failed_photos_are_listed_with_reasons(report: Report) -> None:
    assert [(f.photo, f.role, f.error, f.reason) for f in report.failed] == [
        ("gone-c.jpg", "catalogue", "PhotoMissing", "no such file"),
        ("gone-q.jpg", "query", "PhotoMissing", "no such file; check the path"),
    ]
    failed = next(p for p in report.predictions if p.photo == "gone-q.jpg")
    assert (failed.rank, failed.known, failed.answer) == (None, False, "")


def test_confusions_are_grouped_and_the_surest_come_first(report: Report) -> None:
    assert [(c.role, c.item, c.answer, c.count, c.photo) for c in report.confusions] == [
        ("query", "B", "C", 2, "q3.jpg"),
        ("unknown", "X", "A", 1, "u1.jpg"),
        ("query", "C", "B", 1, "q5.jpg"),
    ]
    assert report.confusions[0].weight == pytest.approx(1.10)
    first = report.confusions[0].pictures
    assert all(p.startswith(b"\xff\xd8") for p in (first.photo, first.patch, first.answer))
    assert (first.turn, first.right_turn) == (30.0, 60.0)
    # q5's right item did not come back: its view is looked up; u1 has no right item.
    assert report.confusions[2].pictures.right.startswith(b"\xff\xd8")
    assert report.confusions[1].pictures.right == b""


def test_to_dict_is_the_promised_object(report: Report) -> None:
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert set(data["recall"]) == {"1", "2", "5", "10", "20"}
    assert {"auroc", "fpr95", "correct", "wrong", "rejected"} <= set(data["open_set"])
    assert data["times_ms"]["find"].keys() == {"median", "p95"}
    assert data["failed"][0]["reason"] == "no such file"
    for name in ("mrr", "ece", "found"):
        assert 0 <= data[name] <= 1
    assert data["setting"]["models"] == {"embed": "abc"}
    assert data["setting"]["recipe"] == "fake"


def test_second_run_adds_nothing(path: Path, engine: FakeEngine, tmp_path: Path) -> None:
    first = evaluate(path, cache=tmp_path / "cache", engine=engine)
    assert (len(engine.added), first.setting.cached) == (4, False)
    again = evaluate(path, cache=tmp_path / "cache", engine=engine)
    assert (len(engine.added), again.setting.cached) == (4, True)
    assert again.failed == first.failed
    assert engine.closed == 2


@pytest.mark.parametrize("change", ["photo", "model", "recipe", "item"])
def test_a_change_builds_another_catalogue(
    path: Path, engine: FakeEngine, tmp_path: Path, change: str
) -> None:
    evaluate(path, cache=tmp_path / "cache", engine=engine)
    if change == "photo":
        (path.parent / "a.jpg").write_bytes(b"other")
    elif change == "model":
        engine.fingerprint = "def"
    elif change == "recipe":
        engine.recipe = "other"
    else:
        path.write_text(path.read_text().replace("\nc.jpg,catalogue,C", "\nc.jpg,catalogue,D"))
    again = evaluate(path, cache=tmp_path / "cache", engine=engine)
    assert (len(engine.added), again.setting.cached) == (8, False)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_stopped_run_is_not_taken_for_complete(
    path: Path, engine: FakeEngine, tmp_path: Path
) -> None:
    engine.die_at = str(path.parent / "b.jpg")
    with pytest.raises(KeyboardInterrupt):
        evaluate(path, cache=tmp_path / "cache", engine=engine)
    assert engine.closed == 1
    engine.die_at = ""
    assert not evaluate(path, cache=tmp_path / "cache", engine=engine).setting.cached
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_threads_change_nothing_but_the_time(
    path: Path, engine: FakeEngine, report: Report, tmp_path: Path
) -> None:
    engine.slow = True
    told: list[int] = []
    many = evaluate(
        path,
        cache=tmp_path / "cache",
        max_wrong=0.125,
        workers=4,
        engine=engine,
        progress=lambda done, total, text: told.append(done) if text == "asking" else None,
    )
    assert told == list(range(1, 9))
    assert [(p.photo, p.rank, p.answer) for p in many.predictions] == [
        (p.photo, p.rank, p.answer) for p in report.predictions
    ]
    assert many.recall == report.recall
    assert many.confusions[0].count == 2


def test_limit_takes_a_spread(path: Path, engine: FakeEngine, tmp_path: Path) -> None:
    part = evaluate(path, cache=tmp_path / "cache", limit=4, engine=engine)
    assert [p.photo for p in part.predictions] == ["q1.jpg", "q3.jpg", "q5.jpg", "u1.jpg"]
    all_of_them = evaluate(path, cache=tmp_path / "cache", limit=99, engine=engine)
    assert len(all_of_them.predictions) == 8


def test_a_query_that_is_a_catalogue_picture_is_counted(
    path: Path, engine: FakeEngine, tmp_path: Path
) -> None:
    (path.parent / "q1.jpg").write_bytes((path.parent / "a.jpg").read_bytes())
    assert evaluate(path, cache=tmp_path / "c", engine=engine).counts["same_file"] == 1


def test_only_unknown_queries(tmp_path: Path) -> None:
    path = make_protocol(tmp_path, [("a.jpg", "catalogue", "A"), ("u1.jpg", "unknown", "X")])
    data = evaluate(path, cache=tmp_path / "c", engine=FakeEngine(REPLIES)).to_dict()
    assert data["recall"]["1"] is None
    assert data["mrr"] is None
    assert data["open_set"]["auroc"] is None
    assert json.dumps(data, allow_nan=False)


def test_an_empty_catalogue_answers_nothing(tmp_path: Path) -> None:
    path = make_protocol(tmp_path, [("a.jpg", "catalogue", "A"), ("q.jpg", "query", "A")])
    engine = FakeEngine({"q.jpg": Reply([], known=False)})
    data = evaluate(path, cache=tmp_path / "c", engine=engine).to_dict()
    assert data["recall"]["20"] == 0
    assert data["ece"] is None
    assert data["open_set"]["rejected"] == 1
    assert data["open_set"]["threshold"] is None


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_wrong_with_the_catalogue_stops_the_run(
    path: Path, engine: FakeEngine, tmp_path: Path, workers: int
) -> None:
    engine.broken = "q3.jpg"
    with pytest.raises(CatalogueDamaged):
        evaluate(path, cache=tmp_path / "c", workers=workers, engine=engine)
    assert engine.closed == 1


def test_arguments_are_checked(path: Path, engine: FakeEngine, tmp_path: Path) -> None:
    for bad in ({"max_wrong": 2.0}, {"top": 5}, {"limit": 0}, {"workers": 0}):
        with pytest.raises(UsageError):
            evaluate(path, cache=tmp_path / "c", engine=engine, **bad)  # type: ignore[arg-type]


def test_a_wrong_root_is_said_at_once(path: Path, engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TableError, match="--root"):
        evaluate(path, root=tmp_path / "empty", cache=tmp_path / "c", engine=engine)
    assert engine.added == []


def test_a_cache_that_cannot_be_made(path: Path, engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="OBVERSE_CACHE"):
        evaluate(path, cache=tmp_path / "file" / "c", engine=engine)
