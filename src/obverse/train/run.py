"""A training run's folder: its settings, its log, and checkpoints that survive a kill.

    run/
      settings.json    what was asked for; a resumed run must ask for the same
      log.jsonl        one object per logged step
      last.pt          the newest checkpoint
      best.pt          the checkpoint with the best held-out figure so far
      curves.svg       the log as a picture

A checkpoint is written beside its place and moved there, so a kill leaves the older one whole.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obverse.errors import UsageError


class Run:
    """One training run.

    Args:
        folder: where everything goes; made if absent.
        settings: JSON values that decide the result.
        resume: go on from ``last.pt``; without it a folder that holds a run is refused.

    Raises:
        UsageError: the folder holds a run and ``resume`` is False, or its settings differ.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, resume: bool = False) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self._start = time.monotonic()
        self._spent = 0.0
        said = folder / "settings.json"
        if said.exists():
            if not resume:
                raise UsageError(
                    "this folder holds a training run",
                    where=folder,
                    hint="resume it with --resume, or name another folder",
                )
            theirs = json.loads(said.read_text("utf-8"))
            wrong = sorted(k for k in self.settings if theirs.get(k) != self.settings[k])
            if wrong:
                raise UsageError(
                    f"the run was started with other settings: {', '.join(wrong)}",
                    where=said,
                    hint="ask for the same, or name another folder",
                )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            said.write_text(json.dumps(self.settings, indent=2, sort_keys=True) + "\n", "utf-8")

    @property
    def seconds(self) -> float:
        """Time spent training, over all the run's lives."""
        return self._spent + time.monotonic() - self._start

    def log(self, step: int, **values: float) -> None:
        """Append one line to the log and show it on stderr."""
        row = {"step": step, "seconds": round(self.seconds, 1), **values}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        shown = "  ".join(f"{k} {v:.4g}" for k, v in values.items())
        print(f"step {step}  {self.seconds / 60:.1f} min  {shown}", file=sys.stderr, flush=True)

    def rows(self) -> list[dict[str, float]]:
        """The log so far; of two lines for one step the later counts."""
        path = self.folder / "log.jsonl"
        if not path.exists():
            return []
        lines = path.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def save(self, state: Mapping[str, Any], name: str = "last") -> None:
        """Write a checkpoint: any mapping that ``torch.save`` takes."""
        import torch

        path = self.folder / f"{name}.pt"
        beside = path.with_suffix(".tmp")
        torch.save({"seconds": self.seconds, **state}, beside)
        beside.replace(path)

    def load(self, name: str = "last") -> dict[str, Any] | None:
        """A checkpoint, or None where none was written yet."""
        import torch

        path = self.folder / f"{name}.pt"
        if not path.exists():
            return None
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
        if name == "last":
            self._spent, self._start = float(state["seconds"]), time.monotonic()
        return state


def best_of(folder: Path) -> dict[str, Any]:
    """The best checkpoint of a run. Raises ``UsageError`` where there is none."""
    import torch

    path = folder / "best.pt"
    if not path.exists():
        raise UsageError("holds no trained model", where=folder, hint="name a run's folder")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=False)
    return state
