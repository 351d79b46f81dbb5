"""The ``obverse`` command: parse, call, print.

stdout is data, stderr is talk. Exit codes: 0 done, 1 something failed, 2 misuse, 130 interrupted.
Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import io
import math
import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Annotated

import typer

from obverse._version import __version__
from obverse.cli import (
    ask,
    manage,
    measure,
    misuse,
    picture,
    serve,
    stages,
    tidy,
    train,
    words,
    year,
    zoo,
)
from obverse.cli.console import MODE, emit, say, set_debug, write
from obverse.errors import Interrupted, ObverseError, UsageError

app = typer.Typer(
    name="obverse",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GRACE = 3.0
"""Seconds for which a second Ctrl-C is passed over."""
ParserError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer's option parser raises; typer itself names only this child of it."""
app.command()(manage.add)
app.command()(ask.identify)
app.command()(ask.match)
app.command()(manage.info)
app.command("list")(manage.list_items)
app.command()(manage.show)
app.command()(manage.remove)
app.command()(manage.level)
app.command()(manage.export)
app.command()(tidy.duplicates)
app.command()(tidy.merge)
app.command()(picture.quality)
app.command()(picture.cutout)
app.command()(zoo.compare)
app.command()(stages.find)
app.command()(stages.normalise)
app.command()(stages.embed)
app.command()(stages.search)
app.command()(stages.verify)
app.command()(year.year)
app.command()(words.classify)
app.command()(words.detect)
app.command()(words.segment)
app.command()(measure.evaluate)
app.command()(measure.mint)
app.command()(serve.serve)
app.command()(serve.key)
app.command()(train.adapt)
app.command()(train.calibrate)
app.add_typer(train.train, name="train")
app.add_typer(zoo.zoo, name="zoo")


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", callback=set_debug, help="Show tracebacks (OBVERSE_DEBUG=1).")
    ] = False,
) -> None:
    """Photo in, the right coin out: from your own catalogue, on your own machine."""
    if version:
        write(f"obverse {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        write(context.get_help())


def main() -> None:
    """Run the command line; every failure is one line on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A file name that is no Unicode must not stop the output that reports it.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # The storage engine warns of every folder it makes; nobody asked.
    os.environ.setdefault("LANCEDB_LOG", "error")
    # Our matrices are small: BLAS threads that wait for work take the cores from the network's.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _Interrupts())
    try:
        code = app(standalone_mode=False)
    except ObverseError as error:
        _fail(error, error, error.exit_code)
    except ParserError as error:
        MODE.json = "--json" in sys.argv  # the parser stops before it comes to it
        _fail(error, misuse.told(error), UsageError.exit_code)
    except OSError as error:
        hint = "check the disk and the permissions"
        _fail(error, ObverseError(error.strerror or str(error), where=error.filename, hint=hint), 1)
    except Exception as error:
        hint = "run again with obverse --debug … to see where, and report it"
        _fail(error, ObverseError(f"unexpected {type(error).__name__}: {error}", hint=hint), 1)
    if code == Interrupted.exit_code:  # as typer has it, too
        hint = f"nothing that was stored is lost, {MODE.goes_on}"
        _fail(None, Interrupted("interrupted", hint=hint), code)
    sys.exit(code)


class _Interrupts:
    """Ctrl-C ends the command; another one soon after does not cut short what it tidies up then. A
    later one counts again: the first may have come where Python passes over exceptions."""

    def __init__(self) -> None:
        self._last = -math.inf

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last < GRACE:
            return
        self._last = now
        raise KeyboardInterrupt


def _fail(error: Exception | None, told: ObverseError, code: int) -> None:
    if MODE.json:
        with suppress(ObverseError, typer.Exit):  # it may be stdout that fails
            emit(told.to_dict())
    if MODE.debug and error:
        raise error
    say(f"obverse: {told}")
    sys.exit(code)
