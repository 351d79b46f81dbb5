"""What the commands say and where: data on stdout, talk on stderr."""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import typer

from obverse.errors import ObverseError
from obverse.words import count

if TYPE_CHECKING:
    from obverse.types import Progress

QUIET_SECONDS = 5.0
"""Away from a terminal, progress is a line on stderr no more often than this."""


@dataclass
class Mode:
    """What the user asked of all output: JSON on stdout, files written, tracebacks; and how a
    command goes on after Ctrl-C. Read where something fails."""

    json: bool = False
    writes: bool = False
    debug: bool = bool(os.environ.get("OBVERSE_DEBUG"))
    goes_on: str = "the same command goes on"


MODE = Mode()


def set_json(value: bool) -> bool:
    MODE.json = value
    return value


def set_debug(value: bool) -> bool:
    MODE.debug = MODE.debug or value
    return value


def say(text: str) -> None:
    """One line of talk, on stderr; it is no loss where nobody listens."""
    try:
        typer.echo(" ".join(text.split()), err=True)
    except OSError:
        _leave(sys.stderr)


def write(text: str = "") -> None:
    """Data for people, on stdout. A reader who leaves ends the command, unless it writes files:
    these are finished. Raises ``ObverseError`` if stdout cannot be written."""
    try:
        typer.echo(text)
    except BrokenPipeError:
        _leave(sys.stdout)
        if not MODE.writes:
            raise typer.Exit(1) from None
    except OSError as error:
        _leave(sys.stdout)
        raise ObverseError(
            f"cannot be written ({error.strerror})", where="stdout", hint="send it somewhere else"
        ) from error


def emit(data: Any) -> None:
    """Data for programs, on stdout: one JSON object or array, whatever fails afterwards."""
    MODE.json = False
    write(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False))


def leave_if_failed(failed: int, photos: int) -> None:
    """Exit 1 if photos could not be used, and say of how many if there was more than one."""
    if failed:
        if photos > 1:
            say(f"{failed:,} of {count(photos, 'photo')} could not be used")
        raise typer.Exit(1)


def write_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns, two spaces apart; numbers to the right, empty columns left out."""
    cells = [[_cell(value) for value in row] for row in rows]
    used = [i for i in range(len(head)) if not cells or any(line[i] for line in cells)]
    head, cells = [head[i] for i in used], [[line[i] for i in used] for line in cells]
    widths = [max(_width(line[i]) for line in [head, *cells]) for i in range(len(head))]
    right = [bool(cells) and all(_numeric(line[i]) for line in cells) for i in range(len(head))]
    write(typer.style(_aligned(head, widths, right), dim=True))
    for line in cells:
        write(_aligned(line, widths, right))


@contextmanager
def show_progress() -> Iterator[Progress]:
    """A bar on a terminal; elsewhere a line now and then."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("", total=None)

            def draw(done: int, total: int, text: str) -> None:
                bars.update(task, completed=done, total=total or None, description=text)

            yield draw
        return

    last = time.monotonic()

    def tell(done: int, total: int, text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_SECONDS:
            last = time.monotonic()
            say(f"{text}: {done:,} of {total:,}" if total else f"{text}: {done:,}")

    yield tell


def _leave(stream: TextIO) -> None:
    """Write to a stream no more, nor what it still holds: Python would complain at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return " ".join(str(value).split())


def _numeric(text: str) -> bool:
    return text.rstrip(" %°").replace(",", "").replace(".", "").lstrip("-<> ").isdigit()


def _width(text: str) -> int:
    """Columns a terminal needs: East Asian wide letters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _aligned(line: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for text, width, to_right in zip(line, widths, right, strict=True):
        space = " " * (width - _width(text))
        padded.append(space + text if to_right else text + space)
    return "  ".join(padded).rstrip()
