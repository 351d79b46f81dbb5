"""``obverse.Client``: a catalogue's verbs, over HTTP."""

from __future__ import annotations

import inspect
import io
import json
import re
import shutil
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import obverse
from obverse.catalogue.catalogue import Catalogue
from obverse.catalogue.importers import Row
from obverse.client import answers, wire
from obverse.errors import (
    AlreadyInCatalogue,
    Busy,
    KeyNeeded,
    NotAPhoto,
    NotInCatalogue,
    ServerError,
)
from obverse.photo import load
from obverse.types import Answer, Candidate, Evidence, Match, Tray
from tests.server.conftest import Coins, Serve, Served

pytestmark = pytest.mark.xdist_group("server")


@pytest.fixture(scope="module")
def client(server: Served) -> obverse.Client:
    return obverse.Client(server.url)


def test_it_answers_as_the_catalogue_does(client: obverse.Client, coins: Coins) -> None:
    item, photo = coins.photo()
    with Catalogue(coins.catalogue, create=False) as catalogue:
        ours = catalogue.identify(photo)
        views = catalogue.views(item)
        items = catalogue.items()
    told = client.identify(photo)
    assert ours.best is not None
    assert told.best is not None
    assert (told.known, told.best.item) == (ours.known, ours.best.item)
    assert told.best.probability == pytest.approx(ours.best.probability, abs=1e-4)
    assert told.evidence is not None
    assert told.evidence.turn == pytest.approx(ours.best.evidence.turn, abs=0.01)
    expected, here = told.evidence.expected, ours.best.evidence.expected
    assert expected is not None
    assert here is not None
    assert expected.score == pytest.approx(here.score, abs=1e-4)
    assert expected.weakest == pytest.approx(here.weakest, abs=1e-4)
    assert told.region == ours.to_dict()["region"]
    assert client.items() == items
    assert client.item(item) == items[[i.id for i in items].index(item)]
    by_id = {view.id: view for view in client.views(item)}
    assert set(by_id) == {view.id for view in views}
    for view in views:
        assert by_id[view.id].sha256 == view.sha256
        assert by_id[view.id].upright == pytest.approx(view.upright)
    assert client.picture(told.pictures["heat"])[:4] == b"\x89PNG"


def test_whatever_a_photo_is(client: obverse.Client, coins: Coins) -> None:
    item, data = coins.photo(1)
    path = coins.photos[item]
    for photo in (data, path, str(path), load(data), load(data).pixels):
        answer = client.identify(photo, top=1, max_wrong=0.2)
        assert answer.best is not None
        assert answer.best.item.id == item
        assert len(answer.candidates) == 1
    assert client.match(path) == item
    assert client.match(path, threshold=1.0) in (None, item)
    tray = client.identify_all(path, year=False, max_wrong=0.2)
    assert tray.answers[0].best is not None
    assert tray.failed == ()
    assert client.identify_sides(*coins.pictures[item], max_wrong=0.2).best.item.id == item  # type: ignore[union-attr]
    assert client.find(path)[0]["ellipse"]["a"] > 10
    assert client.cutout(path)[:4] == b"\x89PNG"
    assert np.linalg.norm(client.embed(path)) == pytest.approx(1, abs=1e-3)


LOCAL = {"keep", "load", "pipeline", "store"}
"""Of the catalogue alone: decoding, and its inside."""
AFAR = {"Answer": "RemoteAnswer", "Tray": "RemoteTray"}


def verbs(kind: type) -> dict[str, inspect.Signature]:
    """The public methods of a class."""
    found = inspect.getmembers(kind, inspect.isfunction)
    return {name: inspect.signature(made) for name, made in found if name[0] != "_"}


def test_the_client_has_the_verbs_of_a_catalogue() -> None:
    ours, theirs = verbs(Catalogue), verbs(obverse.Client)
    assert set(ours) - LOCAL <= set(theirs)
    for name in set(ours) - LOCAL:
        given = theirs[name].parameters
        for key, parameter in ours[name].parameters.items():
            assert given[key].kind == parameter.kind, (name, key)
            assert given[key].default == parameter.default, (name, key)
        more = [given[key] for key in given if key not in ours[name].parameters]
        assert all(p.default != p.empty or p.kind == p.VAR_KEYWORD for p in more), name
        told = ours[name].return_annotation
        assert theirs[name].return_annotation == AFAR.get(told, told), name


