"""Bounded work, in turn: several clients and a few threads, on a real event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from obverse.errors import Busy, PhotoEmpty
from obverse.server.pictures import Pictures
from obverse.server.pool import Pool

LONG = 60.0
"""Seconds that nothing here takes, however slow the machine."""


def play(scene: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(scene, 2 * LONG))


def test_results_and_errors_come_back() -> None:
    async def scene() -> None:
        pool = Pool("t", 2, 8, 8, LONG)
        assert await pool.run("a", lambda: 6 * 7) == 42
        with pytest.raises(PhotoEmpty):
            await pool.run("a", lambda: (_ for _ in ()).throw(PhotoEmpty("empty")))
        assert (pool.waiting, pool.working) == (0, 0)
        pool.close()

    play(scene())


def test_no_more_at_once_than_there_are_workers() -> None:
    async def scene() -> int:
        pool, lock, together = Pool("t", 3, 100, 100, LONG), threading.Lock(), threading.Barrier(3)
        now = most = 0

        def work() -> None:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            together.wait(LONG)  # as many as that are under way at once
            with lock:
                now -= 1

        await asyncio.gather(*(pool.run(str(n % 5), work) for n in range(42)))
        pool.close()
        return most

    assert play(scene()) == 3


def test_clients_are_served_in_turn() -> None:
    """One asks for twenty things first; the other's two come second and fourth."""

    async def scene() -> list[str]:
        pool, done = Pool("t", 1, 100, 100, LONG), []
        gate = threading.Event()
        first = asyncio.ensure_future(pool.run("greedy", gate.wait))
        await asyncio.sleep(0)
        jobs = [pool.run("greedy", lambda: done.append("greedy")) for _ in range(20)]
        waiting = [asyncio.ensure_future(job) for job in jobs]
        await asyncio.sleep(0)
        waiting += [
            asyncio.ensure_future(pool.run("other", lambda: done.append("other"))) for _ in "12"
        ]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, *waiting)
        pool.close()
        return done

    order = play(scene())
    assert len(order) == 22
    assert [i for i, who in enumerate(order) if who == "other"] == [1, 3]


def test_full_lines_refuse() -> None:
    async def scene() -> None:
        pool, gate = Pool("t", 1, 4, 2, LONG), threading.Event()
        running = [asyncio.ensure_future(pool.run("a", gate.wait))]
        await asyncio.sleep(0)
        running += [asyncio.ensure_future(pool.run("a", gate.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):  # the client's own line
            await pool.run("a", gate.wait)
        running += [asyncio.ensure_future(pool.run("b", gate.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):  # all lines together
            await pool.run("c", gate.wait)
        assert pool.refused == 2
        gate.set()
        assert await asyncio.gather(*running) == [True] * 5
        assert await pool.run("c", lambda: 1) == 1
        pool.close()

    play(scene())


def test_work_that_takes_too_long_is_given_up_and_holds_its_thread() -> None:
    async def scene() -> None:
        pool, gate = Pool("t", 1, 4, 4, 0.1), threading.Event()
        with pytest.raises(Busy):
            await pool.run("a", gate.wait)
        assert pool.working == 1
        never: list[int] = []
        with pytest.raises(Busy):
            await pool.run("b", lambda: never.append(1))
        gate.set()
        pool.seconds = LONG
        while pool.working:
            await asyncio.sleep(0.01)
        assert never == []
        assert await pool.run("c", lambda: 1) == 1
        pool.close()

    play(scene())


def test_pictures_are_bounded_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from obverse.server import pictures

    store = Pictures(seconds=10, size=1000)
    names = [store.keep(bytes(300), "image/png") for _ in range(5)]
    assert len(set(names)) == 5
    assert [store.get(name) is not None for name in names] == [False, False, True, True, True]
    now = pictures.time.monotonic()
    monkeypatch.setattr(pictures.time, "monotonic", lambda: now + 11)
    assert all(store.get(name) is None for name in names)
    assert store._bytes == 0
