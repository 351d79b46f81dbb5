"""Folders, tables and single photos turned into rows."""

from __future__ import annotations

import csv
import os
import random
import time
from pathlib import Path

import pytest

from obverse.catalogue.importers import Listing, Problem, Row, natural_key, read
from obverse.errors import PhotoMissing, TableError, UsageError


def fill(root: Path, *names: str) -> Path:
    """Empty files of these names below ``root``: nothing here opens them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def brief(listing: Listing, root: Path) -> list[tuple[str, str, str]]:
    return [(r.photo.relative_to(root).as_posix(), r.item, r.side) for r in listing.rows]


# ------------------------------------------------------------------------------------ folders


def test_one_folder_per_item_at_any_depth(tmp_path: Path) -> None:
    fill(
        tmp_path,
        *("euro/2 euro/obverse.jpg", "euro/2 euro/reverse.PNG", "euro/10 cent/IMG_1.heic"),
        *("thaler/a.jpg", "thaler/r.jpg", "thaler/rim edge.jpg"),
    )
    assert brief(read(tmp_path), tmp_path) == [
        ("euro/2 euro/obverse.jpg", "euro/2 euro", "obverse"),
        ("euro/2 euro/reverse.PNG", "euro/2 euro", "reverse"),
        ("euro/10 cent/IMG_1.heic", "euro/10 cent", ""),
        ("thaler/a.jpg", "thaler", "obverse"),
        ("thaler/r.jpg", "thaler", "reverse"),
        ("thaler/rim edge.jpg", "thaler", "edge"),
    ]


def test_a_folder_with_a_table_of_its_own_is_read_by_it(tmp_path: Path) -> None:
    fill(tmp_path, "pictures/1.jpg", "pictures/2.jpg", "other/3.jpg")
    lines = ["photo,item,side", "pictures/1.jpg,krona,obverse", "pictures/2.jpg,krona,reverse"]
    (tmp_path / "catalogue.csv").write_text("\n".join(lines), "utf-8")
    assert brief(read(tmp_path), tmp_path) == [
        ("pictures/1.jpg", "krona", "obverse"),
        ("pictures/2.jpg", "krona", "reverse"),
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("x_obverse x_reverse", [("x", "obverse"), ("x", "reverse")]),
        ("x-obv x-rev", [("x", "obverse"), ("x", "reverse")]),
        ("x.avers x.revers", [("x", "obverse"), ("x", "reverse")]),
        ("X_OBVERSE", [("X", "obverse")]),
        ("x_1_obverse_2", [("x_1", "obverse")]),
        ("x-rev3", [("x", "reverse")]),
        ("obverse-x reverse-x", [("x", "obverse"), ("x", "reverse")]),
        ("x_аверс x_реверс", [("x", "obverse"), ("x", "reverse")]),
        ("001_正面 001_背面", [("001", "obverse"), ("001", "reverse")]),
        ("x_edge x_other", [("x", "edge"), ("x", "other")]),
        # Letters and vague words count where both sides are shown by them.
        ("x_a x_r y_a", [("x", "obverse"), ("x", "reverse"), ("y", "obverse")]),
        ("x_o x_r x_e", [("x", "edge"), ("x", "obverse"), ("x", "reverse")]),
        ("1-65o 1-65r", [("1-65", "obverse"), ("1-65", "reverse")]),
        (
            "a-000001 r-000001 a-000002",
            [("000001", "obverse"), ("000002", "obverse"), ("000001", "reverse")],
        ),
        ("x_front x_back", [("x", "reverse"), ("x", "obverse")]),
        # And do not where they may mean anything else.
        ("1893-O 1893-S", [("1893-O", ""), ("1893-S", "")]),
        ("1893-O", [("1893-O", "")]),
        ("x_a x_b x_r", [("x_a", ""), ("x_b", ""), ("x_r", "")]),
        ("indian_head liberty_head", [("indian_head", ""), ("liberty_head", "")]),
        ("a-star r-star", [("a-star", ""), ("r-star", "")]),
        ("a b r", [("a", ""), ("b", ""), ("r", "")]),
        ("reversed overrev revue", [("overrev", ""), ("reversed", ""), ("revue", "")]),
        ("coin IMG_0001", [("coin", ""), ("IMG_0001", "")]),
    ],
)
def test_flat_files(names: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    fill(tmp_path, *(f"{name}.jpg" for name in names.split()))
    assert [(r.item, r.side) for r in read(tmp_path).rows] == expected


def test_files_named_by_their_side_alone_show_their_folder(tmp_path: Path) -> None:
    root = fill(tmp_path / "penny", "obverse.jpg", "reverse.jpg")
    assert [(r.item, r.side) for r in read(root).rows] == [
        ("penny", "obverse"),
        ("penny", "reverse"),
    ]


def test_the_order_is_natural_and_does_not_depend_on_the_file_system(tmp_path: Path) -> None:
    names = [f"{i}/coin {j}.jpg" for i in range(1, 13) for j in range(1, 13)]
    shuffled = names.copy()
    random.Random(3).shuffle(shuffled)
    fill(tmp_path, *shuffled)
    assert [r.photo.relative_to(tmp_path).as_posix() for r in read(tmp_path).rows] == names
    assert sorted(["b", "B", "a10", "a9", "a", "10", "9", ""], key=natural_key) == [
        *("", "9", "10", "a", "a9", "a10", "B", "b"),
    ]


def test_other_files_are_counted_and_left(tmp_path: Path) -> None:
    fill(
        tmp_path,
        *("a.jpg", "notes.txt", "Thumbs.db", ".hidden.jpg", "b/.DS_Store", ".git/c.jpg", "d"),
        *("e.jpg.part", "movie.mp4"),
    )
    listing = read(tmp_path)
    assert [row.item for row in listing.rows] == ["a"]
    assert listing.ignored == 8  # a hidden folder counts as one
    assert listing.problems == []
    assert read(fill(tmp_path / "none", "x.txt")) == Listing([], [], 1)


def test_loops_and_second_ways_change_nothing(tmp_path: Path) -> None:
    fill(tmp_path, "b/x/1.jpg", "b/2.jpg")
    (tmp_path / "b" / "x" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "self").symlink_to(".")
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    outside = fill(tmp_path.parent / f"{tmp_path.name}-outside", "3.jpg")
    (tmp_path / "c").symlink_to(outside)
    listing = read(tmp_path)
    assert brief(listing, tmp_path) == [
        ("loop.jpg", "loop", ""),  # adding it will say what is wrong
        ("b/2.jpg", "b", ""),
        ("b/x/1.jpg", "b/x", ""),
        ("c/3.jpg", "c", ""),
    ]
    assert listing.problems == []


def test_what_cannot_be_listed_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg", "full.jpg/4.jpg")
    scan = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    listing = read(tmp_path)
    assert [row.item for row in listing.rows] == ["a", "c"]
    assert listing.problems == [
        Problem(
            str(tmp_path / "full.jpg"),
            "PhotoUnreadable",
            "a folder named like a photo; rename it to have it read",
        ),
        Problem(
            str(tmp_path / "b"),
            "PhotoUnreadable",
            "the folder cannot be listed (Permission denied); allow reading it",
        ),
    ]


def test_names_of_any_bytes_become_ids_of_text(tmp_path: Path) -> None:
    fill(tmp_path, "mu\u0308nze_obverse.jpg", "m\u00fcnze_reverse.jpg")
    bad = os.fsdecode(b"caf\xe9.jpg")
    try:
        fill(tmp_path, bad)
    except OSError:
        pytest.skip("the file system takes no such names")
    rows = read(tmp_path).rows
    assert {row.item for row in rows} == {"m\u00fcnze", "caf\\xe9"}
    assert all(row.photo.exists() for row in rows)
    for row in rows:
        row.item.encode("utf-8")


# ------------------------------------------------------------------------------- single photos


def test_one_photo(tmp_path: Path) -> None:
    path = fill(tmp_path, "1893-O.jpg") / "1893-O.jpg"
    assert read(path) == Listing([Row(path, "1893-O")], [])
    given = read(str(path), item="dollar", side="AV", title="Dollar", attributes={"year": 1893})
    assert given.rows == [Row(path, "dollar", "obverse", "Dollar", {"year": 1893})]
    with pytest.raises(UsageError, match="unknown side 'top'"):
        read(path, side="top")
    with pytest.raises(PhotoMissing, match=r"nothing\.jpg: no such file or folder"):
        read(tmp_path / "nothing.jpg")


def test_what_is_given_holds_where_nothing_else_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "a_obverse.jpg", "b.jpg")
    rows = read(tmp_path, item="one", side="reverse", attributes={"k": 1}).rows
    assert [(r.item, r.side, r.attributes) for r in rows] == [
        ("one", "obverse", {"k": 1}),
        ("one", "reverse", {"k": 1}),
    ]
    table = tmp_path / "t.csv"
    table.write_text("photo,item,title,k\na.jpg,x,X,2\nb.jpg,,,\n")
    rows = read(table, item="y", title="T", attributes={"k": 1, "l": 3}).rows
    assert [(r.item, r.title, r.attributes) for r in rows] == [
        ("x", "X", {"k": 2, "l": 3}),
        ("y", "T", {"k": 1, "l": 3}),
    ]


# ------------------------------------------------------------------------------------- tables


def table(folder: Path, content: str | bytes, name: str = "coins.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


TABLE = (
    "photo,item,side,title,country,year_from,price,mint,note\n"
    "img/1.jpg,KM 1,o,1 Krone,Dänemark,1873,12.50,007,\n"
    '"img/1, back.jpg",KM 1,Revers,,Dänemark,1873,12.50,,"two\nlines, ""quoted"""\n'
)


