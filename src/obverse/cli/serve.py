"""Commands that put a catalogue on the network."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from obverse.cli.console import emit, say, write, write_table
from obverse.cli.options import Json, MaxMegapixels, Uri, source
from obverse.errors import MissingExtra, UsageError

Model = Annotated[
    str | None, typer.Option(metavar="MODEL", help="Offer it, by this model's name or folder.")
]
EXTRA = ("fastapi", "uvicorn", "python_multipart", "prometheus_client")


def serve(
    catalogue: Uri,
    host: Annotated[
        str, typer.Option(help="Where to listen: 0.0.0.0 for the whole network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    key: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OBVERSE_KEY", metavar="KEY", help="A key that opens it, besides its own."
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", parser=source, help="A file of such keys, one a line."),
    ] = None,
    open_writes: Annotated[
        bool, typer.Option("--open-writes", help="Anyone who reaches it may write.")
    ] = False,
    read_key: Annotated[bool, typer.Option("--read-key", help="Reading needs a key, too.")] = False,
    behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="A reverse proxy stands before it.")
    ] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="Speak https, by a certificate of its own.")
    ] = False,
    cert: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", parser=source, help="Speak https: a certificate with its key, PEM."
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A public name it is asked for by; may be repeated."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=source, help="A report of evaluate to show."),
    ] = None,
    classify: Model = None,
    detect: Model = None,
    segment: Model = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Photos worked on at once; one a core.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Photos a second from one address; 0 for no limit.")
    ] = 10.0,
    max_bytes: Annotated[int, typer.Option(min=1024, help="Largest upload, in bytes.")] = 32
    * 2**20,
    max_megapixels: MaxMegapixels = 50.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log failures only.")] = False,
    as_json: Json = False,
) -> None:
    """Serve a catalogue to phones and browsers: web app, HTTP API.

    On this machine alone unless --host says otherwise. Anyone who reaches it may ask; writing needs
    a key (obverse key), but on this machine only once there is one. By --tls phones may use their
    live camera; their browser warns of the certificate once.
    """
    check_extra()

    from obverse.catalogue.folder import read_manifest
    from obverse.server import tls as certificates
    from obverse.server.keys import chosen, read
    from obverse.server.listening import addresses, listen, names
    from obverse.server.settings import Settings

    read_manifest(catalogue)
    if report is not None and not report.is_dir():
        raise UsageError("no such folder", where=report, hint="obverse evaluate … --report DIR")
    keys = tuple(map(chosen, [*(key or []), *_keys_in(key_file)]))
    if read_key and not keys and not read(catalogue):
        raise UsageError(
            "--read-key needs a key", hint=f"make one first: obverse key {catalogue} NAME"
        )
    certificate = certificates.check(cert) if cert else None
    if tls and not cert:
        certificate = certificates.own(catalogue, names(host))
    words = ("classify", classify), ("detect", detect), ("segment", segment)
    settings = Settings(
        catalogue=catalogue,
        host=host,
        port=port,
        keys=keys,
        open_writes=open_writes,
        read_key=read_key,
        behind_proxy=behind_proxy,
        certificate=certificate,
        hosts=tuple(name.lower() for name in allow_host or ()),
        report=report,
        models={verb: model for verb, model in words if model},
        workers=workers or os.cpu_count() or 1,
        rate=rate,
        burst=max(1, round(6 * rate)),
        max_bytes=max_bytes,
        max_megapixels=max_megapixels or 50.0,
    )
    with listen(host, port) as bound:
        found = addresses(host, bound.getsockname()[1], "https" if certificate else "http")
        if as_json:
            emit({"addresses": found})
        else:
            write("\n".join(found))
        sys.stdout.flush()
        say("Ctrl-C stops it")
        from obverse.server.run import run

        run(settings, bound, quiet=quiet)


def key(
    catalogue: Uri,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="What to call it.")] = "",
    revoke: Annotated[bool, typer.Option("--revoke", help="Take that key back.")] = False,
    as_json: Json = False,
) -> None:
    """Make, list or take back keys that open a served catalogue.

    A key is shown once; the catalogue keeps its hash. A running server takes notice at once.
    """
    from obverse.server import keys

    if revoke:
        keys.revoke(catalogue, name)
        if as_json:
            emit({"name": name, "revoked": True})
        say(f"{name} opens nothing any more")
    elif name:
        made = keys.make(catalogue, name)
        if as_json:
            emit({"name": name, "key": made})
        else:
            write(made)
        say("this is the only time it is shown")
    else:
        table = keys.listed(catalogue)
        if as_json:
            emit(table)
        else:
            write_table(("name", "made"), ((row["name"], row["made"]) for row in table))


def check_extra() -> None:
    """Raises ``MissingExtra`` where the server's parts are not installed."""
    from importlib.util import find_spec

    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"serving needs {', '.join(missing)}", hint="pip install 'obverse[server]'"
        )


def _keys_in(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"cannot be read ({error})", where=path, hint="check --key-file"
        ) from error
    return [line.strip() for line in lines if line.strip()]
