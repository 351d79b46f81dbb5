"""What was found on a catalogue's views, found once: under one id a picture stays what it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from obverse.types import View

Found = TypeVar("Found")


class Remembered(Generic[Found]):
    """What was found, by the view's id; that nothing was, too. Safe to share between threads.

    Args:
        most: views that are remembered; the least recently asked about go first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: OrderedDict[str, Found | None] = OrderedDict()
        self._lock = Lock()

    def of(
        self, id: str, fetch: Callable[[], View | None], find: Callable[[View], Found | None]
    ) -> Found | None:
        """What is on a view; None where nothing is, or it has gone.

        Args:
            id: of the view.
            fetch: reads its row; None if that has gone, which is not remembered.
            find: looks at it, outside the lock.
        """
        with self._lock:
            if id in self._seen:
                self._seen.move_to_end(id)
                return self._seen[id]
        view = fetch()
        if view is None:
            return None
        found = find(view)
        with self._lock:
            self._seen[id] = found
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return found