def test_a_table(tmp_path: Path) -> None:
    assert read(table(tmp_path, TABLE)) == Listing(
        [
            Row(
                tmp_path / "img/1.jpg",
                "KM 1",
                "obverse",
                "1 Krone",
                {"country": "Dänemark", "year_from": 1873, "price": 12.5, "mint": "007"},
            ),
            Row(
                tmp_path / "img/1, back.jpg",
                "KM 1",
                "reverse",
                "",
                {
                    "country": "Dänemark",
                    "year_from": 1873,
                    "price": 12.5,
                    "note": 'two\nlines, "quoted"',
                },
            ),
        ],
        [],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_dialects_read_the_same(
    encoding: str, separator: str, newline: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.tsv"
    fields = list(csv.reader(TABLE.splitlines(keepends=True)))
    fields[2][-1] = "one; line, | of\tall"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator, lineterminator=newline).writerows(fields)
    listing = read(path)
    assert listing.problems == []
    assert [r.side for r in listing.rows] == ["obverse", "reverse"]
    assert listing.rows[1].photo == tmp_path / "img/1, back.jpg"
    assert listing.rows[1].attributes["note"] == "one; line, | of\tall"
    assert listing.rows[0].attributes["country"] == "Dänemark"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("12", 12), ("-3", -3), ("0", 0), ("1.5", 1.5), ("-0.25", -0.25), ("1.0", 1.0)),
        *((code, code) for code in ("007", "00.5", "1e5", "+5", "1_000", "1,5", "٣", "nan", "inf")),
        *((code, code) for code in ("1.", ".5", "- 1", "0x10", "12 cm", "TRUE", "9" * 30)),
        ("9" * 400 + ".5", "9" * 400 + ".5"),
        ("4006381333931", 4006381333931),
    ],
)
def test_values_are_typed_only_where_nothing_is_lost(
    text: str, value: object, tmp_path: Path
) -> None:
    (row,) = read(table(tmp_path, f'photo,x\na.jpg,"{text}"\n')).rows
    assert row.attributes == {"x": value}
    assert type(row.attributes["x"]) is type(value)


