"""Zips read in place: sound ones against the folders they were made from, hostile ones refused."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from obverse.catalogue import importers
from obverse.catalogue.archive import Archive
from obverse.errors import (
    ObverseError,
    PhotoDamaged,
    PhotoMissing,
    PhotoTooLarge,
    TableError,
    UsageError,
)


def pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream


def rows_of(files: dict[str, bytes]) -> list[tuple[str, str, str]]:
    listing = Archive(pack(files), 1000).listing()
    return [(str(row.photo), row.item, row.side) for row in listing.rows]


@pytest.mark.parametrize(
    "names",
    [
        ["a/1.jpg", "a/2.jpg", "b/x_obverse.png", "b/x_reverse.png"],
        ["coin 10/x.jpg", "coin 9/x.jpg", "coin 9/deep/er/y.jpg"],
        ["one_obv.jpg", "one_rev.jpg", "two.jpg", "three/a.webp"],
        ["x/ü/obverse.jpg", "x/ü/reverse.jpg", "y.txt"],
    ],
)
def test_a_zip_is_listed_as_the_folder_is(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    folder = [
        (row.photo.relative_to(tmp_path).as_posix(), row.item, row.side)  # type: ignore[union-attr]
        for row in importers.read(tmp_path).rows
    ]
    if all(name.startswith("x/") or "/" not in name for name in names) and "y.txt" in names:
        folder = [(photo, item.removeprefix("x/"), side) for photo, item, side in folder]
    assert sorted(rows_of({name: name.encode() for name in names})) == sorted(folder)


@pytest.mark.parametrize("flag", [1 << 5, 1 << 6])
def test_a_member_packed_in_a_way_not_read(flag: int) -> None:
    """Patched data and strong encryption."""
    data = bytearray(pack({"a/1.jpg": b"picture"}).getvalue())
    for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        struct.pack_into("<H", data, data.index(mark) + at, flag)
    archive = Archive(io.BytesIO(data), 1000)
    with pytest.raises(PhotoDamaged):
        archive.read(archive.listing().rows[0])


def test_a_folder_around_everything_counts_for_nothing() -> None:
    rows = rows_of({"my coins/a/1.jpg": b"1", "my coins/b/2.jpg": b"2"})
    assert [item for _, item, _ in rows] == ["a", "b"]
    assert rows_of({"only/1.jpg": b"1"}) == [("only/1.jpg", "only", "")]


@pytest.mark.parametrize(
    "written", ["./A/x.jpg", "/A/x.jpg", "A//x.jpg", "A\\x.jpg", "../../A/x.jpg", "A/b/../x.jpg"]
)
def test_a_member_is_found_however_its_name_is_written(written: str) -> None:
    archive = Archive(pack({written: b"picture", "./B/y.jpg": b"other"}), 9)
    first, second = archive.listing().rows
    assert [(str(r.photo), r.item) for r in (first, second)] == [("A/x.jpg", "A"), ("B/y.jpg", "B")]
    assert archive.read(first) == b"picture"
    table = f"photo,item\n{written},y\n"
    archive = Archive(pack({"catalogue.csv": table.encode(), "A/x.jpg": b"picture"}), 99)
    assert [archive.read(row) for row in archive.listing().rows] == [b"picture"]


def test_hidden_members_are_passed_over() -> None:
    hidden = ["./.git/a.jpg", "A/.x.jpg", "__MACOSX/A/x.jpg"]
    assert rows_of(dict.fromkeys([*hidden, "./A/x.jpg"], b"1")) == [("A/x.jpg", "A", "")]


def test_of_two_members_of_one_name_the_other_is_told() -> None:
    archive = Archive(pack({"A/x.jpg": b"1", "./A/x.jpg": b"2", "B/y.jpg": b"3"}), 9)
    listing = archive.listing()
    assert [archive.read(row) for row in listing.rows] == [b"2", b"3"]
    (problem,) = listing.problems
    assert (problem.source, problem.error) == ("A/x.jpg", "UsageError")


def test_a_table_names_photos_wherever_they_lie() -> None:
    table = "photo;item;side;title;year\nb\\2.jpg;x;rev;T;1901\n./b/../a.jpg;y;;;\ngone.jpg;z;;;\n"
    archive = Archive(
        pack({"t/catalogue.csv": table.encode(), "t/b/2.jpg": b"2", "t/a.jpg": b"1"}), 9
    )
    listing = archive.listing()
    assert [(r.item, r.side, r.title, r.attributes) for r in listing.rows] == [
        ("x", "reverse", "T", {"year": 1901}),
        ("y", "", "", {}),
        ("z", "", "", {}),
    ]
    assert [archive.read(row) for row in listing.rows[:2]] == [b"2", b"1"]
    with pytest.raises(PhotoMissing):
        archive.read(listing.rows[2])
    with pytest.raises(TableError):
        Archive(pack({"catalogue.csv": b"no,columns\n"}), 9).listing()


def test_a_member_is_read_no_further_than_allowed() -> None:
    archive = Archive(pack({"a/bomb.jpg": bytes(50_000_000)}), 1000)
    with pytest.raises(PhotoTooLarge):
        archive.read(archive.listing().rows[0])


def test_damage_and_odd_packing_are_told() -> None:
    stream = pack({"a/1.jpg": bytes(range(256)) * 40})
    data = bytearray(stream.getvalue())
    data[60:70] = b"\xff" * 10
    archive = Archive(io.BytesIO(bytes(data)), 100_000)
    with pytest.raises(PhotoDamaged):
        archive.read(archive.listing().rows[0])
    archive = Archive(pack({"a/1.jpg": b"x"}, zipfile.ZIP_BZIP2), 1000)
    with pytest.raises(PhotoDamaged, match="packed"):
        archive.read(archive.listing().rows[0])


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip" * 100, b"PK\5\6" + bytes(10)])
def test_no_zip(data: bytes) -> None:
    with pytest.raises(UsageError, match="zip"):
        Archive(io.BytesIO(data), 9)


def test_a_zip_that_lies_about_its_list() -> None:
    whole = pack({f"a/{n}.jpg": b"x" for n in range(20)}).getvalue()
    at = whole.rfind(b"PK\5\6")
    for offset, size in ((12, 2**31), (16, 2**31), (10, 60_000), (8, 7)):
        kind = "<I" if offset >= 12 else "<H"
        lie = bytearray(whole)
        struct.pack_into(kind, lie, at + offset, size)
        try:
            listing = Archive(io.BytesIO(bytes(lie)), 9).listing()
        except ObverseError:
            continue
        assert len(listing.rows) == 20
    locator = b"PK\6\7" + bytes(16)
    with pytest.raises(UsageError, match="in parts"):
        Archive(io.BytesIO(whole[:at] + locator + whole[at:]), 9)


def test_every_cut_is_refused_or_read() -> None:
    whole = pack({"a/1.jpg": b"12345" * 30, "b/2.jpg": b"x"}).getvalue()
    for end in range(0, len(whole), 3):
        try:
            archive = Archive(io.BytesIO(whole[:end]), 999)
            for row in archive.listing().rows:
                archive.read(row)
        except ObverseError:
            continue
