"""A run's folder: kill and resume, other settings refused, nothing half written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from obverse.errors import UsageError
from obverse.train.run import Run


def test_a_folder_with_a_run_is_refused_unless_resumed(tmp_path: Path) -> None:
    Run(tmp_path / "r", {"steps": 3, "seed": 0})
    with pytest.raises(UsageError, match="--resume"):
        Run(tmp_path / "r", {"steps": 3, "seed": 0})
    Run(tmp_path / "r", {"steps": 3, "seed": 0}, resume=True)


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    Run(tmp_path, {"steps": 3, "seed": 0})
    with pytest.raises(UsageError, match="other settings: seed, steps"):
        Run(tmp_path, {"steps": 4, "seed": 1}, resume=True)
    assert json.loads((tmp_path / "settings.json").read_text("utf-8")) == {"seed": 0, "steps": 3}


def test_a_line_that_a_kill_cut_off_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path, {})
    assert run.rows() == []
    run.log(1, loss=0.5)
    run.log(2, loss=0.25)
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 3, "lo')
    assert [(row["step"], row["loss"]) for row in run.rows()] == [(1, 0.5), (2, 0.25)]
    said = capsys.readouterr()
    assert said.out == ""
    assert "step 2" in said.err


def test_a_kill_while_saving_leaves_the_older_checkpoint(tmp_path: Path, monkeypatch: Any) -> None:
    torch = pytest.importorskip("torch")
    run = Run(tmp_path, {})
    assert run.load() is None
    run.save({"step": 1, "weight": torch.ones(3)})
    whole = torch.save

    def cut_off(state: Any, path: Path) -> None:
        whole(state, path)
        path.write_bytes(path.read_bytes()[:20])
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", cut_off)
    with pytest.raises(KeyboardInterrupt):
        run.save({"step": 2, "weight": torch.zeros(3)})
    state = Run(tmp_path, {}, resume=True).load()
    assert state is not None
    assert (state["step"], state["weight"].sum()) == (1, 3)


def test_time_adds_up_over_lives(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    run = Run(tmp_path, {})
    run._spent = 100.0
    run.save({"step": 1})
    again = Run(tmp_path, {}, resume=True)
    again.load()
    assert 100.0 <= again.seconds < 130.0
