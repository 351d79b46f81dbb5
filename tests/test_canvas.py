"""Words on a canvas: the letters, what fits, and how it is cut or broken into lines."""

from __future__ import annotations

import numpy as np
import pytest

from obverse import canvas


@pytest.mark.parametrize("title", ["50 öre – Gustav V", "Пять рублей", "Δραχμή", "½ penny £"])
def test_titles_have_their_letters(title: str) -> None:
    font = canvas.font_for(title, 30)
    box = bytes(font.getmask("\U0010ffff"))
    assert font.getname()[0] == "Roboto"
    assert all(bytes(font.getmask(letter)) != box for letter in title if letter != " ")


def test_letters_that_no_font_has_still_draw() -> None:
    sheet = canvas.Canvas(300, 60)
    assert sheet.text(5, 5, "\U00013000 \u4e00\u5186", width=200) <= 200


@pytest.mark.parametrize("width", [0, 15, 80, 200, 5000])
def test_long_words_are_shortened_to_fit(width: int) -> None:
    title = "A title that is a good deal longer than its place"
    font = canvas.font_for(title, 24)
    line = canvas.shorten(title, font, width)
    assert font.getlength(line) <= max(width, font.getlength("…"))
    assert line == title or (line.endswith("…") and title.startswith(line[:-1]))
    assert (line == title) == (font.getlength(title) <= width)


@pytest.mark.parametrize("width", [0, 15, 80, 200, 5000])
def test_long_ids_are_shortened_in_the_middle(width: int) -> None:
    name = "se-2kr-1921-Gustav-Vasa-400th-anniversary-0001"
    font = canvas.font_for(name, 24)
    line = canvas.shorten(name, font, width, middle=True)
    assert font.getlength(line) <= max(width, font.getlength("…"))
    assert (line == name) == (font.getlength(name) <= width)
    if line != name:
        head, tail = line.split("…")
        assert name.startswith(head)
        assert name.endswith(tail)
        assert len(head) - len(tail) in (0, 1)


@pytest.mark.parametrize("size", [16, 18, 20, 22, 28])
def test_a_space_after_a_t_is_seen(size: int) -> None:
    """The gap between two words is that of the same letters drawn ten times as large."""

    def gaps(text: str, size: int) -> list[int]:
        sheet = canvas.Canvas(12 * size, 3 * size)
        sheet.text(size, size, text, size=size)
        inked = np.flatnonzero((sheet.pixels.max(axis=2) > 140).any(axis=0))
        return (np.diff(inked)[np.diff(inked) > 1] - 1).tolist()

    wide = max(gaps("xt i", 10 * size)) / 10
    assert max(gaps("xt i", size)) == pytest.approx(wide, abs=1.2)


def test_words_are_written_smaller_before_they_are_cut() -> None:
    text, size = "Pellavia 10 Florin, temple / dolphin", 20
    room = canvas.font_for(text, 17).getlength(text) + 1
    sheet = canvas.Canvas(600, 60)
    assert sheet.text(0, 10, text, size=size, least=16, width=room) == pytest.approx(room - 1)
    assert canvas.shorten(text, canvas.font_for(text, size), room) != text
    assert canvas.wrap("as sure as > 99.9 % can be", canvas.font_for(text, size), 1) == [
        "as", "sure", "as", ">\u00a099.9\u00a0%", "can", "be"
    ]  # fmt: skip


def test_words_are_broken_into_lines_and_none_is_lost() -> None:
    text = "A sentence of several words with se-2kr-1921-Gustav-Vasa-400th-anniversary in it"
    font = canvas.font_for(text, 20)
    lines = canvas.wrap(text, font, 150)
    assert len(lines) > 4
    assert all(font.getlength(line) <= 150 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    few = canvas.wrap(text, font, 150, most=2)
    assert few[0] == lines[0]
    assert " ".join(few) == text
