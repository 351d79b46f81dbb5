"""Items and views as rows of Arrow tables, and back."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from obverse.catalogue.store import Manifest
from obverse.errors import UsageError
from obverse.types import Embedding, Item, View

VIEW_COLUMNS = ["id", "item", "side", "sha256", "source", "region", "added", "thumbnail"]
"""Of a view without its embedding; all text but the last."""
DEEPEST, LONGEST = 20, 64 * 1024
"""Lists and objects within each other, and letters of JSON, that an item's attributes may take:
what reads them back, a web framework and a browser among them, follows some hundred levels."""


BREAKS = frozenset({"Cc", "Zl", "Zp"})
"""Kinds of letters that no id and no title holds: control characters, line and paragraph ends."""
SENT = 200
"""Letters of an id or a title that a server takes; a catalogue itself takes any."""


def embedding_columns(manifest: Manifest) -> list[str]:
    """Of a view's embedding; ``description`` only where the recipe's verifier describes views."""
    return ["vector", "map", "description"] if manifest.describes else ["vector", "map"]


def item_schema() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in ("id", "title", "attributes")])


def view_schema(manifest: Manifest) -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            *((name, pa.string()) for name in VIEW_COLUMNS[:-1]),
            (VIEW_COLUMNS[-1], pa.binary()),
            ("vector", pa.list_(pa.float16(), manifest.dim)),
            ("map", pa.binary(int(np.prod(manifest.map_shape)))),
            *((name, pa.binary()) for name in embedding_columns(manifest)[2:]),
        ]
    )


def item_table(items: Sequence[Item]) -> Any:
    import pyarrow as pa

    rows = [
        {"id": _id(i.id), "title": _text(i.title), "attributes": _json(i)}
        for i in {item.id: item for item in items}.values()
    ]
    return pa.Table.from_pylist(rows, schema=item_schema())


def view_table(views: Sequence[View], manifest: Manifest) -> Any:
    import pyarrow as pa

    rows = []
    for view in {v.id: v for v in views}.values():
        if view.embedding is None:
            raise ValueError(f"view {view.id} has no embedding")
        row = view.to_dict()
        row["region"] = json.dumps(row["region"])
        row = {name: _text(value) for name, value in row.items()}
        row["thumbnail"] = view.thumbnail
        row["vector"] = view.embedding.vector.astype(np.float16)
        row["map"] = view.embedding.map.astype(np.int8, copy=False).tobytes()
        row["description"] = view.embedding.description
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=view_schema(manifest))


def read_item(row: dict[str, Any]) -> Item:
    return Item(row["id"], row["title"], json.loads(row["attributes"]))


def read_view(row: dict[str, Any], manifest: Manifest) -> View:
    values = {name: row[name] for name in VIEW_COLUMNS} | {"region": json.loads(row["region"])}
    if "vector" not in row:
        return View(**values, embedding=None)
    vector = np.array(row["vector"], np.float32)
    map = np.frombuffer(row["map"], np.int8).reshape(manifest.map_shape)
    embedding = Embedding(vector, map, row.get("description") or b"")
    return View(**values, embedding=embedding)


def upright(region: str) -> float:
    """``View.upright``, from a region as it is stored."""
    return float(json.loads(region).get("upright", 0.0))


def is_storable(text: str) -> bool:
    """Can the database hold this text? Half a character (a lone surrogate) it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(text: str) -> str:
    if not is_storable(text):
        raise UsageError(f"{text!a} holds half a character", hint="write it in proper Unicode")
    return text


def check_id(text: object) -> str:
    """The id of an item. Raises ``UsageError`` for what is none."""
    if not isinstance(text, str) or not text.strip():
        raise UsageError("an item needs an id", hint="give some letters")
    return _id(_one_line(text))


def check_title(text: object) -> str:
    """The title of an item. Raises ``UsageError`` for what is none."""
    if not isinstance(text, str):
        raise UsageError(f"a title is text, not {type(text).__name__}", hint="give it as text")
    return _text(_one_line(text))


def _one_line(text: str) -> str:
    """Of what is given now; catalogues of before may hold others."""
    if any(unicodedata.category(letter) in BREAKS for letter in text):
        raise UsageError(
            f"{text[:80]!a} holds a line break or a control character",
            hint="write it in one line",
        )
    return text


def _id(text: str) -> str:
    """Blank ones are stored: catalogues of before may hold some."""
    if text in (".", ".."):
        raise UsageError(f"{text!r} is no id: in an address it means a folder", hint="add letters")
    return _text(text)


def check_attributes(id: str, attributes: object) -> None:
    """Raises ``UsageError`` for attributes of an item that are none, or that the database cannot
    hold."""
    if not isinstance(attributes, Mapping):
        raise UsageError(
            f"attributes are names with values, not {type(attributes).__name__}",
            hint='write {"name": value}',
        )
    if why := flaw(attributes):
        raise UsageError(
            f"item {id!r}: {why}",
            hint="use text, finite numbers, booleans, null, and short lists or objects of them",
        )


def check_edit(id: str, title: object, attributes: object, new_id: object) -> None:
    """Raises ``UsageError`` for changes of an item that make no sense; None leaves it as it is."""
    if title is not None:
        check_title(title)
    if attributes is not None:
        check_attributes(id, attributes)
    if new_id is not None:
        check_id(new_id)


def _json(item: Item) -> str:
    check_attributes(item.id, item.attributes)
    return json.dumps(dict(item.attributes))


def flaw(attributes: Mapping[str, Any]) -> str:
    """Why the database cannot hold these attributes, or nothing."""
    for name, value in attributes.items():
        if not str(name).strip():
            return "an attribute without a name"
        if not _is_shallow(value, DEEPEST - 1):
            return f"attribute {name!a} is nested more than {DEEPEST} deep"
        try:
            text = json.dumps({name: value}, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            return f"attribute {name!a} cannot be stored ({error})"
        if not is_storable(text):
            return f"attribute {name!a} holds half a character"
    if len(json.dumps(dict(attributes))) > LONGEST:
        return f"attributes longer than {LONGEST:,} letters; keep long texts elsewhere"
    return ""


def _is_shallow(value: Any, levels: int) -> bool:
    """Does it hold at most so many lists and objects within each other?"""
    if not isinstance(value, dict | list | tuple):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(one, levels - 1) for one in inner)
