"""Write the protocol of real phone photos of won coins: dev scans and other coins to choose from.

    python benchmarks/wild_won.py DATA wild_won.csv
    obverse evaluate wild_won.csv --root DATA

The catalogue is that of ``dev_clean``; photos without an answer in it (the side is not there) are
asked as unknown.
"""

from __future__ import annotations

import csv
from pathlib import Path

from packages import write


def rows(data: Path) -> list[tuple[str, str, str]]:
    """(photo, role, item), relative to the data."""
    found = []
    with (data / "protocols" / "dev_clean.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["role"] == "catalogue":
                found.append((row["photo"], "catalogue", row["item"]))
    items = {item for _, _, item in found}
    with (data / "wild_won" / "labels.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            # In these currencies a side of a denomination is a design of its own.
            item = row["worldcoins_side_id"]
            role = "query" if item in items else "unknown"
            found.append((f"wild_won/{row['file']}", role, item if role == "query" else ""))
    return found


if __name__ == "__main__":
    write(__doc__, rows)
