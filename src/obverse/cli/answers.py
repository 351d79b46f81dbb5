"""Answers as text: a line that says it, and a table below."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obverse.cli.console import write, write_table
from obverse.errors import writing
from obverse.words import UNCALIBRATED, count

if TYPE_CHECKING:
    from obverse.types import Answer, Candidate, Item, Tray, YearReading

CLEAR = 0.9
"""A year from which it is not said how sure it is."""


def write_answer(answer: Answer | Tray, explain: bool = False) -> None:
    """The answer to a photo, to two of one thing, or to every object of one; with ``explain``, in
    plain sentences too."""
    from obverse.explain import advice, pairing
    from obverse.types import Tray

    if isinstance(answer, Tray):
        _write_tray(answer)
        if explain:
            for number, one in zip(answer.numbers, answer.answers, strict=False):
                write(f"{number}: {' '.join(one.explanation())}")
        return
    write(describe(answer))
    if answer.sides:
        write(pairing(answer))
    mend = advice(answer)
    if mend:
        write(f"  advice: {'; '.join(mend)}")
    if explain:
        said = {f"{text}.".lower() for text in mend}
        for sentence in answer.explanation():
            if sentence.lower() not in said:
                write(f"  {sentence}")
    if answer.candidates:
        _write_candidates(answer)


def draw_answer(answer: Answer | Tray, path: Path) -> None:
    """The picture of an answer."""
    from obverse import draw
    from obverse.draw_sides import sides
    from obverse.draw_tray import tray
    from obverse.types import Tray

    if isinstance(answer, Tray):
        image = tray(answer)
    else:
        image = sides(answer) if answer.sides else draw.answer(answer)
    draw.save(image, path)


def describe(answer: Answer) -> str:
    """The answer in one line."""
    from obverse import names
    from obverse.words import decided, percent

    photos = dict.fromkeys(side.photo.source for side in answer.sides or (answer,))
    best, source = answer.best, " + ".join(photos)
    if best is None:
        return f"{source}: not recognised; the catalogue is empty"
    name = names.of(answer)[best.item.id]
    sure = "; ".join(filter(None, (percent(best.probability), decided(answer))))
    sure = "; ".join([sure, *_against(answer, best.item)])
    if answer.known:
        read = [_sure(answer.year)] if answer.year else []
        read += [answer.mint_mark.mark] if answer.mint_mark and answer.mint_mark.mark else []
        read = [part for part in read if part not in name.split()]
        date = f", {' '.join(read)}" if read else ""
        return f"{source}: {name}{date} ({sure})"
    if not answer.calibrated:
        return f"{source}: closest: {name} (share {sure}; {UNCALIBRATED})"
    return f"{source}: not recognised; closest: {name} ({sure})"


def _sure(read: YearReading) -> str:
    """The year; how sure it is where that is not very."""
    from obverse.words import percent

    return f"{read.year}" + (f" ({percent(read.probability)})" if read.probability < CLEAR else "")


def _against(answer: Answer, item: Item) -> Iterator[str]:
    """What was read that the item does not have."""
    from obverse.explain import read_otherwise

    year, struck = read_otherwise(answer, item)
    if year is not None:
        yield f"but the date reads {_sure(year)}"
    if struck is not None:
        yield (
            f"but the mint mark reads {struck.mark}" if struck.mark else "but there is no mint mark"
        )


def write_csv(path: Path | None, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """These columns of a table, into a file or on stdout; a file name that is no Unicode is written
    with escapes, as on stdout."""
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    table.writeheader()
    table.writerows(rows)
    if path is None:
        write(text.getvalue().removesuffix("\n"))
        return
    with writing(path):
        path.write_text(text.getvalue(), "utf-8", "backslashreplace", newline="")


def _write_tray(tray: Tray) -> None:
    from obverse import names
    from obverse.words import known_from, percent

    if not tray.answers and not tray.failed:
        write(f"{tray.photo.source}: no objects found; show each whole, apart, on a plain ground")
        return
    known, objects = sum(a.known for a in tray.answers), count(len(tray.answers), "object")
    is_calibrated = all(answer.calibrated for answer in tray.answers)
    limit = known_from(next((answer.threshold for answer in tray.answers), None))
    write(
        f"{tray.photo.source}: {objects}, "
        + (f"{known:,} recognised" if is_calibrated else UNCALIBRATED)
        + (f" ({limit})" if limit else "")
    )
    called, rows = names.of_tray(tray), []
    for number, answer in zip(tray.numbers, tray.answers, strict=False):
        best = answer.best
        told = (
            ("", "", "", "")
            if best is None
            else (
                percent(best.probability),
                best.item.id,
                best.item.title and called[best.item.id],
                str(best.year.year) if best.year else "",
            )
        )
        rows.append((number, "known" if answer.known else "closest", *told))
    write_table(("", "", "sure" if is_calibrated else "share", "item", "title", "year"), rows)


def _write_candidates(answer: Answer) -> None:
    from obverse import names
    from obverse.words import percent, side_names, turned

    called = names.of(answer)
    titles = [c.item.title and called[c.item.id] for c in answer.candidates]
    if answer.sides:
        head = ("", "sure", "score", *side_names(answer))
        rows = [
            (rank, percent(c.probability), c.score, *_matches(c), c.item.id, title)
            for rank, (c, title) in enumerate(zip(answer.candidates, titles, strict=True), 1)
        ]
        write_table((*head, "item", "title"), rows)
        return
    # A vector has no turn: the column goes.
    has_turn = any(c.evidence.agreement.size > 1 or c.evidence.matches for c in answer.candidates)
    lines = [
        (
            rank,
            percent(c.probability),
            c.score,
            turned(-c.upright) if has_turn else "",
            c.item.id,
            title,
            c.view.side,
        )
        for rank, (c, title) in enumerate(zip(answer.candidates, titles, strict=True), 1)
    ]
    sure = "sure" if answer.calibrated else "share"
    write_table(("", sure, "score", "turn", "item", "title", "side"), lines)


def _matches(candidate: Candidate) -> Iterable[str]:
    """What each photo showed about an item."""
    for match in candidate.sides:
        if match is None:
            yield "no picture"
        else:
            yield f"{match.evidence.score:.3f} {match.view.side}".rstrip()