@pytest.mark.parametrize(
    ("near", "far", "pixels"),
    [
        (Answer, answers.RemoteAnswer, {"photo", "patch", "separation"}),
        (Tray, answers.RemoteTray, {"photo"}),
        (Candidate, answers.RemoteCandidate, set()),
        (Match, answers.RemoteMatch, set()),
        (Evidence, answers.RemoteEvidence, {"agreement", "matches", "weakest"}),
    ],
)
def test_what_comes_back_has_the_same_names_inside(near: type, far: type, pixels: set[str]) -> None:
    def names(kind: type) -> set[str]:
        return {name for name in dir(kind) if name[0] != "_"} | {f.name for f in fields(kind)}

    assert names(near) - names(far) - {"to_dict"} == pixels
    assert names(far) - names(near) - {"to_dict"} <= {"data", "pictures", "region"}


def test_two_sides_and_trays_are_those_of_the_catalogue(
    client: obverse.Client, coins: Coins
) -> None:
    item, photo = coins.photo()
    with Catalogue(coins.catalogue, create=False) as catalogue:
        ours = catalogue.identify_sides(*coins.pictures[item], top=2)
        tray = catalogue.identify_all(photo, top=2)
    told = client.identify_sides(*coins.pictures[item], top=2)
    assert ours.pairing is not None
    assert told.pairing is not None
    assert told.pairing.to_dict() == ours.pairing.to_dict()
    assert [side.known for side in told.sides] == [side.known for side in ours.sides]
    pairs = zip(told.candidates, ours.candidates, strict=True)
    for one, other in pairs:
        shown = [m and m.view.id for m in one.sides]
        assert shown == [m and m.view.id for m in other.sides]
    assert told.explanation() == ours.explanation()
    many = client.identify_all(photo, top=2)
    assert [a.known for a in many.answers] == [a.known for a in tray.answers]
    assert [a.to_dict()["region"] for a in many.answers] == [
        a.to_dict()["region"] for a in tray.answers
    ]
    assert set(many.times_ms) == set(tray.times_ms)
    with pytest.raises(obverse.PhotoError):
        client.identify_sides(b"no picture")


def test_duplicates_levels_and_exports(
    client: obverse.Client, coins: Coins, tmp_path: Path
) -> None:
    item, _ = coins.photo(3)
    report = client.add([Row(coins.photos[item], "twin", "obverse", "Twin", {"year": 1900})])
    assert report.added == 1
    seen: list[tuple[int, int]] = []
    (group,) = client.duplicates(progress=lambda done, total, text: seen.append((done, total)))
    assert {view.item for view in group.views} == {item, "twin"}
    (view,) = client.views("twin")
    assert client.level(view=view.id, turn=90).turned == 1
    assert client.views("twin")[0].upright == 90
    assert client.level("twin", side="obverse", turn=0).turned == 1
    for wrong in ({"turn": 5}, {"item": item, "side": "nonsense", "turn": 5}):
        with pytest.raises(obverse.UsageError):
            client.level(**wrong)  # type: ignore[arg-type]
    everything = client.views()
    table = client.export(tmp_path / "out")
    assert client.remove(["twin"]) == 1
    with pytest.raises(NotInCatalogue):
        client.remove([item, "twin"])
    assert client.remove([]) == 0
    assert client.undo(client.withdraw([])) == []
    assert client.views("twin") == []
    with Catalogue(tmp_path / "back.obv") as catalogue:
        assert not catalogue.add(table).failed
        back = {(v.item, v.side) for v in catalogue.views()}
        assert back == {(v.item, v.side) for v in everything}
        assert catalogue.item("twin") == obverse.Item("twin", "Twin", {"year": 1900})


