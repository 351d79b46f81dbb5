"""identify, match, and each stage alone."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.conftest import COMMAND, Minted, Run

pytestmark = pytest.mark.xdist_group("e2e")


def test_an_answer_says_what_how_surely_and_why(
    run: Run, catalogue: Path, query: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "answer.jpg"
    done = run("identify", catalogue, query, "--draw", picture, "--json", "--top", 3)
    assert (done.code, done.err) == (0, "")
    answer = done.json
    assert len(answer["candidates"]) == 3
    assert answer["best"] == answer["candidates"][0]
    chances = [c["probability"] for c in answer["candidates"]]
    assert chances == sorted(chances, reverse=True)
    assert 0 <= chances[-1] <= chances[0] <= 1
    assert sum(chances) <= 1.0001
    assert isinstance(answer["known"], bool)
    assert 0 <= answer["best"]["evidence"]["turn"] < 360
    assert set(answer["times_ms"]) >= {"decode", "find", "embed", "search", "verify"}
    assert answer["photo"]["source"] == str(query)
    with Image.open(picture) as drawn:
        assert drawn.format == "JPEG"
        assert drawn.width > 1200


def test_photos_of_minted_coins_are_recognised(run: Run, catalogue: Path, minted: Minted) -> None:
    rows = minted.of("query")
    photos = [minted.protocol.parent / row["photo"] for row in rows]
    answers = run("identify", catalogue, *photos, "--json").json
    assert [a["photo"]["source"] for a in answers] == list(map(str, photos))
    right = sum(a["best"]["item"]["id"] == r["item"] for a, r in zip(answers, rows, strict=True))
    assert right >= 0.8 * len(rows)


def test_a_bad_photo_does_not_stop_the_others(
    run: Run, catalogue: Path, query: Path, damaged: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "drawn"
    done = run("identify", catalogue, damaged, query, "--json", "--draw", folder)
    assert done.code == 1
    bad, good = done.json
    assert bad["error"].startswith(("Photo", "NotAPhoto"))
    assert bad["where"] == str(damaged)
    assert good["best"]["item"]["id"]
    assert [p.name for p in folder.iterdir()] == [f"{query.stem}.jpg"]
    assert str(damaged) in done.err
    assert "1 of 2 photos" in done.err


def test_wrong_answers_can_be_made_rarer(run: Run, catalogue: Path, query: Path) -> None:
    plain = json.loads(run("identify", catalogue, query, "--json").out)
    strict = json.loads(run("identify", catalogue, query, "--json", "--max-wrong", "0").out)
    assert plain["best"]["probability"] == strict["best"]["probability"]
    assert plain["known"] >= strict["known"]
    assert strict["threshold"] > plain["threshold"]
    for told in (plain, strict):
        assert told["known"] == (told["best"]["probability"] >= told["threshold"])
    assert run("identify", catalogue, query, "--max-wrong", "2").code == 2


def test_people_get_a_table(run: Run, catalogue: Path, query: Path) -> None:
    done = run("identify", catalogue, query)
    first, head, *rows = done.out.splitlines()
    assert first.startswith(f"{query}: ")
    assert re.search(r"\(.* %; known from \d+ %\)$", first)
    assert head.split()[:3] == ["sure", "score", "turn"]
    assert len(rows) == 5
    assert all("%" in row and "\t" not in row and "\x1b" not in row for row in rows)


def test_an_answer_explains_itself(run: Run, catalogue: Path, query: Path) -> None:
    done = run("identify", catalogue, query, "--explain")
    told = run("identify", catalogue, query, "--json").json
    assert len(told["explanation"]) >= 3
    assert [line.strip() for line in done.out.splitlines()[1:]][: len(told["explanation"])] == (
        told["explanation"]
    )
    place = told["separation"]["sectors"][0]
    assert 0 <= place["angles"][0] < place["angles"][1] <= 720
    assert 0 <= place["radii"][0] < place["radii"][1] <= 1
    assert place["lead"] > 0


def test_no_photo_is_drawn_over(run: Run, catalogue: Path, query: Path, tmp_path: Path) -> None:
    photo = tmp_path / "q.jpg"
    shutil.copy(query, photo)
    before = photo.read_bytes()
    for words in (
        ("identify", catalogue, photo, "--draw", photo),
        ("identify", catalogue, photo, "--draw", tmp_path),
        ("find", photo, "--draw", tmp_path / "." / "q.jpg"),
        ("identify", "--all", catalogue, photo, "--csv", photo),
        ("match", catalogue, tmp_path, "--csv", photo),
    ):
        done = run(*words)
        assert done.code == 2
        assert "is the photo itself" in done.err
        assert photo.read_bytes() == before


def test_a_table_that_cannot_be_written_is_told_first(
    run: Run, catalogue: Path, query: Path, tmp_path: Path
) -> None:
    done = run("match", catalogue, query.parent, "--csv", tmp_path / "no" / "x.csv", "--json")
    assert done.code == 2
    assert done.json["error"] == "UsageError"


def test_files_are_finished_though_nobody_reads_stdout(
    catalogue: Path, query: Path, tmp_path: Path
) -> None:
    table, picture = tmp_path / "t.csv", tmp_path / "t.png"
    wanted = ["--csv", table, "--draw", picture]
    with subprocess.Popen(
        [COMMAND, "identify", "--all", catalogue, query, *wanted],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read().decode() == f"{table}: 1 object\n"
        assert process.wait(120) == 0
    with Image.open(picture) as drawn:
        assert drawn.width > 400
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    assert [row["number"] for row in rows] == ["1"]


def test_limits_are_the_users(run: Run, catalogue: Path, query: Path) -> None:
    for limit in (("--max-bytes", 1000), ("--max-megapixels", 0.01)):
        done = run("identify", catalogue, query, *limit)
        assert done.code == 1
        assert limit[0] in done.err or "limit" in done.err.lower()


def test_match_gives_every_query_a_row(
    run: Run, catalogue: Path, minted: Minted, damaged: Path, tmp_path: Path
) -> None:
    folder, table = tmp_path / "queries", tmp_path / "submit.csv"
    folder.mkdir()
    for row in minted.of("query")[:4]:
        shutil.copy(minted.protocol.parent / row["photo"], folder)
    shutil.copy(damaged, folder / "zz damaged, with a comma.jpg")
    (folder / "notes.txt").write_text("no photo")
    done = run("match", catalogue, folder, "--csv", table)
    assert done.code == 0
    assert done.out == ""
    assert "1 failed" in done.err
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    photos = sorted(p.name for p in folder.iterdir() if p.suffix != ".txt")
    assert [row["query"] for row in rows] == photos
    assert list(rows[0]) == ["source", "query"]
    assert rows[-1]["source"] == ""
    # Every item has an obverse.jpg: the folder tells them apart.
    names = {f"{p.parent.name}/{p.name}" for p in minted.photos.glob("*/*")}
    assert all(row["source"] in names for row in rows[:-1])

    listed = run("match", catalogue, folder, "--json").json
    assert [(r["source"], r["query"]) for r in listed] == [(r["source"], r["query"]) for r in rows]
    assert run("match", catalogue, folder).out == table.read_text(encoding="utf-8")


def test_match_fails_only_if_nothing_could_be_used(
    run: Run, catalogue: Path, damaged: Path
) -> None:
    done = run("match", catalogue, damaged.parent)
    assert done.code == 1
    assert done.out == "source,query\n,damaged.jpg\n"
    (damaged.parent / "empty").mkdir()
    done = run("match", catalogue, damaged.parent / "empty")
    assert (done.code, done.out) == (1, "")
    assert "holds no photos; name a folder of query photos" in done.err


@pytest.mark.parametrize("stage", ["find", "normalise", "embed"])
def test_a_picture_of_nothing_is_taken_whole_and_said(run: Run, tmp_path: Path, stage: str) -> None:
    photo = tmp_path / "blank.png"
    Image.new("RGB", (300, 200), (120, 120, 120)).save(photo)
    done = run(stage, photo, "--json")
    assert done.code == 0
    assert done.err.count("\n") == 1
    assert f"{photo}: nothing found, so the whole picture is taken" in done.err


@pytest.mark.parametrize("stage", ["find", "normalise", "embed", "search", "verify"])
def test_each_stage_runs_alone(
    run: Run, catalogue: Path, query: Path, stage: str, tmp_path: Path
) -> None:
    picture = tmp_path / "stage.png"
    place = [catalogue] if stage in ("search", "verify") else []
    done = run(stage, *place, query, "--draw", picture, "--json")
    assert (done.code, done.err) == (0, "")
    with Image.open(picture) as drawn:
        assert min(drawn.size) >= 400
    found = done.json
    if stage == "find":
        assert found["regions"][0]["score"] > 0
        assert found["regions"][0]["ellipse"]
    elif stage == "embed":
        assert sum(v * v for v in found["vector"]) == pytest.approx(1, abs=1e-3)
    elif stage in ("search", "verify"):
        key = "similarity" if stage == "search" else "score"
        values = [row[key] for row in found["found"]]
        assert values == sorted(values, reverse=True)
        assert len(values) > 1
    assert run(stage, *place, query).out.strip()


def test_verify_and_identify_agree(run: Run, catalogue: Path, query: Path) -> None:
    """But that ``identify`` lays the photo over the view, which may raise the score."""
    verified = run("verify", catalogue, query, "--json").json["found"][0]
    best = run("identify", catalogue, query, "--json").json["best"]
    assert verified["view"] == best["view"]["id"]
    assert verified["score"] - 1e-4 <= best["score"] < verified["score"] + 0.05
    assert verified["turn"] == pytest.approx(best["evidence"]["turn"], abs=0.05)


def test_another_region_can_be_asked_for(run: Run, query: Path) -> None:
    count = len(run("find", query, "--json").json["regions"])
    done = run("normalise", query, "--region", count + 1)
    assert done.code == 2
    assert f"no region {count + 1}" in done.err


def test_flat_things_have_a_recipe(run: Run, minted: Minted, query: Path, tmp_path: Path) -> None:
    place = tmp_path / "flat.obv"
    assert run("add", place, minted.photos, "--recipe", "flat").code == 0
    picture = tmp_path / "answer.webp"
    done = run("identify", place, query, "--json", "--draw", picture)
    assert done.code == 0
    assert done.json["best"]["evidence"]["matches"]["inliers"] > 20
    assert picture.stat().st_size > 10_000
    refused = run("add", place, minted.photos, "--recipe", "coin")
    assert refused.code == 2
    assert "recipe" in refused.err
