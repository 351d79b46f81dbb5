"""Who may ask and how often; keys; what a head must look like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers

from obverse.errors import (
    CatalogueDamaged,
    CatalogueMissing,
    NotInCatalogue,
    ObverseError,
    UsageError,
)
from obverse.server import guard as guards
from obverse.server import keys
from obverse.server.guard import Guard, Rates
from obverse.server.keys import Sessions
from obverse.server.settings import Settings

KEY = "a key of some length"
HASHES = (keys.hash_key("another"), keys.hash_key(KEY))


def scope(
    method: str = "GET", path: str = "/v1/items", client: str = "127.0.0.1", **headers: str
) -> dict[str, Any]:
    told = {"host": "127.0.0.1:8765", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "client": (client, 1),
        "headers": [(k.encode(), v.encode()) for k, v in told.items()],
    }


def verdict(
    asked: dict[str, Any],
    hashes: tuple[str, ...] = (),
    sessions: Sessions | None = None,
    **told: Any,
) -> str:
    """``fine``, or the class of the error."""
    settings = Settings("x.obv", **told)
    guesses = Rates(*guards.GUESSES)
    guard = Guard(None, settings, lambda: hashes, sessions or Sessions(), guesses)  # type: ignore[arg-type]
    asked["obverse.client"] = guards.client_of(asked, settings)
    try:
        guard._check(asked)
    except ObverseError as error:
        return type(error).__name__
    return "fine"


BEARER = {"authorization": f"Bearer {KEY}"}
AFAR = "192.168.1.7"


@pytest.mark.parametrize(
    ("asked", "hashes", "told", "expected"),
    [
        # Reading is open, and so is asking.
        (scope(client=AFAR), (), {}, "fine"),
        (scope("POST", "/v1/identify", AFAR), HASHES, {}, "fine"),
        # Writing: near and without a key on the server; else with one of its keys.
        (scope("DELETE"), (), {}, "fine"),
        (scope("DELETE", client="::1"), (), {}, "fine"),
        (scope("DELETE", client="::ffff:127.0.0.1"), (), {}, "fine"),
        (scope("DELETE", client=AFAR), (), {}, "Forbidden"),
        (scope("DELETE", client=AFAR), (), {"open_writes": True}, "fine"),
        (scope("DELETE"), HASHES, {}, "KeyNeeded"),
        (scope("DELETE", client=AFAR, **BEARER), HASHES, {}, "fine"),
        (scope("DELETE", client=AFAR, x_api_key=KEY), HASHES, {}, "fine"),
        (scope("DELETE", client=AFAR, authorization="Bearer wrong"), HASHES, {}, "KeyNeeded"),
        (scope("DELETE", authorization=f"Basic {KEY}"), HASHES, {}, "KeyNeeded"),
        # A proxy on this machine does not make the world near.
        (scope("DELETE", x_forwarded_for=AFAR), (), {}, "Forbidden"),
        (scope("DELETE"), (), {"behind_proxy": True}, "Forbidden"),
        # A route that nobody opened is a write.
        (scope("POST", "/v1/new", AFAR), (), {}, "Forbidden"),
        (scope("POST", "/v1/corrections", AFAR), (), {}, "Forbidden"),
        # Where reading needs a key, all of it does, but for the app's shell and health.
        (scope(client=AFAR), HASHES, {"read_key": True}, "KeyNeeded"),
        (scope("POST", "/v1/identify"), HASHES, {"read_key": True}, "KeyNeeded"),
        (scope(path="/metrics"), HASHES, {"read_key": True}, "KeyNeeded"),
        (scope(path="/report/index.html"), HASHES, {"read_key": True}, "KeyNeeded"),
        (scope(path="/v1/session"), HASHES, {"read_key": True}, "fine"),
        (scope(path="/healthz"), HASHES, {"read_key": True}, "fine"),
        (scope(path="/static/app.js"), HASHES, {"read_key": True}, "fine"),
        (scope(**BEARER), HASHES, {"read_key": True}, "fine"),
        # Other sites: their pages may not write, nor point a name of theirs here.
        (scope("DELETE", origin="http://127.0.0.1:8765"), (), {}, "fine"),
        (scope("DELETE", origin="http://evil.example"), (), {}, "Forbidden"),
        (scope("POST", "/v1/identify", origin="null"), (), {}, "Forbidden"),
        (scope("DELETE", sec_fetch_site="cross-site"), (), {}, "Forbidden"),
        (scope(host="evil.example:8765"), (), {}, "Forbidden"),
        (scope(host="evil.example:8765", client=AFAR), (), {"open_writes": True}, "Forbidden"),
        (scope(host="coins.example"), (), {"hosts": ("coins.example",)}, "fine"),
        (scope(host="coins.example"), (), {"behind_proxy": True}, "fine"),
        (scope(host="[::1]:8765"), (), {}, "fine"),
        (scope(host="[::1"), (), {}, "Forbidden"),
        (scope(host="tower.local"), (), {}, "fine"),
        (scope(host="tower:8765"), (), {}, "fine"),
    ],
)
def test_who_may(
    asked: dict[str, Any], hashes: tuple[str, ...], told: dict[str, Any], expected: str
) -> None:
    assert verdict(asked, hashes, **told) == expected


def test_a_cookie_opens_reading_only() -> None:
    sessions = Sessions()
    cookie = {"cookie": f"{guards.COOKIE}={sessions.start(KEY)}"}
    assert verdict(scope(**cookie), HASHES, sessions, read_key=True) == "fine"
    assert verdict(scope("DELETE", **cookie), HASHES, sessions, read_key=True) == "KeyNeeded"
    ask = scope("POST", "/v1/identify", **cookie)
    assert verdict(ask, HASHES, sessions, read_key=True) == "KeyNeeded"
    wrong = {"cookie": f"{guards.COOKIE}=guess; a=b"}
    assert verdict(scope(**wrong), HASHES, sessions, read_key=True) == "KeyNeeded"


def test_sessions_end_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions()
    token = sessions.start(KEY)
    assert sessions.is_open(token, HASHES)
    assert not sessions.is_open(token, HASHES[:1])
    now = keys.time.monotonic()
    monkeypatch.setattr(keys.time, "monotonic", lambda: now + keys.SESSION_SECONDS + 1)
    assert not sessions.is_open(token, HASHES)
    monkeypatch.setattr(keys, "SESSIONS", 3)
    tokens = [sessions.start(KEY) for _ in range(5)]
    assert [sessions.is_open(t, HASHES) for t in tokens] == [False, False, True, True, True]


def test_a_bucket_lets_through_its_burst_and_then_its_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(guards.time, "monotonic", lambda: now)
    rates = Rates(2.0, 5)
    assert [rates.take("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert rates.take("b")
    now += 1.0
    assert [rates.take("a") for _ in range(3)] == [True, True, False]
    now += 1000.0
    assert [rates.take("a") for _ in range(6)] == [True] * 5 + [False]
    assert all(Rates(0, 1).take("a") for _ in range(100))


def test_the_table_of_clients_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "ADDRESSES", 10)
    rates = Rates(1.0, 2)
    for number in range(1000):
        rates.take(str(number))
    assert len(rates._left) <= 10


@pytest.mark.parametrize(
    ("client", "forwarded", "behind", "expected"),
    [
        ("10.0.0.1", [], False, "10.0.0.1"),
        ("10.0.0.1", ["1.2.3.4"], False, "10.0.0.1"),
        ("10.0.0.1", ["6.6.6.6, 1.2.3.4"], True, "1.2.3.4"),
        ("10.0.0.1", ["6.6.6.6", "1.2.3.4"], True, "1.2.3.4"),
        ("10.0.0.1", [], True, "10.0.0.1"),
        ("2001:db8::1", [], False, "2001:db8::/64"),
        ("2001:db8::2:3", [], False, "2001:db8::/64"),
        ("::ffff:1.2.3.4", [], False, "1.2.3.4"),
        ("10.0.0.1", ["x" * 1000], True, "x" * 64),
    ],
)
def test_a_clients_address(client: str, forwarded: list[str], behind: bool, expected: str) -> None:
    asked = scope(client=client)
    asked["headers"] += [(b"x-forwarded-for", value.encode()) for value in forwarded]
    assert guards.client_of(asked, Settings("x.obv", behind_proxy=behind)) == expected


def test_key_of_a_request() -> None:
    assert guards.key_of(Headers({"authorization": "bearer  abc "})) == "abc"
    assert guards.key_of(Headers({"authorization": "Digest abc"})) == ""
    assert guards.key_of(Headers({"authorization": ""})) == ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manifest.json").write_text("{}")
    return tmp_path


def test_keys_are_made_kept_as_hashes_and_revoked(folder: Path) -> None:
    key = keys.make(folder, "phone")
    assert len(key) > 40
    kept = (folder / "keys.json").read_text()
    assert key not in kept
    assert json.loads(kept)["phone"]["sha256"] == keys.hash_key(key)
    other = keys.make(folder, "tablet")
    hashes = tuple(k["sha256"] for k in keys.read(folder).values())
    assert keys.is_right(key, hashes)
    assert keys.is_right(other, hashes)
    assert not keys.is_right(key + "x", hashes)
    assert not keys.is_right("", hashes)
    keys.revoke(folder, "phone")
    assert [row["name"] for row in keys.listed(folder)] == ["tablet"]
    with pytest.raises(NotInCatalogue):
        keys.revoke(folder, "phone")
    for name in ("tablet", "", "a/b", "x" * 65):
        with pytest.raises(UsageError):
            keys.make(folder, name)
    with pytest.raises(CatalogueMissing):
        keys.make(folder / "none", "phone")


def test_a_running_server_sees_keys_come_and_go(folder: Path) -> None:
    ring = keys.Ring(folder, HASHES[:1])
    assert ring() == HASHES[:1]
    phone, tablet = keys.make(folder, "phone"), keys.make(folder, "tablet")
    assert keys.is_right(phone, ring())
    assert keys.is_right(tablet, ring())
    sessions = Sessions()
    cookie = sessions.start(phone)
    assert sessions.is_open(cookie, ring())
    keys.revoke(folder, "phone")
    assert not keys.is_right(phone, ring())
    assert not sessions.is_open(cookie, ring())
    assert keys.is_right(tablet, ring())
    held = ring()
    (folder / "keys.json").write_text("{")
    assert ring() == held  # a file that is broken closes nobody out, and opens nothing
    keys._write(folder, {})
    assert ring() == HASHES[:1]
    (folder / "keys.json").write_text("{")
    with pytest.raises(CatalogueDamaged):
        keys.Ring(folder)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(UsageError, match="can be guessed"):
        keys.chosen("secret")
    assert keys.chosen(KEY) == keys.hash_key(KEY)