def test_add_change_and_take_back(client: obverse.Client, coins: Coins, tmp_path: Path) -> None:
    folder = tmp_path / "photos" / "new coin"
    folder.mkdir(parents=True)
    for path in coins.pictures[coins.left_out]:
        shutil.copy(path, folder / path.name)
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "empty.jpg").write_bytes(b"")
    seen: list[tuple[int, int]] = []
    with client as same:
        assert same is client
    report = client.add(
        tmp_path / "photos",
        attributes={"country": "Newland"},
        progress=lambda done, total, text: seen.append((done, total)),
    )
    assert (report.added, report.skipped, report.items) == (2, 0, 5)
    assert {Path(f.source).name: f.error for f in report.failed} == {
        "broken.jpg": "NotAPhoto",
        "empty.jpg": "PhotoEmpty",
    }
    assert seen[-1] == (4, 4)
    assert client.add(tmp_path / "photos").skipped == 2
    answer = client.identify(coins.photos[coins.left_out])
    assert answer.best is not None
    assert answer.best.item == obverse.Item("new coin", "", {"country": "Newland"})
    assert {view.side for view in client.views("new coin")} == {"obverse", "reverse"}
    assert client.items("newland") == client.items(country="Newland") == [answer.best.item]
    client.edit("new coin", title="T", attributes={"country": None})
    assert client.rename("new coin", "new/coin") == obverse.Item("new/coin", "T", {})
    other, _ = coins.photo()
    with pytest.raises(AlreadyInCatalogue):
        client.rename("new/coin", other)
    view = client.views("new/coin")[0]
    assert client.edit_view(view.id, side="edge").side == "edge"
    assert {v.id: v.side for v in client.views("new/coin")}[view.id] == "edge"
    assert client.edit_view(view.id, side=view.side).to_dict() == view.to_dict()
    with pytest.raises(obverse.UsageError):
        client.edit_view(view.id, side="top")
    with pytest.raises(NotInCatalogue):
        client.edit_view("nope", side="edge")
    token = client.merge(other, "new/coin")
    assert sorted(client.undo(token)) == sorted([other, "new/coin"])
    token = client.withdraw("new/coin")
    assert client.undo(token) == ["new/coin"]
    view = client.views("new/coin")[0]
    client.withdraw(view.id)
    assert len(client.views("new/coin")) == 1
    client.withdraw("new/coin")
    with pytest.raises(NotInCatalogue):
        client.item("new/coin")


def test_what_makes_no_sense_is_refused_as_the_catalogue_does(
    client: obverse.Client, coins: Coins
) -> None:
    _, photo = coins.photo()
    wrong: list[dict[str, Any]] = [
        {"item": "x" * 300},
        {"item": "x", "title": "x" * 300},
        {"item": "x", "side": "q"},
        {"item": "a\nb"},
        {"item": "x", "attributes": [1]},
    ]
    for source in (coins.photos[coins.left_out], photo):
        for said in wrong:
            with pytest.raises(obverse.UsageError):
                client.add(source, **said)
    with pytest.raises(obverse.UsageError):
        client.edit("x", title=5)  # type: ignore[arg-type]
    for name in ("limit", "offset", "q"):
        with pytest.raises(obverse.UsageError, match=f"^{name}: is no attribute"):
            client.items(**{name: "1"})


def test_an_error_names_the_file(client: obverse.Client, coins: Coins, tmp_path: Path) -> None:
    wrong = tmp_path / "text.jpg"
    wrong.write_text("no picture")
    for call in (client.identify, client.match, client.find, client.cutout, client.embed):
        with pytest.raises(NotAPhoto) as caught:
            call(wrong)
        assert str(caught.value).startswith(f"{wrong}: not a picture")
    _, good = coins.photo()
    with pytest.raises(NotAPhoto, match=re.escape(f"{wrong}: not a picture")):
        client.identify_sides(wrong)
    with pytest.raises(NotAPhoto, match=r"^photo 2 of 2: not a picture"):
        client.identify_sides(good, b"no picture")
    fine = next(iter(coins.pictures.values()))[0]
    with pytest.raises(NotAPhoto, match=f"^{re.escape(str(wrong))}: not a picture"):
        client.identify_sides(fine, wrong)
    (failed,) = client.add(wrong, item="wrong").failed
    assert failed.what.startswith(f"{wrong}: not a picture")


