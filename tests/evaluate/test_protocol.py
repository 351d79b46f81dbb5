from __future__ import annotations

from pathlib import Path

import pytest

from obverse.errors import TableError
from obverse.evaluate.protocol import read

GOOD = "a.jpg,catalogue,A\nb.jpg,query,A\n"


def write(folder: Path, text: str, name: str = "p.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_roles_paths_and_optional_columns(tmp_path: Path) -> None:
    text = (
        "\ufeffphoto,role,item,year,side,ignored\n"
        '"x/a,1.jpg",Catalogue,A,1968,Obverse,?\n'
        "\n"
        "b.jpg,query,A,,,\n"
        "c.jpg,unknown,,,,\n"
    )
    protocol = read(write(tmp_path, text))
    assert protocol.name == "p"
    assert [(r.photo, r.role, r.item, r.year, r.side, r.line) for r in protocol.rows] == [
        ("x/a,1.jpg", "catalogue", "A", "1968", "obverse", 2),
        ("b.jpg", "query", "A", "", "", 4),
        ("c.jpg", "unknown", "", "", "", 5),
    ]
    assert protocol.rows[0].path == tmp_path / "x" / "a,1.jpg"
    assert [r.photo for r in protocol.queries] == ["b.jpg", "c.jpg"]
    assert [r.photo for r in protocol.catalogue] == ["x/a,1.jpg"]
    assert protocol.note() == (
        "1 catalogue view of 1 item; 1 query about 1 of them; 1 photo of items the catalogue lacks"
    )


def test_root_is_the_folder_of_the_file_unless_given(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    path = write(tmp_path, "photo,role,item\n" + GOOD)
    assert read(path).rows[0].path == tmp_path / "a.jpg"
    assert read(path, root=tmp_path / "pictures").rows[0].path == tmp_path / "pictures" / "a.jpg"


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("", ":1", "photo, role, item"),
        ("photo,role\na,query\n", ":1", "item"),
        ("photo,role,item,item\n", ":1", "twice"),
        ("photo,role,item\na.jpg,test,A\n", ":2", "catalogue, query, unknown"),
        ("photo,role,item\n,catalogue,A\n", ":2", "photo is missing"),
        ("photo,role,item\na.jpg,catalogue,\n", ":2", "item is missing"),
        ("photo,role,item\na.jpg,catalogue,A\nb.jpg,query\n", ":3", "2 fields"),
        ("photo,role,item\na,b.jpg,catalogue,A\n", ":2", "quote"),
        ("photo,role,item,side\na.jpg,catalogue,A,top\n", ":2", "obverse"),
        ("photo,role,item\n../a.jpg,catalogue,A\n", ":2", "--root"),
        ("photo,role,item\nx/../../a.jpg,catalogue,A\n", ":2", "--root"),
        ("photo,role,item\n/etc/passwd,catalogue,A\n", ":2", "--root"),
        ("photo,role,item\na.jpg,catalogue,A\nb.jpg,query,B\n", ":3", "role unknown"),
        ("photo,role,item\na.jpg,catalogue,A\nb.jpg,unknown,A\n", ":3", "role query"),
        ("photo,role,item\nb.jpg,unknown,A\n", "p.csv", "role catalogue"),
        ("photo,role,item\nb.jpg,catalogue,A\n", "p.csv", "role query or unknown"),
        ('photo,role,item\n"a.jpg"x,catalogue,A\n', "p.csv", "no CSV"),
    ],
)
def test_says_the_line_and_the_remedy(tmp_path: Path, text: str, place: str, word: str) -> None:
    with pytest.raises(TableError) as caught:
        read(write(tmp_path, text))
    assert caught.value.where.endswith(place)
    assert word in str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_refuses_a_null_byte_in_a_name(tmp_path: Path) -> None:
    with pytest.raises(TableError):
        read(write(tmp_path, "photo,role,item\na\0.jpg,catalogue,A\n"))


def test_an_absolute_path_inside_the_root_is_fine(tmp_path: Path) -> None:
    text = f"photo,role,item\n{tmp_path}/a.jpg,catalogue,A\nb.jpg,query,A\n"
    assert read(write(tmp_path, text)).rows[0].path == tmp_path / "a.jpg"


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file"):
        read(tmp_path / "none.csv")
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(TableError, match="--root"):
        read(write(tmp_path, "photo,role,item\n" + GOOD), root=tmp_path / "nowhere")
    latin = tmp_path / "latin.csv"
    latin.write_bytes(b"photo,role,item\n\xe9.jpg,catalogue,A\n")
    with pytest.raises(TableError, match="UTF-8"):
        read(latin)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "counts"),
    [("dev_clean", (3433, 340, 108)), ("dev_wild", (3433, 340, 108)), ("dev_worn", (2788, 636, 0))],
)
def test_reads_the_real_protocols(data: Path, name: str, counts: tuple[int, int, int]) -> None:
    rows = read(data / "protocols" / f"{name}.csv", root=data).rows
    roles = [row.role for row in rows]
    assert tuple(roles.count(role) for role in ("catalogue", "query", "unknown")) == counts
    assert all(row.path.is_file() for row in rows)
