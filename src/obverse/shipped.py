"""What the package carries in ``models/``, read with one kind of error."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from typing import Any, TypeVar

from obverse.errors import ModelError

Made = TypeVar("Made")


def read(name: str, what: str, make: Callable[[bytes], Made]) -> Made:
    """What ``make`` makes of the bytes of a shipped file.

    Args:
        name: of the file.
        what: it is, for the message.

    Raises:
        ModelError: the file is not there, or ``make`` cannot use it.
    """
    try:
        return make((resources.files("obverse") / "models" / name).read_bytes())
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(
            f"{what} cannot be read ({error})", hint="install the package again"
        ) from error


def card(name: str, what: str) -> dict[str, Any]:
    """A card, ``NAME.json``. Raises ``ModelError``."""
    return read(f"{name}.json", what, lambda data: dict(json.loads(data)))


def model(name: str, what: str) -> tuple[dict[str, Any], bytes]:
    """A card and the file that it names. Raises ``ModelError``."""

    def both(data: bytes) -> tuple[dict[str, Any], bytes]:
        found = dict(json.loads(data))
        return found, read(found["file"], what, bytes)

    return read(f"{name}.json", what, both)
