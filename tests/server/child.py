"""A child process for the tests: ``python -m tests.server.child SETTINGS`` serves a catalogue.

SETTINGS is the JSON of ``obverse.server.settings.Settings``. Prints the port when it listens.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from obverse.server import state
from obverse.server.listening import listen
from obverse.server.run import run
from obverse.server.settings import Settings

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    told["report"] = Path(told["report"]) if told.get("report") else None
    told["certificate"] = Path(told["certificate"]) if told.get("certificate") else None
    told |= {name: tuple(told.get(name, ())) for name in ("keys", "hosts")}
    # The rate of wrong keys is no setting: a test that counts them slows it down.
    state.GUESSES = tuple(told.pop("guesses", state.GUESSES))
    settings = Settings(**told)
    with listen("127.0.0.1", 0) as bound:
        sys.stdout.write(f"{bound.getsockname()[1]}\n")
        sys.stdout.flush()
        run(settings, bound)
