"""Tables of the embedded store: opening them, rows in and out, and the filters that name rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from obverse.catalogue.folder import MANIFEST
from obverse.catalogue.rows import is_storable
from obverse.errors import CatalogueDamaged

CHUNK = 500
"""Ids in one filter."""


def connect(folder: Path) -> Any:
    """The database in a folder."""
    import lancedb

    # Interval zero: every read looks for the newest version, whoever wrote it.
    return lancedb.connect(str(folder), read_consistency_interval=timedelta(0))


def create_table(folder: Path, name: str, schema: Any) -> None:
    """An empty table, in place of what a killed creation left: that has no rows."""
    db = connect(folder)
    if not (folder / f"{name}.lance").exists():
        db.create_table(name, schema=schema)
        return
    try:
        rows = db.open_table(name).count_rows()
    except (RuntimeError, ValueError):  # killed before the table's first commit
        rows = 0
    if rows:
        raise CatalogueDamaged(
            f"its manifest is missing but {name} holds {rows} rows",
            where=folder,
            hint=f"restore {MANIFEST} from a backup, or choose a new folder",
        )
    db.create_table(name, schema=schema, mode="overwrite")


def upsert(table: Any, rows: Any, instead_of: Sequence[str] = ()) -> None:
    """Insert or replace rows by id, and delete those of some ids, in one commit."""
    merge = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
    if instead_of:
        merge.when_not_matched_by_source_delete(" OR ".join(within("id", instead_of)))
    merge.execute(rows)


def within(column: str, values: Sequence[str]) -> Iterator[str]:
    """SQL filters for values of any characters, a limited number each."""
    values = [v for v in values if is_storable(v)]
    for start in range(0, len(values), CHUNK):
        quoted = ("'" + v.replace("'", "''") + "'" for v in values[start : start + CHUNK])
        yield f"{column} IN ({', '.join(quoted)})"


def named(column: str, values: Sequence[str] | None) -> list[str]:
    """The filters for some values; one empty filter for all rows."""
    return [""] if values is None else list(within(column, values))


def ordered(found: list[Any], ids: Sequence[str] | None, *, key: Any) -> list[Any]:
    """Rows in the order of the ids asked for, those not found left out; or all, by a key."""
    if ids is None:
        return sorted(found, key=key)
    by_id = {row.id: row for row in found}
    return [by_id[i] for i in ids if i in by_id]