def test_items_that_are_not_named_come_from_the_photo(tmp_path: Path) -> None:
    rows = read(
        table(tmp_path, "Photo , Side\nx/k1_obverse.jpg,\nx/k1_rev.jpg,\nx/1893-O.jpg,\nhead.jpg,o")
    ).rows
    assert [(r.item, r.side) for r in rows] == [
        ("k1", "obverse"),
        ("k1", "reverse"),
        ("1893-O", ""),
        ("head", "obverse"),
    ]


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ("obverse o OBV Front head heads avers a ' obverse '", "obverse"),
        ("reverse r rev back tail tails revers", "reverse"),
        ("edge e rim", "edge"),
        ("other", "other"),
    ],
)
def test_sides_have_many_names(words: str, side: str, tmp_path: Path) -> None:
    lines = [f"{i}.jpg,{word.strip(chr(39))}" for i, word in enumerate(words.split())]
    listing = read(table(tmp_path, "\n".join(["photo,side", *lines])))
    assert {row.side for row in listing.rows} <= {side, ""}
    assert sum(row.side == side for row in listing.rows) >= len(lines) - 2


def test_a_bad_line_stops_nothing(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "photo,item,side\n"
        "1.jpg,x,obverse\n"
        "\n"
        "2.jpg,x,upside\n"
        ",x,obverse\n"
        "3.jpg,x,o,extra\n"
        "  , ,\n"
        '"4.jpg" oops,x,o\n'
        '"two\nlines.jpg",y,r,more\n'
        "5.jpg\n"
        "6.jpg,x,,,,\n"
        '"7.jpg,x,o\n8.jpg,x,o\n',
    )
    listing = read(path)
    assert [row.photo.name for row in listing.rows] == ["1.jpg", "5.jpg", "6.jpg"]
    assert [(p.source.removeprefix(f"{path}:"), p.error) for p in listing.problems] == [
        (line, "TableError") for line in ("4", "5", "6", "8", "9", "13")
    ]
    assert [p.what for p in listing.problems] == [
        "unknown side 'upside'; use obverse, reverse, edge or other",
        "no photo named; write its file into the column photo",
        "4 fields under 3 columns; put a field that holds the separator in quotes",
        "',' expected after '\"'; check the quotes from this line on",
        "4 fields under 3 columns; put a field that holds the separator in quotes",
        "unexpected end of data; check the quotes from this line on",
    ]


