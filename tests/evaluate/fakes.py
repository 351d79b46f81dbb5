"""A catalogue that answers what it is told to, so that every figure is known beforehand."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from obverse.catalogue.importers import Row
from obverse.errors import CatalogueDamaged, PhotoMissing
from obverse.types import Answer, Candidate, Evidence, Item, Patch, Photo, Progress, Region, View

STAGES = {"find": 10.0, "embed": 20.0}


@dataclass
class Reply:
    """What to answer: items with the first one's probability, the decision, and what was found."""

    items: Sequence[str]
    probability: float = 0.9
    known: bool = True
    whole: bool = False
    times: Mapping[str, float] = field(default_factory=lambda: STAGES)


def jpeg(colour: int) -> bytes:
    """A JPEG of one colour."""
    _, data = cv2.imencode(".jpg", np.full((32, 32, 3), colour, np.uint8))
    return bytes(data)


def view_of(item: str) -> View:
    return View(f"v-{item}", item, "", "0", "", {}, jpeg(90), None, "")


class FakeLibrary:
    """Remembers what was added in a text file; answers from a table by file name."""

    def __init__(self, engine: FakeEngine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def add(self, source: Iterable[Row], *, progress: Progress | None = None) -> Any:
        failed = []
        for row in source:
            self.engine.added.append(str(row.photo))
            if str(row.photo) == self.engine.die_at:
                raise KeyboardInterrupt
            if not Path(row.photo).exists():
                failed.append(
                    SimpleNamespace(
                        source=str(row.photo),
                        error="PhotoMissing",
                        what=f"{row.photo}: no such file",
                    )
                )
        return SimpleNamespace(failed=tuple(failed))

    def identify(self, photo: Path, *, top: int = 5, max_wrong: float | None = None) -> Answer:
        if not photo.exists():
            raise PhotoMissing("no such file", where=photo, hint="check the path")
        if photo.name == self.engine.broken:
            raise CatalogueDamaged("a row is gone", where=self.folder)
        reply = self.engine.replies[photo.name]
        if self.engine.slow:
            time.sleep(0.01)
        pixels = np.full((240, 320, 3), 60, np.uint8)
        region = Region((0, 0, 320, 240), 1.0, whole=reply.whole)
        patch = np.full((200, 200, 3), 120, np.uint8)
        candidates = [
            Candidate(
                item=Item(item),
                view=view_of(item),
                similarity=0.5,
                score=0.8 - 0.1 * i,
                probability=reply.probability / (i + 1),
                evidence=Evidence(0.8, 30.0 * (i + 1), np.zeros((2, 2), np.float32)),
            )
            for i, item in enumerate(reply.items)
        ]
        return Answer(
            photo=Photo(pixels, 320, 240, sha256(photo), str(photo)),
            patch=Patch(patch, patch, patch, np.eye(2, 3), region),
            known=reply.known,
            candidates=tuple(candidates[:top]),
            times_ms=reply.times,
        )

    def views(self, item: str | None = None) -> list[View]:
        return [] if item is None else [view_of(item)]

    def close(self) -> None:
        self.engine.closed += 1


class FakeEngine:
    """An engine of fake libraries."""

    def __init__(self, replies: Mapping[str, Reply], *, recipe: str = "fake") -> None:
        self.replies = replies
        self.recipe = recipe
        self.fingerprint = "abc"
        self.added: list[str] = []
        self.die_at = ""
        self.broken = ""
        self.closed = 0
        self.slow = False

    def models(self) -> Mapping[str, str]:
        return {"embed": self.fingerprint}

    def open(self, folder: Path) -> FakeLibrary:
        return FakeLibrary(self, folder)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_protocol(folder: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    """Write a protocol and a distinct picture file for each of its photos (none for a name that
    starts with ``gone``)."""
    lines = ["photo,role,item"]
    for photo, role, item in rows:
        lines.append(f"{photo},{role},{item}")
        if not photo.startswith("gone"):
            (folder / photo).write_bytes(photo.encode())
    path = folder / "small.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
