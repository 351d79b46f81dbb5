from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from obverse.errors import UsageError
from obverse.evaluate import Report, evaluate, write
from obverse.evaluate.report import figures, to_csv, to_html, to_markdown
from tests.evaluate.fakes import FakeEngine, make_protocol
from tests.evaluate.test_run import REPLIES, ROWS

EVIL = '<script>alert("1")</script> & | `x`'


@pytest.fixture
def report(tmp_path: Path) -> Report:
    path = make_protocol(tmp_path, ROWS)
    return evaluate(path, cache=tmp_path / "cache", max_wrong=0.125, engine=FakeEngine(REPLIES))


class Page(HTMLParser):
    """Checks that tags are balanced; collects attributes that could load something."""

    VOID = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [v or "" for k, v in attrs if k in ("src", "href", "srcset", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_writes_all_files_and_replaces_them(report: Report, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    for _ in range(2):
        page = write(report, out, command="obverse evaluate small.csv")
    assert page == out / "index.html"
    assert {p.name for p in out.iterdir()} == {
        "index.html",
        "report.json",
        "report.md",
        "predictions.csv",
    }
    data = json.loads((out / "report.json").read_text())
    assert data.pop("command") == "obverse evaluate small.csv"
    assert data == json.loads(json.dumps(report.to_dict()))


def test_a_folder_that_cannot_be_written(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write(report, tmp_path / "file")


def test_page_is_balanced_and_loads_nothing(report: Report) -> None:
    text = to_html(report, command="obverse evaluate small.csv")
    page = Page()
    page.feed(text)
    page.close()
    assert page.open == []
    assert "script" not in page.tags
    assert page.sources
    assert all(s.startswith("data:image/jpeg;base64,") for s in page.sources)
    bare = text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|url\(|@import", bare)


def test_plots_are_valid_xml_and_finite(report: Report) -> None:
    plots = re.findall(r"<svg.*?</svg>", to_html(report), flags=re.DOTALL)
    assert len(plots) == 6
    for plot in plots:
        ElementTree.fromstring(plot)
        assert not re.search(r"\b(nan|inf)\b", plot)


def test_page_shows_figures_confusions_and_failures(report: Report) -> None:
    text = to_html(report, command="obverse evaluate small.csv")
    for word in ("0.333", "0.667", "gone-q.jpg", "no such file", "obverse evaluate small.csv"):
        assert word in text
    assert "B <i>taken for</i> C" in text
    # The view is turned clockwise by minus the evidence's turn, to lie as the query does.
    assert "rotate(-30deg)" in text
    # Four pictures of two confusions, three of the one that has no right answer.
    assert text.count("data:image/jpeg") == 11


def test_the_decision_is_told_with_its_share_of_wrong_answers(report: Report) -> None:
    def told(report: Report) -> str:
        return next(note for name, _, note in figures(report) if name == "correct, as shipped")

    assert told(report) == "the decision of the package, at most 12.5 % wrong by its calibration"
    usual = replace(report, setting=replace(report.setting, max_wrong=None))
    assert told(usual) == "the decision of the package"


def test_markdown_has_the_figures(report: Report) -> None:
    text = to_markdown(report, command="obverse evaluate small.csv")
    assert "| recall@1 | 0.333 |" in text
    assert "| B | C | 2 | 0.75 | q3.jpg |" in text
    assert "gone-c.jpg" in text


def test_predictions_as_csv(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert len(rows) == 8
    assert rows[2] == {
        "photo": "q3.jpg",
        "role": "query",
        "item": "B",
        "answer": "C",
        "rank": "2",
        "probability": "0.750000",
        "known": "1",
        "score": "0.800000",
        "failure": "",
    }
    assert (rows[5]["rank"], rows[5]["score"], rows[5]["failure"]) == (
        "",
        "",
        "no such file; check the path",
    )


def test_names_from_outside_are_text_only(tmp_path: Path) -> None:
    path = make_protocol(tmp_path, [("a.jpg", "catalogue", "A"), ("q1.jpg", "query", "A")])
    quoted = '"' + EVIL.replace('"', '""') + '"'
    path.write_text(path.read_text().replace("jpg,catalogue,A", f"jpg,catalogue,{quoted}"))
    path.write_text(path.read_text().replace("jpg,query,A", f"jpg,query,{quoted}"))
    report = evaluate(path, cache=tmp_path / "c", engine=FakeEngine(REPLIES))
    assert report.confusions[0].item == EVIL
    page = to_html(report)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    line = next(line for line in to_markdown(report).splitlines() if "alert" in line)
    assert line.replace("\\|", "").count("|") == 6
    assert "\\<script>" in line


@pytest.mark.parametrize("rows", [ROWS[:10], [*ROWS[:3], *ROWS[10:]]], ids=["known", "unknown"])
def test_one_kind_of_query_alone(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    path = make_protocol(tmp_path, rows)
    report = evaluate(path, cache=tmp_path / "c", engine=FakeEngine(REPLIES))
    page = to_html(report)
    assert "AUROC" in page
    assert page.count("<svg") == (5 if rows[-1][1] == "query" else 4)
    for plot in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ElementTree.fromstring(plot)