def test_rows_said_twice(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "photo,item,side,year\n1.jpg,x,o,1900\n1.jpg,x,obverse,1900\n1.jpg,y,o,1900\n1.jpg,x,r,1900\n",
    )
    listing = read(path)
    assert [(r.item, r.side) for r in listing.rows] == [("x", "obverse"), ("y", "obverse")]
    assert listing.ignored == 1
    assert listing.problems == [
        Problem(
            f"{path}:5",
            "TableError",
            "the photo of line 2 again, but described differently; keep one of them",
        )
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty table; name the columns"),
        (b"\xef\xbb\xbf\n\n  \n", "an empty table"),
        (b",,,\n", "no column 'photo' among: ; name the column"),
        (
            b"file,item\na.jpg,x\n",
            "no column 'photo' among: file, item; name column 'file' 'photo'",
        ),
        (b"Photos,item\na.jpg,x\n", "Photos, item; name column 'Photos' 'photo'"),
        (b"where,item\na.jpg,x\n", "where, item; name the column with the paths of the pictures"),
        (b"photo,price,price\n", "two columns named 'price'"),
        (b"photo,Item,item\n", "two columns named 'item'"),
        (b'photo,"item\n', "column names cannot be read"),
        ("photo,item\n1.jpg,x\n2.jpg,Dänemark".encode("latin-1"), ":3: not written in UTF-8"),
        ("photo,item\n1.jpg,龙洋".encode("gb18030"), ":2: not written in UTF-8; save it"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not written in UTF-8"),
    ],
)
def test_tables_that_make_no_sense(content: bytes, message: str, tmp_path: Path) -> None:
    path = table(tmp_path, content)
    with pytest.raises(TableError) as caught:
        read(path)
    assert message in str(caught.value)
    assert caught.value.where.startswith(str(path))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["a.jpg,x", "b.jpg,y"], ()),
        (["a.jpg,x", "b.jpg", "c.jpg,x"], ("line 3 names no item",)),
        ([f"{n}.jpg, " for n in range(7)], ("lines 2, 3, 4, 5, 6, ... name no item",)),
    ],
)
def test_lines_without_an_item_are_told(
    lines: list[str], told: tuple[str, ...], tmp_path: Path
) -> None:
    path = table(tmp_path, "\n".join(["photo,item", *lines]).encode())
    notes = read(path).notes
    assert len(notes) == len(told)
    assert all(part in note for part, note in zip(told, notes, strict=True))
    assert not read(path, item="x").notes
    assert not read(table(tmp_path, b"photo,title\na.jpg,b\n")).notes


def test_attributes_that_are_understood_are_written_small(tmp_path: Path) -> None:
    content = b"photo,item,Year,Mint Mark,calendar,Metal\na.jpg,x,1937,D,hijri,tin\n"
    notes = read(table(tmp_path, content)).notes
    assert [note.rpartition(" is it ")[2] for note in notes] == ["'year'?", "'mint_mark'?"]


