"""Measure the whole pipeline on a protocol: recall, open set, calibration, times, confusions."""

from __future__ import annotations

from obverse.evaluate.protocol import Protocol, read
from obverse.evaluate.report import write
from obverse.evaluate.result import Report
from obverse.evaluate.run import evaluate

__all__ = ["Protocol", "Report", "evaluate", "read", "write"]
