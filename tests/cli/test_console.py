"""Tables, progress and attributes as the commands write and read them."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from obverse.cli import answers, console, manage
from obverse.errors import ObverseError, UsageError


def test_columns_are_aligned_whatever_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("一円", 1, 0.5), ("été\u0301", 1234, -0.25), ("plain", 12, 10.0)]
    console.write_table(("title", "views", "score"), rows)
    lines = capsys.readouterr().out.splitlines()

    def columns(line: str) -> int:
        wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
        return len(line) + wide - sum(unicodedata.combining(c) > 0 for c in line)

    assert len({columns(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines] == ["score", "0.500", "-0.250", "10.000"]
    assert lines[2].split()[1] == "1,234"


def test_an_empty_table_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    console.write_table(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"


def test_a_column_that_is_empty_throughout_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.write_table(("item", "title", "side"), [("a", "", ""), ("b", "", "obverse")])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["item", "side"],
        ["a"],
        ["b", "obverse"],
    ]


def test_a_cell_never_breaks_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.write_table(("title",), [("two\nlines\tand a tab",)])
    assert capsys.readouterr().out.splitlines()[1] == "two lines and a tab"


def test_json_keeps_letters_and_refuses_what_json_lacks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console.emit({"title": "öre 一円"})
    out = capsys.readouterr().out
    assert "öre 一円" in out
    assert json.loads(out) == {"title": "öre 一円"}
    with pytest.raises(ValueError, match="JSON"):
        console.emit({"score": float("nan")})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_table_on_a_full_disk_says_where() -> None:
    with pytest.raises(ObverseError, match=r"No space left on device\); check the disk") as raised:
        answers.write_csv(Path("/dev/full"), ("a",), [{"a": 1}])
    assert raised.value.where == "/dev/full"


def test_progress_away_from_a_terminal_is_sparse(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(console.time, "monotonic", lambda: now)
    with console.show_progress() as tell:
        for done in range(1, 1001):
            now += 0.02
            tell(done, 1000, "adding")
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert 3 <= len(lines) <= 4  # twenty seconds, a line every five
    assert all(line.startswith("adding: ") and line.endswith(" of 1,000") for line in lines)


def test_attributes_keep_numbers_and_leave_words() -> None:
    pairs = ["year=1907", "price=12.5", "proof=true", "country=Perú", "note=a=b", "id=007", "x="]
    assert manage.parse_attributes(pairs) == {
        "year": 1907,
        "price": 12.5,
        "proof": True,
        "country": "Perú",
        "note": "a=b",
        "id": "007",
        "x": "",
    }


def test_facts_are_words_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    manage.write_facts(
        {"proof": True, "note": "one", "none": None, "years": [1, 2], "in": {"a": 1}}
    )
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["proof", "true"],
        ["note", "one"],
        ["none", "null"],
        ["years", "1, 2"],
        ["in", "a   1"],
    ]


@pytest.mark.parametrize("pair", ["year", "=1907", " =x"])
def test_an_attribute_without_key_or_value_is_misuse(pair: str) -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        manage.parse_attributes([pair])


@pytest.mark.parametrize("pair", ["x=NaN", "x=Infinity", "x=1e999"])
def test_an_attribute_is_never_a_number_that_json_lacks(pair: str) -> None:
    (value,) = manage.parse_attributes([pair]).values()
    assert value == pair[2:]