def test_tables_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none\.csv: no such table"):
        read(tmp_path / "none.csv")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")  # must not wait for a writer
        with pytest.raises(TableError, match="no such table"):
            read(tmp_path / "pipe.csv")
    assert read(table(tmp_path, "photo,item\n")) == Listing([], [])


def test_windows_paths(tmp_path: Path) -> None:
    fill(tmp_path, "real\\name.jpg")
    rows = read(table(tmp_path, "photo\nimg\\sub\\1.jpg\nreal\\name.jpg\n")).rows
    assert rows[0].photo == tmp_path / "img" / "sub" / "1.jpg"
    assert rows[0].item == "1"
    assert rows[1].photo.exists()
    absolute = (tmp_path / "x.jpg").as_posix()
    assert read(table(tmp_path, f"photo\n{absolute}\n")).rows[0].photo == Path(absolute)


@pytest.mark.parametrize(
    ("columns", "slips"),
    [
        ("photo,sides", ["side"]),
        ("photo,Titel,colour", ["title"]),
        ("photo,items,Titles", ["item", "title"]),
        ("photo,itme,sied,TILTE", ["item", "side", "title"]),
        ("photo,side,sides", []),  # both are there, so both are meant
        ("photo,time,dies,size,year,country,subtitle,site", []),
        ("photo,item,side,title,yaer,mintmark", ["year", "mint_mark"]),
        ("photo,item,side,title,year,year2,year_lot,years,mint_mark,mint_mark_note", []),
    ],
)
def test_columns_that_look_misspelt(tmp_path: Path, columns: str, slips: list[str]) -> None:
    listing = read(table(tmp_path, f"{columns}\n"))
    assert [note.rsplit("'", 2)[1] for note in listing.notes] == slips


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("1.jpg 2.jpg", True),
        ("a.jpg b.jpg c.jpg", True),
        ("IMG_3405.jpg IMG_3406.jpg IMG_3410.jpg", True),
        ("rome (1).jpg|rome (2).jpg", True),
        ("front.jpg front2.jpg back.jpg detail.jpg", True),
        ("front.jpg back.jpg", False),  # one item, by the names
        ("rome_obverse.jpg rome_reverse.jpg", False),
        ("1.jpg", False),
        ("1921.jpg 1922.jpg", False),
        ("krona.jpg ore.jpg", False),
        ("krona_obverse.jpg ore_obverse.jpg", False),
        ("1.jpg 2.jpg sub/3.jpg", False),
        (" ".join(f"{n}.jpg" for n in range(1, 10)), False),
    ],
)
def test_a_folder_of_views_taken_as_items_is_told(tmp_path: Path, names: str, told: bool) -> None:
    folder = tmp_path / "rome 01"
    fill(folder, *names.split("|" if "|" in names else " "))
    notes = read(folder).notes
    assert len(notes) == told
    assert all(note.endswith("--item 'rome 01'") for note in notes)
    assert not read(folder, item="x").notes
    table(folder, "photo\n", name="catalogue.csv")
    assert not read(folder).notes


def test_a_hundred_thousand_rows_in_seconds(tmp_path: Path) -> None:
    lines = ["photo,item,side,title,country,year_from,price"]
    lines += [
        f"img/{i}.jpg,item {i // 2},o,Title {i},Chile,{1800 + i % 200},{i}.5"
        for i in range(100_000)
    ]
    path = table(tmp_path, "\n".join(lines))
    start = time.process_time()
    listing = read(path)
    seconds = time.process_time() - start
    assert len(listing.rows) == 100_000
    assert listing.rows[-1].attributes == {"country": "Chile", "year_from": 1999, "price": 99999.5}
    assert seconds < 5  # 1.2 s measured; a machine under load may be slower


@pytest.mark.data
def test_real_folders(data: Path) -> None:
    for folder in (data / "cutouts").iterdir():
        rows = read(folder).rows
        sides = {s: {r.item for r in rows if r.side == s} for s in ("obverse", "reverse")}
        assert len(sides["obverse"]) + len(sides["reverse"]) == len(rows)
        assert len(sides["obverse"] & sides["reverse"]) >= 0.9 * len(sides["obverse"])
    types = read(data / "us_types" / "dev")
    assert {row.side for row in types.rows} == {"obverse", "reverse"}
    assert {row.item for row in types.rows} == {p.name for p in (data / "us_types/dev").iterdir()}
    packages = read(data / "packages")
    assert len({row.item for row in packages.rows}) == 16
    assert packages.problems == []