def test_each_of_several_bad_photos_has_its_own_error(
    client: obverse.Client, coins: Coins, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.jpg").write_text("no picture")
    (folder / "b.jpg").write_bytes(coins.photo()[1][:500])
    with Catalogue(coins.catalogue, create=False) as catalogue:
        ours = catalogue.add(folder, item="bad").failed
    assert {failed.error for failed in ours} == {"NotAPhoto", "PhotoDamaged"}
    assert client.add(folder, item="bad").failed == ours
    good = coins.pictures[coins.left_out][0]
    shutil.copy(good, folder / "c.png")
    assert client.add(folder, item="mixed").failed == ours
    client.remove("mixed")


def test_what_is_added_is_what_the_catalogue_takes(client: obverse.Client, coins: Coins) -> None:
    data = coins.pictures[coins.left_out][0].read_bytes()
    pixels = load(data).pixels
    for photo, added in ((pixels, 1), (bytearray(data), 1), (load(data), 0), ([data, pixels], 0)):
        assert client.add(photo, item="x").added == added  # type: ignore[arg-type]
    (failed,) = client.add([Row(pixels[:5], "x")]).failed  # type: ignore[arg-type]
    assert (failed.source, failed.error) == ("<array>", "PhotoTooSmall")
    for wrong in (None, 5, io.BytesIO(data), [None]):
        for call in (lambda photo: client.add(photo, item="x"), client.identify):
            with pytest.raises(obverse.UsageError, match="is no photo"):
                call(wrong)  # type: ignore[arg-type, operator]
    for bad in (np.int64(3), {1, 2}, b"x", float("nan")):
        for change in (
            lambda: client.edit("x", attributes={"n": bad}),  # noqa: B023 called at once
            lambda: client.add(data, item="x", attributes={"n": bad}),  # noqa: B023
        ):
            with pytest.raises(obverse.UsageError, match="attribute 'n' cannot be stored"):
                change()
    client.remove("x")


def test_items_are_in_the_order_of_the_catalogue(serve: Serve, tmp_path: Path) -> None:
    ids = ["10", "9", "B", "a", "x" * 300]
    with Catalogue(tmp_path / "own.obv") as catalogue:
        catalogue.add([])
        catalogue.store.put([], [obverse.Item(id, "", {}) for id in ids])
        server = serve(tmp_path / "own.obv")
        client = obverse.Client(server.url)
        assert client.items() == catalogue.items()
        assert [item.id for item in client.items(sort="id")][:4] == ["9", "10", "a", "B"]
        assert client.rename("x" * 300, "x").id == "x"
    server.end()


def test_errors_are_those_of_the_catalogue(client: obverse.Client, server: Served) -> None:
    with pytest.raises(NotAPhoto):
        client.identify(b"no picture")
    with pytest.raises(NotInCatalogue):
        client.withdraw("nope")
    with pytest.raises(obverse.UsageError):
        client.identify(b"x", top=0)
    for id in ("  ", 5):
        with pytest.raises(obverse.UsageError, match="needs an id"):
            client.add(b"x", item=id)  # type: ignore[arg-type]
        with pytest.raises(obverse.UsageError, match="needs an id"):
            client.rename("x", id)  # type: ignore[arg-type]
    with pytest.raises(KeyNeeded):
        obverse.Client(server.url, key="a wrong one").info()
    with pytest.raises(ServerError, match="cannot be reached"):
        obverse.Client("http://127.0.0.1:1").info()
    for key in ("ключ", "a\nb"):
        with pytest.raises(obverse.UsageError):
            obverse.Client(server.url, key)
    for url in ("", "ftp://x", "http://", "http://h:99999", "http://h:x"):
        with pytest.raises(obverse.UsageError):
            obverse.Client(url)
    with pytest.raises(ServerError, match="Not Found"):
        obverse.Client(f"{server.url}/below").info()


MOST = 400_000
PROBLEM = {"code": "BodyTooLarge", "detail": "too much", "status": 413}


@contextmanager
def small_server(busy: int) -> Iterator[tuple[str, list[int]]]:
    """One that takes little, refuses without reading, and is busy at first; the sizes it took."""
    taken: list[int] = []
    refusals = iter(range(busy))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._tell(200, {"max_bytes": MOST, "items": 1})

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            if size > MOST:
                self._tell(413, PROBLEM)
                return
            self.rfile.read(size)
            if next(refusals, None) is not None:
                self._tell(503, {"code": "Busy", "detail": "later", "status": 503})
                return
            taken.append(size)
            self._tell(201, {"views": [{}], "skipped": 0, "failed": [], "notes": ["a slip"]})

        def _tell(self, status: int, told: dict[str, object]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", taken
        finally:
            server.shutdown()
            thread.join()


def test_photos_are_sent_in_pieces_that_the_server_takes(tmp_path: Path) -> None:
    sizes = {"1": 60_000, "2": 60_000, "3": 60_000, "4": MOST + 1000, "5": 60_000}
    for name, size in sizes.items():
        (tmp_path / f"{name}.jpg").write_bytes(bytes(size))
    (tmp_path / "list.csv").write_text(
        "photo,item\n" + "".join(f"{name}.jpg,one\n" for name in sizes)
    )
    with small_server(busy=wire.TRIES - 1) as (url, taken):
        report = obverse.Client(url).add(tmp_path / "list.csv")
    assert report.notes == ["a slip"] * len(taken)
    assert [round(size, -4) for size in taken] == [120_000, 60_000, 60_000]
    assert [(Path(f.source).name, f.error) for f in report.failed] == [("4.jpg", "BodyTooLarge")]
    with small_server(busy=wire.TRIES) as (url, _), pytest.raises(Busy):
        obverse.Client(url).add(tmp_path / "1.jpg", item="one")
