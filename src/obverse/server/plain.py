"""What is wrong with a field or a parameter, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WORDS = {
    "missing": "is missing",
    "string_type": "is no text",
    "string_too_long": "has more than {max_length} letters",
    "string_too_short": "has fewer letters than {min_length}",
    "int_type": "is no whole number",
    "int_parsing": "is no whole number",
    "int_parsing_size": "is too large a number",
    "int_from_float": "is no whole number",
    "float_type": "is no number",
    "float_parsing": "is no number",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "literal_error": "must be {expected}",
    "list_type": "is no list",
    "too_short": "has fewer values than {min_length}",
    "too_long": "has more than {max_length} values",
    "dict_type": "is no object of names and values",
    "model_type": "is no object of fields and values",
    "model_attributes_type": "is no object of fields and values",
}
"""By the kind of a finding of pydantic."""


def said(finding: Mapping[str, Any]) -> tuple[str, str]:
    """Where, and what is wrong, of one of pydantic's findings. The place is a field's name, with
    numbers of a list's values; the types that it might have been are left out."""
    known, limits = WORDS.get(finding["type"]), finding.get("ctx", {})
    what = known.format(**limits) if known else str(finding["msg"])
    if limits.get("min_length") == 1:
        what = "is empty"
    first, *rest = finding["loc"] or ("",)
    return ".".join(map(str, (first, *(part for part in rest if isinstance(part, int))))), what
