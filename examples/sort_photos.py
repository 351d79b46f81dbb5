"""Sort a folder of photos: one folder per item, and what is unknown or cannot be used apart.

python examples/sort_photos.py coins.obv INBOX/ SORTED/
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import obverse
from obverse.errors import told


def main(uri: str, inbox: str, out: str) -> None:
    with obverse.Catalogue(uri, create=False) as catalogue:
        for photo in sorted(Path(inbox).iterdir()):
            try:
                answer = catalogue.identify(photo, top=1)
            except obverse.PhotoError as error:
                print(error, file=sys.stderr)
                continue
            name = answer.best.item.id if answer.known and answer.best else "unknown"
            folder = Path(out) / name
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(photo, folder)
            print(f"{photo.name}\t{name}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with told():
        main(*sys.argv[1:])
