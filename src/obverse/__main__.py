"""``python -m obverse``: the ``obverse`` command."""

from __future__ import annotations

from obverse.cli import main

if __name__ == "__main__":
    main()
