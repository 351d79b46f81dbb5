"""The server under load and under fire: a served catalogue of 10,000 views of minted coins.

    python benchmarks/server.py                  # one client, then 16 for a minute
    python benchmarks/server.py malformed        # 1,000 malformed uploads, slow clients beside them
    python benchmarks/server.py schema           # schemathesis, against the OpenAPI document
    python benchmarks/server.py --views 1000 --seconds 10

Starts ``obverse serve`` in a process of its own on a free port. ``speed`` compares with the same
pipeline in this process, as many photos at once as the server has workers, before and after.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np

from material import fill, make_scans, take_photos
from obverse import Catalogue

HERE = Path(__file__).resolve().parent
LONG = 1632
"""Longer side of the photos: 1632 x 1224 is 2 megapixels."""
CLIENTS, PHOTOS, SCANS = 16, 8, 24
P50, P95, SHARE = 200.0, 500.0, 0.8
"""What is asked of it: milliseconds for one client, and throughput as a share of the pipeline's."""


def make(folder: Path, views: int) -> tuple[Path, list[bytes]]:
    """A catalogue and photos of what is in it."""
    photos = []
    for shot in take_photos(folder / "photos", PHOTOS):
        pixels = cv2.imread(str(shot.path))
        assert pixels is not None
        scale = LONG / max(pixels.shape[:2])
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        photos.append(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    uri = folder / "coins.obv"
    with Catalogue(uri) as catalogue:
        catalogue.add(make_scans(folder / "scans", SCANS))
        fill(catalogue.store, views)
    return uri, photos


@contextmanager
def served(uri: Path, *options: str) -> Iterator[tuple[str, int]]:
    """The address of a server, once it is ready, and its process."""
    command = [str(Path(sys.executable).with_name("obverse")), "serve", str(uri), "--port", "0"]
    process = subprocess.Popen([*command, "--quiet", *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip().rstrip("/")
        while httpx.get(f"{url}/readyz", timeout=60).status_code != 200:
            time.sleep(0.1)
        yield url, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        process.stdout.close()


def repeat(work: Callable[[int], Any], threads: int, seconds: float) -> list[tuple[float, Any]]:
    """Do it again and again in some threads; milliseconds and result of each."""
    ends = time.perf_counter() + seconds

    def one(first: int) -> list[tuple[float, Any]]:
        done, number = [], first
        while time.perf_counter() < ends:
            start = time.perf_counter()
            result = work(number)
            done.append((1e3 * (time.perf_counter() - start), result))
            number += threads
        return done

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return [row for rows in pool.map(one, range(threads)) for row in rows]


def speed(folder: Path, views: int, seconds: float) -> bool:
    """One client, many clients, and the pipeline alone."""
    uri, photos = make(folder, views)
    workers = os.cpu_count() or 1
    print(f"{views:,} views, {workers} workers, load {os.getloadavg()[0]:.1f} before the start")

    def alone(threads: int) -> list[float]:
        with Catalogue(uri) as catalogue:
            catalogue.identify(photos[0])
            done = repeat(lambda n: catalogue.identify(photos[n % PHOTOS]), threads, seconds / 3)
        return [ms for ms, _ in done]

    rates = [3 * len(alone(workers)) / seconds]
    single = alone(1)
    with served(uri, "--rate", "0") as (url, process):
        clients = [httpx.Client(base_url=url, timeout=60) for _ in range(CLIENTS)]

        def ask(number: int) -> int:
            files = {"photo": photos[number % PHOTOS]}
            return clients[number % CLIENTS].post("/v1/identify", files=files).status_code

        for number in range(4):
            ask(number)
        one = repeat(ask, 1, seconds / 2)
        many = repeat(ask, CLIENTS, seconds)
        memory = resident_mb(process)
        for client in clients:
            client.close()
    single += alone(1)
    rates.append(3 * len(alone(workers)) / seconds)
    own, rate = float(np.mean(rates)), len(many) / seconds
    codes = Counter(code for _, code in (*one, *many))
    p50, p95 = np.percentile([ms for ms, _ in one], (50, 95))
    print(f"one client: p50 {p50:.0f} ms, p95 {p95:.0f} ms, n {len(one)}")
    s50, s95 = np.percentile(single, (50, 95))
    print(f"the pipeline alone: p50 {s50:.0f} ms, p95 {s95:.0f} ms, n {len(single)}")
    m50, m95 = np.percentile([ms for ms, _ in many], (50, 95))
    print(f"{CLIENTS} clients for {seconds:g} s: p50 {m50:.0f} ms, p95 {m95:.0f} ms, n {len(many)}")
    alone_rates = " and ".join(f"{r:.2f}" for r in rates)
    print(f"throughput {rate:.2f} a second, {rate / own:.2f} of the pipeline's ({alone_rates})")
    print(f"status codes {dict(codes)}; the server holds {memory:.0f} MB")
    bars = {
        f"p50 <= {P50:.0f} ms": p50 <= P50,
        f"p95 <= {P95:.0f} ms": p95 <= P95,
        f"throughput >= {SHARE}": rate >= SHARE * own,
        "no 5xx": not any(code >= 500 for code in codes),
    }
    for bar, met in bars.items():
        print(f"{bar}: {'met' if met else 'MISSED'}")
    return all(bars.values())


def malformed(folder: Path, count: int) -> bool:
    """Uploads that are broken in every way, with clients beside them that send a byte a second, and
    one that behaves and must be served."""
    sys.path.insert(0, str(HERE.parent))
    from tests.hostile import make_cases

    uri, photos = make(folder, 100)
    cases = [case.data for case in make_cases()]
    rng = random.Random(1)

    def broken(number: int) -> tuple[bytes, str]:
        data = cases[number % len(cases)]
        head = b'--m\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
        body = bytearray(head + data[: 2**20] + b"\r\n--m--\r\n")
        if number % 4 == 1:
            body = body[: rng.randrange(len(body))]
        if number % 4 == 2:
            for _ in range(20):
                body[rng.randrange(min(len(body), 200))] = rng.randrange(256)
        if number % 4 == 3:
            body = bytearray(rng.randbytes(rng.randrange(5000)))
        kinds = ("multipart/form-data; boundary=m", "application/json", "image/jpeg", "")
        return bytes(body), kinds[0] if number % 5 else rng.choice(kinds)

    uploads = [broken(number) for number in range(count)]
    verbs = ("identify", "find", "match", "embed", "cutout", "items", "corrections", "items:bulk")
    with (
        served(uri, "--rate", "0") as (url, process),
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        slow = [trickle(url) for _ in range(20)]
        start, before = time.perf_counter(), resident_mb(process)

        def send(number: int) -> int:
            body, kind = uploads[number]
            headers = {"content-type": kind} if kind else {}
            path = f"/v1/{verbs[number % len(verbs)]}"
            return http.post(path, content=body, headers=headers).status_code

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = Counter(pool.map(send, range(count)))
            fine = [http.post("/v1/identify", files={"photo": p}).status_code for p in photos]
        seconds = time.perf_counter() - start
        while time.perf_counter() - start < 15:  # longer than a body may stall
            for line in slow:
                drip(line)
            time.sleep(1)
        ended = sum(is_cut(line) for line in slow)
        after = resident_mb(process)
    print(f"{count:,} malformed uploads in {seconds:.0f} s: {dict(sorted(codes.items()))}")
    print(f"sound photos afterwards: {Counter(fine)}; memory {before:.0f} MB, then {after:.0f} MB")
    print(f"{ended} of {len(slow)} clients that sent a byte a second were cut off")
    return max(codes) < 500 and set(fine) == {200} and ended == len(slow)


def trickle(url: str) -> socket.socket:
    """A connection that has begun to send a photo."""
    host, _, port = url.removeprefix("http://").partition(":")
    line = socket.create_connection((host, int(port)), 10)
    line.sendall(
        b"POST /v1/identify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
        b"Content-Type: multipart/form-data; boundary=m\r\n\r\n"
    )
    return line


def drip(line: socket.socket) -> None:
    try:
        line.sendall(b"x")
    except OSError:
        return


def is_cut(line: socket.socket) -> bool:
    """Has the server answered 408 and closed?"""
    line.settimeout(1)
    try:
        answer = line.recv(4096)
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    finally:
        line.close()
    return b" 408 " in answer.partition(b"\r\n")[0]


def schema(folder: Path, seconds: float) -> bool:
    """All of schemathesis's checks but one: random bytes are no photos, however well described."""
    uri, _ = make(folder, 100)
    with served(uri, "--rate", "0") as (url, _):
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{url}/openapi.json",
        ]
        command += ["--exclude-checks", "positive_data_acceptance", "--warnings", "off"]
        command += ["--exclude-path-regex", "classify|detect|segment|:merge"]
        done = subprocess.run([*command, "--max-time", f"{seconds:.0f}"], check=False)
    return done.returncode == 0


def resident_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "what", nargs="?", default="speed", choices=("speed", "malformed", "schema")
    )
    parser.add_argument("--views", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--uploads", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="obverse-", ignore_cleanup_errors=True) as name:
        if options.what == "speed":
            fine = speed(Path(name), options.views, options.seconds)
        elif options.what == "malformed":
            fine = malformed(Path(name), options.uploads)
        else:
            fine = schema(Path(name), options.seconds)
    sys.exit(not fine)


if __name__ == "__main__":
    main()
