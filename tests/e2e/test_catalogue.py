"""add, info, list, show, remove, export: a catalogue's life."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import COMMAND, Few, Minted, Run
from tests.hostile import make_cases

pytestmark = pytest.mark.xdist_group("e2e")

GOOD, BAD = 60, 20


def test_adding_a_folder_twice_adds_once(run: Run, minted: Minted, tmp_path: Path) -> None:
    place, photos = tmp_path / "coins.obv", tmp_path / "photos"
    shutil.copytree(minted.photos, photos)
    count = len(minted.of("catalogue"))
    items = {row["item"] for row in minted.of("catalogue")}
    first = run("add", place, photos, "--json")
    assert first.code == 0
    assert first.json["added"] == first.json["views"] == count
    assert first.json["items"] == len(items)
    assert first.json["failed"] == []
    assert run("add", place, photos, "--json").json["skipped"] == count

    one = next(photos.glob("*/*"))
    one.rename(one.with_name(f"renamed{one.suffix}"))
    third = run("add", place, photos, "--json").json
    assert (third["added"], third["moved"], third["skipped"]) == (0, 1, count - 1)
    assert third["views"] == count


def test_adding_a_table_keeps_its_words(run: Run, minted: Minted, tmp_path: Path) -> None:
    table, place = tmp_path / "catalogue.csv", tmp_path / "coins.obv"
    photo = next(minted.photos.glob("*/*"))
    with table.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["photo", "item", "side", "title", "country", "year_from", "price"])
        rows.writerow([photo, "öre-50", "obverse", "Femtio öre, 1921", "Sverige", "1921", "12.5"])
    assert run("add", place, table, "--json").json["added"] == 1
    shown = run("show", place, "öre-50", "--json").json
    assert shown["title"] == "Femtio öre, 1921"
    assert shown["attributes"]["country"] == "Sverige"
    assert str(shown["attributes"]["year_from"]) == "1921"
    assert [view["side"] for view in shown["views"]] == ["obverse"]
    assert "Femtio öre, 1921" in run("list", place).out


def test_adding_photos_to_a_named_item(run: Run, minted: Minted, tmp_path: Path) -> None:
    place = tmp_path / "coins.obv"
    photos = sorted(minted.photos.glob("*/*"))[:2]
    options = ("--item", "x", "--side", "reverse", "--title", "X", "--attr", "year=1907")
    done = run("add", place, *photos, *options, "--attr", "item=another", "--json")
    assert done.json["added"] == 2
    shown = run("show", place, "x", "--json").json
    assert shown["attributes"] == {"year": 1907, "item": "another"}
    lines = [line.split() for line in run("show", place, "x").out.splitlines()]
    assert ["item", "x"] in lines
    assert ["attribute", "item", "another"] in lines
    assert {view["side"] for view in shown["views"]} == {"reverse"}


def test_damaged_photos_among_good_ones(run: Run, tmp_path: Path) -> None:
    folder, place = tmp_path / "photos", tmp_path / "coins.obv"
    folder.mkdir()
    rng = np.random.default_rng(11)
    yy, xx = np.mgrid[0:64, 0:64]
    inside = np.hypot(xx - 31.5, yy - 31.5) < 28
    for i in range(GOOD):
        pixels = np.where(inside, rng.integers(40, 200, (64, 64)), 250).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"good{i:03}_obverse.png")
    cases = [case for case in make_cases() if None not in case.expected][::7][:BAD]
    assert len(cases) == BAD
    for i, case in enumerate(cases):
        (folder / f"bad{i:02}_obverse.jpg").write_bytes(case.data)
    done = run("add", place, folder, "--json")
    assert done.code == 0
    assert done.json["added"] == done.json["views"] == GOOD
    assert len(done.json["failed"]) == BAD
    for i, case in enumerate(cases):
        listed = [f for f in done.json["failed"] if f"bad{i:02}_" in f["source"]]
        assert [f["error"] for f in listed] == list(case.expected[:1])
    lines = done.err.splitlines()
    assert sum("bad" in line and "_obverse.jpg: " in line for line in lines) == BAD
    assert lines[-1] == f"{BAD} photos could not be used"


def test_adding_only_damaged_photos_fails(run: Run, damaged: Path, tmp_path: Path) -> None:
    done = run("add", tmp_path / "coins.obv", damaged, "--item", "x", "--json")
    assert done.code == 1
    assert done.json["added"] == 0
    assert len(done.json["failed"]) == 1


def test_a_table_says_by_itself_what_it_holds(run: Run, minted: Minted, tmp_path: Path) -> None:
    for option in (("--item", "x"), ("--title", "T"), ("--side", "reverse"), ("--attr", "a=1")):
        done = run("add", tmp_path / "c.obv", minted.protocol.parent / "catalogue.csv", *option)
        assert done.code == 2
        assert "a table says by itself" in done.err
    assert not (tmp_path / "c.obv").exists()


def test_an_attribute_has_one_value(run: Run, minted: Minted, tmp_path: Path) -> None:
    photo = next(minted.protocol.parent.rglob("*.png"), None)
    options = ("--item", "x", "--attr", "a=1", "--attr", "a =2")
    done = run("add", tmp_path / "c.obv", photo or minted.protocol, *options)
    assert done.code == 2
    assert "the attribute 'a' twice" in done.err
    assert not (tmp_path / "c.obv").exists()


def test_nothing_to_add_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("add", tmp_path / "c.obv", tmp_path / "empty")
    assert done.code == 1
    assert f"{tmp_path / 'empty'}: no photos there" in done.err
    assert "no catalogue was made" in done.out
    assert not (tmp_path / "c.obv").exists()


def test_a_catalogue_is_no_source(run: Run, catalogue: Path, tmp_path: Path) -> None:
    done = run("add", tmp_path / "c.obv", catalogue)
    assert done.code == 2
    assert f"write it out first: obverse export {catalogue} FOLDER" in done.err
    assert not (tmp_path / "c.obv").exists()


def test_however_often_it_is_interrupted_nothing_empty_is_left(
    minted: Minted, tmp_path: Path
) -> None:
    place = tmp_path / "coins.obv"
    process = subprocess.Popen(
        [COMMAND, "add", place, minted.photos, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not place.exists():
        time.sleep(0.005)
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    try:
        out, err = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:  # the first came where Python passes over exceptions
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert json.loads(out)["error"] == "Interrupted"
    assert [line.split(b":")[:2] for line in err.splitlines()] == [
        [b"obverse", b" interrupted; nothing that was stored is lost, the same command goes on"]
    ]
    assert not place.exists() or (place / "manifest.json").exists()


def test_an_interrupted_add_goes_on_where_it_stopped(
    run: Run, minted: Minted, tmp_path: Path
) -> None:
    place = tmp_path / "coins.obv"
    process = subprocess.Popen(
        [COMMAND, "add", place, minted.photos], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while process.poll() is None and not place.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert b"Traceback" not in err
    assert process.returncode in (0, 130)
    assert (b"interrupted" in err) == (process.returncode == 130)
    done = run("add", place, minted.photos, "--json").json
    assert done["views"] == len(minted.of("catalogue"))


def test_info_list_and_show_agree(run: Run, catalogue: Path, minted: Minted) -> None:
    info = run("info", catalogue, "--json").json
    listed = run("list", catalogue, "--json").json
    expected: dict[str, int] = {}
    for row in minted.of("catalogue"):
        expected[row["item"]] = expected.get(row["item"], 0) + 1
    assert {row["id"]: row["views"] for row in listed} == expected
    assert {row["id"] for row in listed} == set(expected)
    assert info["items"] == len(expected)
    assert info["views"] == sum(expected.values())
    assert info["recipe"] == "coin"
    assert str(info["views"]) in run("info", catalogue).out
    first = listed[0]["id"]
    assert len(run("show", catalogue, first, "--json").json["views"]) == expected[first]
    lines = run("list", catalogue).out.splitlines()
    assert len(lines) == len(expected) + 1
    assert all("\t" not in line and "\x1b" not in line for line in lines)


def test_show_draws_the_views(run: Run, catalogue: Path, tmp_path: Path) -> None:
    item = run("list", catalogue, "--json").json[0]["id"]
    picture = tmp_path / "views.png"
    assert run("show", catalogue, item, "--draw", picture).code == 0
    with Image.open(picture) as drawn:
        assert drawn.width > 500, "two views beside each other"


def test_remove_takes_items_and_views(run: Run, own_catalogue: Path) -> None:
    before = run("info", own_catalogue, "--json").json
    first, second = run("list", own_catalogue, "--json").json[:2]
    view = run("show", own_catalogue, second["id"], "--json").json["views"][0]["id"]
    done = run("remove", own_catalogue, first["id"], view, "--json")
    assert done.json["removed"] == first["views"] + 1
    assert done.json["views"] == before["views"] - first["views"] - 1
    assert run("show", own_catalogue, first["id"]).code == 2

    wrong = run("remove", own_catalogue, second["id"], "nobody")
    assert wrong.code == 2
    assert "nobody" in wrong.err
    assert run("info", own_catalogue, "--json").json["views"] == done.json["views"]


def test_what_is_there_twice_is_found_and_merged(
    run: Run, few: Few, minted: Minted, tmp_path: Path
) -> None:
    place = tmp_path / "coins.obv"
    assert run("add", place, few.scans).code == 0
    assert "no item is there twice" in run("duplicates", place).out
    name = next(few.scans.iterdir()).name.rpartition("_")[0]
    views = [minted.photos / name / f.name for f in (minted.photos / name).iterdir()]
    for view in views:  # smaller, so that it is another file
        with Image.open(view) as scan:
            scan.resize((300, 300)).save(tmp_path / view.name)
    again = [tmp_path / view.name for view in views]
    assert run("add", place, *again, "--item", "again", "--attr", "metal=silver").code == 0
    (group,) = run("duplicates", place, "--json").json
    assert {view["item"] for view in group["views"]} == {name, "again"}
    assert group["probability"] > 0.9
    lines = run("duplicates", place).out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["1", i] for i in sorted((name, "again"))]

    assert run("add", place, *views, "--item", name, "--attr", "metal=gold").code == 0
    done = run("merge", place, name, "again", "--json")
    assert done.json == {"item": name, "merged": 1, "views": 2 * len(views)}
    kept = f"{name} keeps its own where again differs: metal ('gold', 'silver')"
    assert done.err.splitlines()[-1] == kept
    assert run("show", place, name, "--json").json["attributes"]["metal"] == "gold"
    assert "no item is there twice" in run("duplicates", place).out
    assert run("merge", place, name, name).code == 2
    assert run("merge", place, name, "again").code == 2


def test_what_is_exported_can_be_added(run: Run, catalogue: Path, tmp_path: Path) -> None:
    out, copy = tmp_path / "out", tmp_path / "copy.obv"
    table = Path(run("export", catalogue, out, "--json").json["table"])
    assert table.is_file()
    assert run("add", copy, table).code == 0
    brief = [
        [(row["id"], row["title"], row["views"]) for row in run("list", c, "--json").json]
        for c in (catalogue, copy)
    ]
    assert brief[0] == brief[1]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_one_line(run: Run, catalogue: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    done = run("add", catalogue, closed)
    assert done.code in (1, 2)
    assert str(closed) in done.err


def test_a_column_that_looks_misspelt_is_told(run: Run, minted: Minted, tmp_path: Path) -> None:
    photo = next(minted.photos.rglob("*.*"))
    table = tmp_path / "list.csv"
    table.write_text(
        f"photo,Titel,sides,colour\n{photo},Krona,obverse,red\n{photo},Krona,obverse,red\n"
    )
    done = run("add", tmp_path / "c.obv", table)
    assert done.code == 0
    assert "'Titel'" in done.err
    assert "'title'" in done.err
    assert "'sides'" in done.err
    assert "colour" not in done.err
    assert "1 passed over" in done.out


def test_a_table_that_cannot_be_read_leaves_no_catalogue(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("file,item\na.jpg,a\n")
    done = run("add", tmp_path / "c.obv", table)
    assert done.code == 2
    assert "no column 'photo'" in done.err
    assert not (tmp_path / "c.obv").exists()
