"""What the option parser says of a command line that it cannot take, in our words."""

from __future__ import annotations

import re
from typing import Any

from obverse.errors import UsageError

_WORDS = (
    (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", r"too many arguments: \1"),
    (r"Input should be less than or equal to (\S+)", r"it must be \1 at most"),
    (r"Input should be greater than or equal to (\S+)", r"it must be \1 at least"),
    (r"Input should be a valid integer.*", "it is no whole number"),
    (r"Input should be a (?:valid|finite) number.*", "it is no number"),
)
"""The parser's words, and ours."""


def told(error: Any) -> UsageError:
    """The parser's error as one of ours."""
    if hasattr(error, "possibilities"):
        return _unknown(error)
    what: str = error.format_message().rstrip(".")
    for theirs, ours in _WORDS:
        what = re.sub(theirs, ours, what)
    what, *meant = re.split(r"\. (?=Did you mean )", what)
    see = f"see {error.ctx.command_path if error.ctx else 'obverse'} --help"
    return UsageError(_lower(what), hint=_lower(meant[-1]) if meant else see)


def _unknown(error: Any) -> UsageError:
    """An option that there is not, or a file that looks like one."""
    names = [max(p.opts, key=len) for p in error.ctx.command.get_params(error.ctx)]
    hint = f"choose one of: {', '.join(name for name in names if name.startswith('-'))}"
    if not error.option_name.startswith("--"):
        hint += "; a file whose name begins with - comes after --"
    return UsageError(f"unknown option {error.option_name!r}", hint=hint)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
