"""``obverse serve`` and ``obverse key``, as installed."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND, Run

pytest.importorskip("fastapi")

KEY = "a-key-from-the-environment"


def get(
    port: int, path: str, method: str = "GET", *, trusts: Path | None = None, **headers: str
) -> tuple[int, bytes]:
    """One request; by TLS where a certificate is trusted, and no other."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=180)
    if trusts is not None:
        context = ssl.create_default_context(cafile=str(trusts))
        line = http.client.HTTPSConnection("localhost", port, timeout=180, context=context)
    try:
        line.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_a_catalogue_is_served_with_its_keys(run: Run, own_catalogue: Path, query: Path) -> None:
    made = run("key", own_catalogue, "phone", "--json").json
    told = {"OMP_NUM_THREADS": "1", "OBVERSE_KEY": KEY}
    process = subprocess.Popen(
        [str(COMMAND), "serve", str(own_catalogue), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **told},
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        port = int(address.rstrip("/").rpartition(":")[2])
        ends = time.monotonic() + 180
        while get(port, "/readyz")[0] != 200:
            assert time.monotonic() < ends
            time.sleep(0.1)
        assert json.loads(get(port, "/v1/session")[1])["writes"] == "key"
        assert get(port, "/v1/items/none", "DELETE")[0] == 401
        for key in (made["key"], KEY):
            assert get(port, "/v1/items/none", "DELETE", authorization=f"Bearer {key}")[0] == 404
        status, page = get(port, "/docs")
        assert status == 200
        assert b"/v1/identify" in page
        assert b"<script" not in page
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=180)
        assert process.returncode == 0, said
        assert "Traceback" not in said
        assert '"event": "stopped"' in said
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_by_tls_with_a_certificate_of_its_own(run: Run, own_catalogue: Path) -> None:
    kept = own_catalogue / "tls.pem"
    made = b""
    for options in (["--tls"], ["--tls"], ["--cert", str(kept)]):
        process = subprocess.Popen(
            [str(COMMAND), "serve", str(own_catalogue), "--port", "0", "--quiet", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            text=True,
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("https://127.0.0.1:")
            port = int(address.rstrip("/").rpartition(":")[2])
            assert get(port, "/healthz", trusts=kept)[0] == 200
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                get(port, "/healthz")
        finally:
            process.kill()
            process.communicate()
        made = made or kept.read_bytes()
        assert kept.read_bytes() == made  # a phone that has accepted it is not asked again
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    (own_catalogue / "half.pem").write_bytes(made[:400])
    for wrong in ("half.pem", "none.pem", "manifest.json"):
        told = run("serve", own_catalogue, "--cert", own_catalogue / wrong)
        assert told.code == 2
        assert "certificate" in told.err


def test_keys(run: Run, own_catalogue: Path) -> None:
    first = run("key", own_catalogue, "phone")
    assert first.code == 0
    assert first.out.startswith("obv_")
    assert first.out.strip() not in (own_catalogue / "keys.json").read_text()
    assert run("key", own_catalogue, "phone").code == 2
    assert [row["name"] for row in run("key", own_catalogue, "--json").json] == ["phone"]
    gone = run("key", own_catalogue, "phone", "--revoke", "--json")
    assert (gone.code, gone.json) == (0, {"name": "phone", "revoked": True})
    assert run("key", own_catalogue, "phone", "--revoke").code == 2
    assert run("key", own_catalogue, "--json").json == []


def test_misuse(run: Run, own_catalogue: Path, tmp_path: Path) -> None:
    assert run("serve", tmp_path / "none.obv").code == 2
    assert run("key", tmp_path / "none.obv", "phone").code == 2
    short = run("serve", own_catalogue, "--key", "short")
    assert short.code == 2
    assert "guessed" in short.err
    assert run("serve", own_catalogue, "--key-file", tmp_path / "none").code == 2
    assert run("serve", own_catalogue, "--report", tmp_path / "none").code == 2
    locked = run("serve", own_catalogue, "--read-key")
    assert locked.code == 2
    assert "needs a key" in locked.err
    taken = run("serve", own_catalogue, "--host", "203.0.113.7", "--port", "9")
    assert taken.code == 1
    assert "cannot listen" in taken.err
