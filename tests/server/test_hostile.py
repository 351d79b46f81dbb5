"""Clients that mean no good: too much, too slow, too often, nonsense. Others are still served."""

from __future__ import annotations

import concurrent.futures
import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from tests.hostile import make_cases
from tests.server.conftest import Coins, Serve, Served, until

pytestmark = pytest.mark.xdist_group("server")

KEY = "a key for the tests only"
MIB = 2**20
CUT = 2.0
"""Seconds after which the strict server cuts what stalls."""
SOON = 60.0
"""Within that it must have done so: a slow machine needs some time besides."""
GUESSES = 10


@pytest.fixture(scope="module")
def strict(serve: Serve) -> Served:
    """Small limits; behind a proxy, so that each test is a client of its own."""
    from obverse.server.keys import hash_key

    return serve(
        keys=[hash_key(KEY)],
        behind_proxy=True,
        workers=1,
        queue=4,
        queue_each=3,
        rate=0.001,  # who has asked his twelve has none left, however slow this machine is
        burst=12,
        guesses=[0.001, GUESSES],
        read_rate=50,
        read_burst=100,
        max_bytes=2 * MIB,
        max_held=3 * MIB,
        max_megapixels=4,
        body_grace=CUT,
        header_seconds=CUT,
        write_seconds=CUT,
    )


def form(data: bytes) -> tuple[bytes, str]:
    head = b'--mark\r\nContent-Disposition: form-data; name="photo"; filename="x"\r\n\r\n'
    return head + data + b"\r\n--mark--\r\n", "multipart/form-data; boundary=mark"


