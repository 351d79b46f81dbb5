"""How the command behaves: exit codes, streams, speed, no tracebacks."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from obverse import __version__
from tests.e2e.conftest import COMMAND, Run

pytestmark = pytest.mark.xdist_group("e2e")

COMMANDS = (
    *("add", "identify", "match", "info", "list", "show", "remove", "export"),
    *("level", "quality", "cutout", "find", "normalise", "embed", "search", "verify", "year"),
    *("evaluate", "mint", "adapt", "calibrate", "classify", "detect", "segment", "compare"),
    *("serve", "key", "duplicates", "merge"),
)
GROUPS = ("train", "zoo")
HEAVY = ("numpy", "cv2", "PIL", "onnxruntime", "lancedb", "pyarrow", "rich", "obverse.types")


def test_help_needs_nothing_heavy() -> None:
    code = f"import sys, obverse, obverse.cli; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_python_runs_it_as_a_module() -> None:
    command = [sys.executable, "-m", "obverse", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("obverse ")


def test_help_is_quick(run: Run) -> None:
    """0.3 s where Python itself starts in 0.015; told in such starts, as machines differ."""
    spent: dict[str, list[float]] = {"python": [], "help": []}
    for _ in range(5):
        for name, start in (
            ("python", lambda: subprocess.run([sys.executable, "-c", ""], check=False).returncode),
            ("help", lambda: run("--help").code),
        ):
            begun = time.perf_counter()
            assert start() == 0
            spent[name].append(time.perf_counter() - begun)
    assert min(spent["help"]) < 20 * min(spent["python"])


def test_help_lists_every_command(run: Run) -> None:
    for done in (run("--help"), run("-h"), run()):
        assert (done.code, done.err) == (0, "")
        listed = [line.split()[0] for line in done.out.split("Commands:")[1].splitlines() if line]
        assert sorted(listed) == sorted((*COMMANDS, *GROUPS))
        assert "..." not in done.out.split("Commands:")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    assert f"obverse {command}" in done.out
    # A server answers over HTTP.
    assert "--json" in done.out or command == "serve"


def test_the_manual_names_every_command_and_option(run: Run) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    assert all(f"obverse {command}" in manual for command in COMMANDS)


def test_version(run: Run) -> None:
    assert run("--version").out == f"obverse {__version__}\n"


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("identify",),
        ("identify", "coins.obv"),
        ("identify", "nowhere.obv", "photo.jpg"),
        ("info", "nowhere.obv"),
        ("find", "photo.jpg", "--draw", "out.gif"),
        ("find", "photo.jpg", "--recipe", "cube"),
        ("find", "photo.jpg", "--region", "0"),
        ("add", "coins.obv", "p.jpg", "--attr", "novalue"),
        ("add", "coins.obv", "p.jpg", "--side", "top"),
        ("evaluate", "nowhere.csv"),
        ("evaluate", "nowhere.csv", "--max-wrong", "2"),
        ("mint", "out", "--types", "0"),
        ("mint", "out", "--types", "1000000"),
        ("mint", ".", "--photos", "1e9"),
        ("mint", "out", "--no-such-option"),
    ],
)
def test_misuse_is_exit_2_and_leaves_nothing(run: Run, tmp_path: Path, args: tuple[str]) -> None:
    done = run(*args, cwd=tmp_path)
    assert done.code == 2
    assert done.out == ""
    assert done.err.strip()
    assert not list(tmp_path.iterdir())


def test_misuse_with_json_is_an_object(run: Run, tmp_path: Path) -> None:
    done = run("info", tmp_path / "nowhere.obv", "--json")
    assert done.code == 2
    assert done.json["error"] == "CatalogueMissing"
    assert done.json["hint"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("find", "photo.jpg", "--no-such-option", "--json"), "--no-such-option"),
        (("--json", "find", "photo.jpg"), "--json"),
        (("info", "--json"), "CATALOGUE"),
        (("embed", "photo.jpg", "--region", "none", "--json"), "--region"),
        (("no-such-command", "--json"), "no-such-command"),
    ],
)
def test_what_the_parser_refuses_is_an_object_too(
    run: Run, args: tuple[str, ...], said: str
) -> None:
    done = run(*args)
    assert done.code == 2
    assert done.json["error"] == "UsageError"
    assert said in done.json["what"]
    assert "help" in done.json["hint"]
    assert said in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("identify", "{catalogue}", "no.jpg"), 1, "no.jpg: no such file"),
        (("identify", "--sides", "{catalogue}", "{query}", "no.jpg"), 1, "no.jpg: no such file"),
        (("identify", "no.obv", "{query}"), 2, "no.obv: no catalogue there"),
        (("search", "{catalogue}", "no.jpg"), 1, "no.jpg: no such file"),
        (("verify", "{catalogue}", "no.jpg"), 1, "no.jpg: no such file"),
        (("classify", "no.jpg", "--labels", "a,b"), 1, "no.jpg: no such file"),
        (("serve", "no.obv"), 2, "no.obv: no catalogue there"),
        (("serve", "{catalogue}", "--port", "{port}"), 1, "another program listens on this port"),
    ],
)
def test_what_is_missing_is_told_before_anything_slow_is_loaded(
    catalogue: Path, query: Path, args: tuple[str, ...], code: int, said: str
) -> None:
    """Neither the models, nor the database, nor the web server: these take seconds."""
    slow = ("onnxruntime", "lancedb", "fastapi", "uvicorn", "torch")
    program = (
        "import atexit, sys; from obverse.cli import main\n"
        f"atexit.register(lambda: print([m for m in {slow} if m in sys.modules]))\nmain()"
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = [a.format(catalogue=catalogue, query=query, port=port) for a in args]
        done = subprocess.run(
            [sys.executable, "-c", program, *given], capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stdout.strip()) == (code, "[]")
    assert said in done.stderr
    assert "Errno" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_option_is_told_as_any_unknown_name(run: Run, catalogue: Path) -> None:
    option = run("identify", catalogue, "photo.jpg", "--finder", "nosuch")
    name = run("find", "photo.jpg", "--recipe", "nosuch")
    for done, said in ((option, "unknown option '--finder'"), (name, "unknown recipe 'nosuch'")):
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"obverse: {said}; choose one of: ")
        assert len(done.err.splitlines()) == 1
    assert {"--sides", "--top"} <= set(option.err.replace(",", "").split())


@pytest.mark.parametrize("name", ["missing.jpg", "empty.jpg", "folder.jpg", "text.jpg"])
def test_a_photo_that_cannot_be_used_is_one_line(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder.jpg":
        path.mkdir()
    elif name != "missing.jpg":
        path.write_text("" if name == "empty.jpg" else "no picture at all\n" * 40)
    done = run("find", path)
    assert done.code == 1
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert str(path) in done.err


def test_a_picture_that_cannot_be_written_is_one_line(
    run: Run, query: Path, tmp_path: Path
) -> None:
    done = run("find", query, "--draw", tmp_path / "no such folder" / "out.jpg")
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert "no such folder; make it first" in done.err


def test_a_reader_that_leaves_early_is_no_error(catalogue: Path) -> None:
    with subprocess.Popen(
        [COMMAND, "list", catalogue, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) in (0, 1)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("lst",), "no such command 'lst'; did you mean 'list'?"),
        (("train",), "missing command; see obverse train --help"),
        (("list", "c.obv", "a", "b"), "too many arguments: a b; see obverse list --help"),
        (("info", "a", "b. c"), "too many arguments: b. c; see obverse info --help"),
        (("embed", "p.jpg", "--region", "0"), "'--region': it must be 1 at least; see"),
        (("identify", "c", "p.jpg", "--top", "5000"), "'--top': it must be 1000 at most; see"),
        (("identify", "c", "p.jpg", "--top", "few"), "'--top': it is no whole number; see"),
        (("identify", "c", "p.jpg", "--max-wrong", "few"), "'--max-wrong': it is no number; see"),
        (("find", "-dash.png"), "; a file whose name begins with - comes after --"),
    ],
)
def test_the_parser_speaks_plainly(run: Run, args: tuple[str, ...], said: str) -> None:
    done = run(*args)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Input" not in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
@pytest.mark.parametrize(
    ("args", "code"), [(("zoo",), 1), (("zoo", "--json"), 1), (("info", "no.obv", "--json"), 2)]
)
def test_stdout_that_cannot_be_written_is_one_line(args: tuple[str, ...], code: int) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, *args], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("obverse: " + ("no.obv: no" if code == 2 else "stdout: cannot"))


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("add", "x.obv", ""), "SOURCE"),
        (("add", "x.obv", "a.jpg", "--item", ""), "--item"),
        (("identify", "", "a.jpg"), "CATALOGUE"),
        (("identify", "x.obv", "a.jpg", ""), "PHOTO"),
        (("match", "x.obv", ""), "FOLDER"),
        (("export", "x.obv", ""), "FOLDER"),
        (("cutout", "a.jpg", ""), "OUT"),
        (("find", "a.jpg", "--draw", ""), "--draw"),
        (("merge", "x.obv", "a", ""), "OTHER"),
    ],
)
def test_an_empty_argument_is_misuse(
    run: Run, tmp_path: Path, args: tuple[str, ...], named: str
) -> None:
    """As from a variable that was never set; as a path it would be the current folder."""
    (tmp_path / "a.jpg").write_bytes(b"no photo")
    done = run(*args, cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"obverse: invalid value for '{named}': it is empty; see ")
    assert len(done.err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_debug_shows_where(run: Run, tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "--debug", "info", tmp_path / "nowhere.obv"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "CatalogueMissing" in done.stderr


def test_names_that_are_no_unicode_do_not_stop_anything(run: Run, tmp_path: Path) -> None:
    name = b"coin\xff.jpg"
    try:
        (tmp_path.joinpath(name.decode("utf-8", "surrogateescape"))).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes only Unicode names")
    done = run("find", name.decode("utf-8", "surrogateescape"), "--json", cwd=tmp_path)
    assert done.code == 1
    assert done.json["error"] == "PhotoEmpty"
