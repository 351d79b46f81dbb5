"""Where the catalogues of protocols are kept, named by everything that made them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from obverse.catalogue.store import FORMAT
from obverse.evaluate.result import Failed

KEEP = 16
"""Catalogues kept; the least recently used go first. One of 3,433 views takes some 40 MB."""

ASIDE = (
    *("evaluate", "mint", "server", "client", "train", "cli", "year"),
    *("canvas.py", "chinese.py", "compare.py", "cutout.py", "decide.py", "degrade.py"),
    *("errors.py", "explain.py"),
    *("draw.py", "draw_answer.py", "draw_mask.py", "draw_parts.py", "draw_separation.py"),
    *("draw_sides.py", "draw_tray.py", "draw_year.py", "fonts", "found.py", "fuse.py", "heat.py"),
    *("layer.py", "lines.py", "quality.py", "separate.py", "to_onnx.py", "tray.py", "words.py"),
)
"""Parts of the package that leave no trace in a catalogue; all others do."""


def place(given: str | Path | None = None) -> Path:
    """The cache folder: as given, or ``evaluate`` under ``$OBVERSE_CACHE``, under
    ``$XDG_CACHE_HOME/obverse``, or under ``~/.cache/obverse``."""
    if given is not None:
        return Path(given)
    own, xdg = os.environ.get("OBVERSE_CACHE"), os.environ.get("XDG_CACHE_HOME")
    if own:
        return Path(own) / "evaluate"
    # A relative XDG_CACHE_HOME is invalid and ignored, says the specification.
    base = Path(xdg) if xdg and Path(xdg).is_absolute() else Path.home() / ".cache"
    return base / "obverse" / "evaluate"


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes as hex; empty for what is no readable regular file."""
    try:
        # Opening a pipe would wait for a writer for ever, so look before.
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def code_hash(package: Path | None = None) -> str:
    """SHA-256 over the source of whatever shapes a catalogue: a changed finder makes other views
    although the model is the same."""
    base = Path(__file__).parents[1] if package is None else package
    digest = hashlib.sha256()
    for file in sorted(base.rglob("*.py")):
        name = file.relative_to(base)
        if name.parts[0] not in ASIDE:
            digest.update(f"{name.as_posix()}\0{file_hash(file)}\n".encode())
    return digest.hexdigest()


def key(
    recipe: str,
    models: Mapping[str, str],
    views: Iterable[tuple[str, str, str]],
    code: str,
) -> str:
    """The name of a catalogue: a hash of recipe, models, code and the views as (content hash, item,
    side), in any order."""
    text = json.dumps([FORMAT, recipe, sorted(models.items()), code, sorted(views)])
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """One cached catalogue: ``catalogue.obv``, and ``done.json`` once it is complete."""

    folder: Path

    @property
    def catalogue(self) -> Path:
        return self.folder / "catalogue.obv"

    def failed(self) -> tuple[Failed, ...] | None:
        """What could not be added when the catalogue was completed; None if it never was."""
        try:
            rows = json.loads((self.folder / "done.json").read_text(encoding="utf-8"))
            done = tuple(Failed(**row) for row in rows)
        except (OSError, ValueError, TypeError):
            return None
        return done if self.catalogue.exists() else None

    def finish(self, failed: Iterable[Failed]) -> None:
        """Call the catalogue complete; in one step, so that a killed run leaves no half a file."""
        text = json.dumps([asdict(row) for row in failed], indent=1)
        part = self.folder / f"done.{os.getpid()}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(self.folder / "done.json")

    def touch(self) -> None:
        """Note that it was used."""
        with contextlib.suppress(OSError):
            os.utime(self.folder)


def prune(cache: Path, keep: int = KEEP) -> None:
    """Delete the least recently used entries past ``keep``. Touches only folders that carry the
    name of a key and a catalogue, whatever else lies beside them."""
    entries = [
        folder
        for folder in cache.iterdir()
        if re.fullmatch("[0-9a-f]{64}", folder.name) and (folder / "catalogue.obv").exists()
    ]
    entries.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in entries[keep:]:
        shutil.rmtree(folder, ignore_errors=True)