def raw(server: Served, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send bytes as they are, and read until the server closes."""
    with closing(socket.create_connection(("127.0.0.1", server.port), 2 * SOON)) as line:
        answer = b""
        try:
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause)
            while got := line.recv(65536):
                answer += got
        except (BrokenPipeError, ConnectionResetError):
            pass
        return answer


def head(path: str, length: int, kind: str, client: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {client}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def problem(answer: bytes) -> dict[str, object]:
    top, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in top, answer[:300]
    told = json.loads(body if b"chunked" not in top else body.split(b"\r\n")[1])
    assert isinstance(told, dict)
    return told


def test_hostile_pictures_end_in_their_own_error(server: Served) -> None:
    """Each ends as the photo loader alone would end it; none in a failure of ours."""
    cases = random.Random(3).sample(make_cases(), 60)

    def send(number: int) -> tuple[str, int, str]:
        case = cases[number]
        verb = ("find", "identify", "embed", "match")[number % 4]
        answer = server.http.post(f"/v1/{verb}", files={"photo": ("a.jpg", case.data)})
        code = answer.json().get("code", "None")
        expected = [str(name) for name in case.expected]
        ended = code if code in expected else f"{case.name}: {code}, not {expected}"
        return ended, answer.status_code, case.name

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(send, range(len(cases))))
    assert not [r for r in results if ":" in r[0]]
    assert {status for _, status, _ in results} <= {200, 413, 415, 422}


def broken_forms(photo: bytes) -> Iterator[tuple[bytes, str]]:
    body, kind = form(photo)
    yield body[:-20], kind
    yield body, "multipart/form-data"
    yield body, "multipart/form-data; boundary=other"
    yield body, "multipart/form-data; boundary=" + "x" * 1000
    yield body, "text/plain"
    yield b"", kind
    yield b"--mark--\r\n", kind
    yield body.replace(b"photo", b"foto"), kind
    yield body.replace(b"form-data", b"\xff\xfe" * 50), kind
    yield body.replace(b"Content-Disposition", b"X" * 10_000), kind
    yield form(photo)[0][:-10] + form(photo)[0] * 2, kind
    yield b"--mark\r\n\r\n\r\n" * 300 + body, kind
    yield b'{"photos": ["' + b"A" * 30 + b'%"]}', "application/json"
    yield b"[" * 20_000, "application/json"
    yield b'{"photos": [1, null]}', "application/json"
    yield b'{"photos": "text"}', "application/json"
    yield b'{"photos": [], "top": 5}', "application/json"
    yield b"[]", "application/json"
    yield b'"\\ud800"', "application/json"
    yield b"\xff\xfe{}", "application/json"
    for seed in range(12):
        changed = bytearray(body[:300])
        rng = random.Random(seed)
        for _ in range(6):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        yield bytes(changed), kind


def test_broken_forms_are_refused(server: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    for body, kind in broken_forms(photo[:2000]):
        answer = server.http.post("/v1/find", content=body, headers={"content-type": kind})
        assert answer.status_code in (413, 415, 422), (body[:80], kind[:80], answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_json_of_many_keys_is_refused_unread(server: Served) -> None:
    """As too large: to make an error for each would take seconds and a gigabyte."""
    keys = json.dumps(dict.fromkeys(map(str, range(500_000)), 0)).encode()
    unknown = json.dumps({"x" * 500: 1, "y": 2}).encode()
    kind = {"content-type": "application/json"}
    for path in ("/v1/find", "/v1/undo"):
        answer = server.http.post(path, content=keys, headers=kind)
        assert (answer.status_code, answer.json()["code"]) == (413, "BodyTooLarge")
    answer = server.http.post("/v1/undo", content=unknown, headers=kind)
    assert (answer.status_code, answer.json()["where"]) == (422, "x" * 80)


@pytest.mark.parametrize(
    "words",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\nConnection: close\r\n\r\n",
        b"GET /v1/items/%ff%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /v1/items/%2e%2e%2f%2e%2e%2fetc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /static/../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /static/%2e%2e/app.py HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST /v1/find HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/find HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
    ],
)
def test_broken_requests_harm_nothing(server: Served, words: bytes) -> None:
    answer = raw(server, words)
    # An odd head before a page that anyone may see is no reason to keep it from him.
    page = b"200" if words.startswith(b"GET / ") else b"404"
    assert answer[9:12] in (b"400", b"403", page, b""), answer[:200]
    assert b"root:" not in answer
    assert server.http.get("/healthz").status_code == 200


def test_too_large_is_cut_off_while_it_arrives(strict: Served) -> None:
    kind = form(b"")[1]
    started = time.monotonic()
    told = problem(raw(strict, head("/v1/find", 3 * MIB, kind, "10.1.0.1"), bytes(MIB)))
    assert (told["status"], told["code"]) == (413, "BodyTooLarge")
    chunked = head("/v1/find", 0, kind, "10.1.0.2").replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked"
    )
    start = form(b"")[0].partition(b"\r\n--mark--")[0]
    pieces = [b"%x\r\n%s\r\n" % (len(data), data) for data in (start, *[bytes(MIB)] * 6)]
    told = problem(raw(strict, chunked, *pieces))
    assert (told["status"], told["code"]) == (413, "BodyTooLarge")
    assert time.monotonic() - started < SOON


def test_a_client_that_sends_all_before_it_reads_sees_why(server: Served) -> None:
    """More than the buffers on the way hold."""
    large = bytes(48 * MIB)
    answer = server.http.post("/v1/find", files={"photo": large})
    assert (answer.status_code, answer.json()["code"]) == (413, "BodyTooLarge")


def test_too_many_pixels(strict: Served) -> None:
    import cv2
    import numpy as np

    _, jpeg = cv2.imencode(".jpg", np.zeros((2100, 2000, 3), np.uint8))
    answer = strict.http.post(
        "/v1/find", files={"photo": jpeg.tobytes()}, headers={"x-forwarded-for": "10.2.0.1"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "PhotoTooLarge")


def test_a_byte_a_second_is_cut_off_and_others_are_served(strict: Served, coins: Coins) -> None:
    _, photo = coins.photo()
    body, kind = form(photo)
    with concurrent.futures.ThreadPoolExecutor(12) as threads:

        def slow(number: int) -> tuple[dict[str, object], float]:
            started = time.monotonic()
            start = head("/v1/find", len(body), kind, f"10.3.0.{number}")
            answer = raw(strict, start, *(body[i : i + 1] for i in range(6)), pause=CUT / 4)
            return problem(answer), time.monotonic() - started

        waiting = [threads.submit(slow, n) for n in range(10)]
        for n in range(5):
            fine = strict.http.post(
                "/v1/find",
                content=body,
                headers={"content-type": kind, "x-forwarded-for": f"10.3.1.{n}"},
            )
            assert fine.status_code == 200
        for told, seconds in (one.result() for one in waiting):
            assert (told["status"], told["code"]) == (408, "TooSlow")
            assert CUT <= seconds < SOON


def test_a_head_that_never_ends_is_cut_off(strict: Served) -> None:
    started = time.monotonic()
    assert raw(strict, b"GET / HTTP/1.1\r\nX-A: ", b"b") == b""
    assert raw(strict) == b""
    assert time.monotonic() - started < SOON


def test_between_two_requests_there_is_more_time_than_for_a_head(strict: Served) -> None:
    words = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.3.2.1\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", strict.port), 2 * SOON)) as line:
        for pause in (1.5 * CUT, 0.0):
            line.sendall(words)
            answer = line.recv(65536)
            while not answer.endswith(b"}"):  # head and body may come apart
                answer += line.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(pause)
        line.sendall(words[:20])
        started = time.monotonic()
        with suppress(ConnectionResetError):
            assert line.recv(65536) == b""
        assert time.monotonic() - started < SOON


def test_one_address_cannot_take_every_connection(server: Served) -> None:
    words = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with ExitStack() as lines:
        for _ in range(64):
            lines.enter_context(closing(socket.create_connection(("127.0.0.1", server.port))))
        # The server takes connections in the order in which they came.
        assert raw(server, words) == b""
    until(lambda: raw(server, words).startswith(b"HTTP/1.1 200"))


def test_a_slow_body_that_nobody_reads_holds_no_connection(strict: Served) -> None:
    """Refused by its head; then it trickles on."""
    started = time.monotonic()
    start = head("/v1/items", MIB, form(b"")[1], "10.4.0.1")
    told = problem(raw(strict, start, *[b"x"] * 4, pause=0.3))
    assert told["status"] == 401
    assert time.monotonic() - started < SOON


def test_rate_limit_is_each_clients_own(strict: Served) -> None:
    def ask(client: str) -> tuple[int, str]:
        headers = {"x-forwarded-for": client, "content-type": "application/json"}
        answer = strict.http.post("/v1/find", content=b"{}", headers=headers)
        return answer.status_code, answer.headers.get("retry-after", "")

    assert [ask("10.5.0.1") for _ in range(14)] == [(422, "")] * 12 + [(429, "2")] * 2
    assert ask("10.5.0.2") == (422, "")
    # What a client claims of itself before its proxy's word changes nothing.
    assert ask("1.1.1.1, 10.5.0.1")[0] == 429
    claims = [ask(f"{number}.1.1.1, 10.5.0.3")[0] for number in range(13)]
    assert claims == [422] * 12 + [429]


def test_wrong_keys_are_rationed(strict: Served) -> None:
    def write(client: str, key: str) -> int:
        headers = {"x-forwarded-for": client, "authorization": f"Bearer {key}"}
        return strict.http.delete("/v1/items/none", headers=headers).status_code

    assert write("10.6.0.1", KEY) == 404

    def read(client: str, key: str) -> int:
        headers = {"x-forwarded-for": client, "x-api-key": key}
        return strict.http.get("/v1/items", headers=headers).status_code

    def show(client: str, key: str) -> int:
        headers = {"x-forwarded-for": client}
        return strict.http.post("/v1/session", json={"key": key}, headers=headers).status_code

    for number, guess in enumerate((write, read, show)):
        client = f"10.6.1.{number}"
        guesses = [guess(client, f"guess {n}") for n in range(GUESSES + 1)]
        assert guesses == [401] * GUESSES + [429]
        assert guess(client, KEY) == 429, "after that none is even compared"
    assert write("10.6.0.1", KEY) == 404
    headers = {"x-forwarded-for": "10.6.0.3"}
    refused = strict.http.delete("/v1/items/none", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "KeyNeeded")
    assert refused.headers["www-authenticate"].startswith("Bearer")


def test_a_full_queue_says_so(strict: Served, coins: Coins) -> None:
    """One worker and four places in line: of many at once some are told to come again, the others
    are served, and health answers all the while."""
    _, photo = coins.photo()

    def ask(number: int) -> tuple[int, str]:
        headers = {"x-forwarded-for": f"10.7.0.{number}"}
        answer = strict.http.post("/v1/identify", files={"photo": photo}, headers=headers)
        return answer.status_code, answer.headers.get("retry-after", "")

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(ask, number) for number in range(16)]
        assert strict.http.get("/healthz").status_code == 200
        answers = [one.result() for one in asked]
    assert set(answers) == {(200, ""), (503, "2")}
    assert [status for status, _ in answers].count(200) >= 5


def test_a_client_that_takes_nothing_is_dropped(strict: Served, coins: Coins) -> None:
    """It asks for pictures again and again and never reads one."""
    item, _ = coins.photo()
    words = (
        f"GET /v1/items/{item}/thumbnail HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.8.0.1\r\n\r\n"
    )
    with closing(socket.socket()) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(SOON)
        line.connect(("127.0.0.1", strict.port))
        ends = time.monotonic() + SOON

        def ask_on() -> None:
            while time.monotonic() < ends:
                line.sendall(words.encode() * 10)
                time.sleep(0.05)

        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            ask_on()


def test_the_session_cookie(strict: Served) -> None:
    headers = {"x-forwarded-for": "10.9.0.1"}
    wrong = strict.http.post("/v1/session", json={"key": "no"}, headers=headers)
    assert wrong.status_code == 401
    right = strict.http.post("/v1/session", json={"key": KEY}, headers=headers)
    assert right.status_code == 204
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    by_tls = {**headers, "x-forwarded-proto": "https"}
    right = strict.http.post("/v1/session", json={"key": KEY}, headers=by_tls)
    assert "Secure" in right.headers["set-cookie"]
    strict.http.cookies.clear()
    told = strict.http.get("/v1/session", headers=headers).json()
    assert told["writes"] == "key"
    told = strict.http.get("/v1/session", headers={**headers, "x-api-key": KEY}).json()
    assert told["writes"] == "open"
