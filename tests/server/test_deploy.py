"""What is documented about running it as a service, held against the program and itself."""

from __future__ import annotations

import re
import shlex

from typer.testing import CliRunner

from obverse import cli
from tests.server.conftest import ROOT

DOCS = (ROOT / "docs" / "deploy.md").read_text("utf-8").replace("\\\n", " ")
UNIT = (ROOT / "deploy" / "obverse.service").read_text("utf-8")
RUNS = [shlex.split(line) for line in re.findall("^podman run .*", DOCS, re.MULTILINE)]


def test_a_container_has_photos_a_key_and_a_proxy_before_it() -> None:
    verbs = [words[words.index("obverse") + 1] for words in RUNS]
    assert verbs == ["add", "key", "serve"]
    for words in RUNS:
        if any(word.startswith("127.0.0.1:") for word in words):
            assert "--behind-proxy" in words


def test_the_served_containers_options_are_known() -> None:
    told = CliRunner().invoke(cli.app, ["serve", "--help"], env={"COLUMNS": "200"}).output
    options = [word for word in RUNS[-1][RUNS[-1].index("serve") :] if word.startswith("--")]
    assert len(options) == 2
    assert all(option in told for option in options)


def test_what_the_unit_points_to_is_installed() -> None:
    (page,) = re.findall(r"^Documentation=file:(\S+)", UNIT, re.MULTILINE)
    installed = re.findall(r"^#   sudo install .* (\S+) (\S+)$", UNIT, re.MULTILINE)
    source = {target: source for source, target in installed}[page]
    assert (ROOT / source).is_file()
