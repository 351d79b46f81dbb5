"""The stages in order, on pictures made here, against a store kept in plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from obverse import recipes
from obverse.catalogue.stages import expected_manifest
from obverse.catalogue.store import Hits, Manifest, StoreStats
from obverse.errors import UsageError
from obverse.layer import Layer
from obverse.pipeline import LARGER, Clock, Pipeline, best_views
from obverse.types import (
    F32,
    U8,
    Evidence,
    Item,
    NumeralReading,
    OutlineReading,
    Patch,
    Photo,
    Region,
    View,
)
from tests.coins import face, photo_of, turned

TYPES = 12


class ListStore:
    """A store in a list: exact search, nothing on disk."""

    uri = "memory"

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.rows: list[View] = []

    def put(
        self, views: Sequence[View], items: Sequence[Item] = (), *, instead_of: Sequence[str] = ()
    ) -> None:
        self.rows += views

    def delete(self, views: Sequence[str] = (), items: Sequence[str] = ()) -> int:
        raise NotImplementedError

    def hashes(self) -> dict[str, list[tuple[str, str, str, str]]]:
        return {}

    def items(self, ids: Sequence[str] | None = None) -> list[Item]:
        return [Item(i, f"Coin {i}") for i in ids or []]

    def views(
        self,
        ids: Sequence[str] | None = None,
        *,
        item: str | Sequence[str] | None = None,
        embeddings: bool = False,
    ) -> list[View]:
        return [v for v in self.rows if ids is None or v.id in ids]

    def search(self, vector: F32, k: int) -> Hits:
        kept = [(v, v.embedding) for v in self.rows if v.embedding is not None]
        scores = np.array([e.vector @ vector for _, e in kept], np.float32)
        order = np.argsort(-scores)[:k]
        return Hits(
            [kept[i][0].id for i in order],
            [kept[i][0].item for i in order],
            scores[order],
            np.stack([kept[i][1].map for i in order])
            if kept
            else np.zeros((0, *self.manifest.map_shape), np.int8),
            [kept[i][1].description for i in order] if self.manifest.describes else (),
        )

    def search_many(self, vectors: F32, k: int) -> Iterator[Hits]:
        return (self.search(vector, k) for vector in vectors)

    def scan(self, batch: int = 1024) -> Iterator[Hits]:
        raise NotImplementedError

    def stats(self) -> StoreStats:
        return StoreStats(len(self.rows), len(self.rows), 0, "none")

    def optimise(self) -> None: ...

    def close(self) -> None: ...


def scene(seed: int, degrees: float = 0.0, *, size: int = 480, squeeze: float = 1.0) -> U8:
    """A coin with a dark rim on a plain table."""
    coin = turned(face(seed, 320), degrees)
    disc = np.zeros((320, 320), np.uint8)
    cv2.circle(disc, (160, 160), 158, 255, -1, cv2.LINE_AA)
    cv2.circle(coin, (160, 160), 156, (70, 70, 70), 5, cv2.LINE_AA)
    matrix = np.array([[1.0, 0, 80], [0, squeeze, 240 - 160 * squeeze]])
    table = np.full((size, size, 3), (222, 214, 200), np.uint8)
    moved = cv2.warpAffine(coin, matrix, (size, size))
    alpha = cv2.warpAffine(disc, matrix, (size, size))[..., None] / 255.0
    return np.asarray(table * (1 - alpha) + moved * alpha, np.uint8)


@pytest.fixture(scope="module")
def filled() -> tuple[Pipeline, ListStore]:
    pipeline = Pipeline(recipes.get("coin"))
    store = ListStore(expected_manifest(pipeline))
    patches = [pipeline.look(photo_of(scene(i))) for i in range(TYPES)]
    for i, (patch, embedding) in enumerate(zip(patches, pipeline.embed(patches), strict=True)):
        region = patch.region.to_dict()
        _, picture = cv2.imencode(".jpg", patch.original[..., ::-1])
        thumbnail = picture.tobytes()
        store.put([View(f"v{i}", f"{i}", "", "", "", region, thumbnail, embedding, "")])
    return pipeline, store


@pytest.mark.parametrize(("degrees", "squeeze"), [(0, 1.0), (77, 1.0), (200, 0.85), (311, 0.9)])
def test_the_right_coin_comes_first_with_its_turn(
    filled: tuple[Pipeline, ListStore], degrees: float, squeeze: float
) -> None:
    pipeline, store = filled
    for seed in range(0, TYPES, 3):
        answer = pipeline.identify(store, photo_of(scene(seed, degrees, squeeze=squeeze)), top=4)
        assert answer.best is not None
        assert answer.best.item.id == str(seed)
        assert answer.evidence is answer.best.evidence
        off = abs((answer.best.evidence.turn - degrees + 180) % 360 - 180)
        assert off < 6
        assert len(answer.candidates) == 4
        scores = [c.score for c in answer.candidates]
        assert scores == sorted(scores, reverse=True)
        assert not answer.patch.region.whole


def test_the_times_of_every_stage_are_told(filled: tuple[Pipeline, ListStore]) -> None:
    pipeline, store = filled
    answer = pipeline.identify(store, photo_of(scene(1)))
    assert list(answer.times_ms) == [
        "find",
        "normalise",
        "quality",
        "embed",
        "search",
        "verify",
        "decide",
        "fetch",
    ]
    assert all(t >= 0 for t in answer.times_ms.values())


@pytest.mark.parametrize("size", [1.0, 0.87])
def test_an_outline_that_is_too_small_is_looked_at_again(
    filled: tuple[Pipeline, ListStore], size: float
) -> None:
    """As found, where that fits; with more around it, where the finder took an inner step of the
    rim. The region told is the one that was found."""
    pipeline, store = filled
    photo = photo_of(scene(4, 130.0))
    found = pipeline.find(photo)[0]
    assert found.ellipse is not None
    ellipse = replace(found.ellipse, a=size * found.ellipse.a, b=size * found.ellipse.b)
    patch = pipeline.normalise(photo, replace(found, ellipse=ellipse))
    asked = pipeline.ask(store, [(photo, patch)], 1, Clock())[0]
    assert asked.items[0] == "4"
    assert asked.patch.region == patch.region
    alone = pipeline.verify(pipeline.embed_query(patch), pipeline.search(store, asked.query))[0]
    if size == 1.0:
        np.testing.assert_array_equal(asked.patch.matrix, patch.matrix)
        assert alone.max() - 1e-5 <= asked.standing.scores[0] < alone.max() + 0.02
    else:
        np.testing.assert_allclose(asked.patch.matrix[:, :2] * LARGER, patch.matrix[:, :2])
        assert asked.standing.scores[0] > alone.max() + 0.01


@pytest.mark.parametrize(
    ("scores", "numbers", "leads", "asked"),
    [
        ((0.8, 0.75, 0.74), ("10", "50", "10"), 0, 3),  # close ones are asked, too
        ((0.8, 0.75, 0.69), ("10", "50", "10"), 0, 2),  # but not those far behind
        ((0.8, 0.75, 0.74), ("", "10", "10"), 0, 1),  # no number, nothing to part them by
        ((0.8, 0.75, 0.74), ("50", "20", "10"), 2, 3),  # the next that says what the photo says
        ((0.8, 0.6, 0.5), ("50", "10", "10"), 1, 2),
        ((0.8, 0.6, 0.5), ("50", "", "20"), 0, 3),
    ],
)
def test_who_is_asked_for_its_number(
    scores: tuple[float, ...], numbers: tuple[str, ...], leads: int, asked: int
) -> None:
    """The photo says 10."""
    told: list[str] = []

    class Look:
        @staticmethod
        def numeral(id: str, evidence: Evidence) -> Evidence:
            told.append(id)
            number = numbers[int(id)]
            if not number:
                return evidence
            ratio = 4.0 if number == "10" else -4.0
            return replace(evidence, numeral=NumeralReading(number, "10", ratio, ()))

    evidence = [Evidence(score, 0.0, np.zeros((1, 1), np.float32)) for score in scores]
    views = ["0", "1", "2"]
    assert Pipeline._agreed(Look(), views, evidence) == leads  # type: ignore[arg-type]
    assert told == ["0", "1", "2"][:asked]
    assert [one.numeral is not None for one in evidence] == [
        bool(number) and i < asked for i, number in enumerate(numbers)
    ]


def test_a_number_does_not_bring_back_another_shape() -> None:
    """The photo is scalloped and says 10; the round one says it, too, the scalloped one says 50."""

    class Look:
        @staticmethod
        def numeral(id: str, evidence: Evidence) -> Evidence:
            number, ratio = {"scalloped": ("50", -4.0), "round": ("10", 4.0)}[id]
            return replace(evidence, numeral=NumeralReading(number, "10", ratio, ()))

    plain = Evidence(0.8, 0.0, np.zeros((1, 1), np.float32))
    shapes = OutlineReading(12, 12, 4.6), OutlineReading(0, 12, -4.6)
    evidence = [replace(plain, outline=shape) for shape in shapes]
    views = ["scalloped", "round"]
    assert Pipeline._agreed(Look(), views, evidence) == 0  # type: ignore[arg-type]
    assert [e.numeral is not None and e.numeral.agrees for e in evidence] == [False, True]


def test_a_closer_look_raises_scores_and_keeps_the_order(
    filled: tuple[Pipeline, ListStore],
) -> None:
    """Twins gain alike from lying exactly, so it must not choose among them."""
    pipeline, store = filled
    photo = photo_of(scene(2, 33))
    region = pipeline.finder.first(photo)
    ellipse = region.ellipse
    assert ellipse is not None
    wider = replace(ellipse, a=1.05 * ellipse.a, b=1.05 * ellipse.b)
    patch = pipeline.normalise(photo, replace(region, ellipse=wider))
    query = pipeline.embed_query(patch)
    hits = pipeline.search(store, query)
    plain, before, _ = pipeline.rank(query, hits, 5)
    first, standing, evidence = pipeline.rank(query, hits, 5, pipeline.closer(store, patch))
    assert first == plain
    assert (standing.scores >= before.scores - 1e-6).all()
    assert standing.scores[0] > before.scores[0]
    shown = [e.score for e in evidence]
    assert standing.scores[: len(shown)] == pytest.approx(shown, abs=1e-6)


def test_the_first_view_is_asked_with_copies_of_itself(
    filled: tuple[Pipeline, ListStore],
) -> None:
    """It alone; without a layer they score what they score, with one that raises scores more."""
    pipeline, store = filled
    best, *others = pipeline.identify(store, photo_of(scene(2, 33))).candidates
    told = best.evidence.expected
    assert told is not None
    assert 0.3 < told.score < 0.9
    assert told.weakest < told.score
    assert all(candidate.evidence.expected is None for candidate in others)
    channels, _, _ = pipeline.embedder.map_shape
    flat = np.eye(256, dtype=np.float32), np.eye(channels, dtype=np.float32)
    pipeline.learn(Layer(*flat, 1.05, "", {}), None)
    try:
        raised = pipeline.identify(store, photo_of(scene(2, 33))).candidates[0].evidence.expected
    finally:
        pipeline.learn(None, None)
    assert raised is not None
    assert raised.score == pytest.approx(1.05 * told.score, abs=2e-3)


def test_the_view_that_is_asked_is_the_one_that_leads(
    filled: tuple[Pipeline, ListStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a number puts the second first, that one's own copies are asked."""
    pipeline, store = filled
    photo = photo_of(scene(2, 33))
    patch = pipeline.look(photo)
    query = pipeline.embed_query(patch)
    hits = pipeline.search(store, query)
    usual, _, _ = pipeline.rank(query, hits, 5)
    monkeypatch.setattr(Pipeline, "_agreed", staticmethod(lambda *_: 1))
    first, standing, evidence = pipeline.rank(query, hits, 5, pipeline.closer(store, patch))
    assert first[:2] == [usual[1], usual[0]]
    told = evidence[0].expected
    assert told is not None
    assert standing.expected == (told.score, told.weakest)
    pipeline.learn(None, None)  # nothing is remembered
    closer = pipeline.closer(store, patch)
    assert closer is not None
    again = closer.expected(hits.views[usual[1]], hits.maps[usual[1]], evidence[0]).expected
    assert again == told
    pipeline.learn(None, None)
    other = closer.expected(hits.views[usual[0]], hits.maps[usual[0]], evidence[0]).expected
    assert other != told


def test_a_strange_coin_is_less_sure(filled: tuple[Pipeline, ListStore]) -> None:
    pipeline, store = filled
    stranger = pipeline.identify(store, photo_of(scene(77)))
    friend = pipeline.identify(store, photo_of(scene(2, 33)))
    assert stranger.best is not None
    assert friend.best is not None
    assert stranger.best.probability < friend.best.probability
    assert not stranger.known
    assert friend.known


def test_the_probability_does_not_depend_on_how_many_are_shown(
    filled: tuple[Pipeline, ListStore],
) -> None:
    pipeline, store = filled
    told = [
        [
            c.probability
            for c in pipeline.identify(store, photo_of(scene(3, 50)), top=top).candidates
        ]
        for top in (1, 2, 8)
    ]
    assert [len(t) for t in told] == [1, 2, 8]
    assert told[0] == told[2][:1]
    assert told[1] == told[2][:2]


def test_who_puts_up_with_fewer_wrong_answers_gets_fewer(
    filled: tuple[Pipeline, ListStore],
) -> None:
    pipeline, store = filled
    decider, photo = pipeline.decider, photo_of(scene(3, 50))
    best = pipeline.identify(store, photo).candidates[0].probability
    curve = ((0.0, best + 1e-6), (0.1, best - 1e-6))
    pipeline.learn(None, replace(decider, curve=curve, threshold=best - 1e-6))
    try:
        known = [pipeline.identify(store, photo, max_wrong=w).known for w in (None, 0.2, 0.05)]
        tray = [pipeline.identify_all(store, photo, max_wrong=w) for w in (None, 0.05)]
    finally:
        pipeline.learn(None, None)
    assert known == [True, True, False]
    assert [t.answers[0].known for t in tray] == [True, False]


def test_an_empty_catalogue_answers_that_it_knows_nothing(
    filled: tuple[Pipeline, ListStore],
) -> None:
    pipeline, store = filled
    answer = pipeline.identify(ListStore(store.manifest), photo_of(scene(1)))
    assert answer.candidates == ()
    assert not answer.known
    assert answer.best is None
    assert answer.evidence is None
    assert answer.to_dict()["best"] is None


def test_two_views_of_an_item_are_one_candidate(filled: tuple[Pipeline, ListStore]) -> None:
    pipeline, store = filled
    double = ListStore(store.manifest)
    double.rows = [*store.rows, *(replace(v, id=v.id + "b") for v in store.rows)]
    answer = pipeline.identify(double, photo_of(scene(4, 50)), top=50)
    ids = [c.item.id for c in answer.candidates]
    assert len(ids) == len(set(ids)) == TYPES


def test_best_views_by_a_slow_formula() -> None:
    rng = np.random.default_rng(0)
    items = [f"{n}" for n in rng.integers(0, 7, 60)]
    scores = rng.random(60).astype(np.float32)
    got = best_views(items, scores)
    want = {i: max(s for j, s in zip(items, scores, strict=True) if j == i) for i in set(items)}
    assert [items[i] for i in got] == sorted(want, key=lambda i: -want[i])
    assert [scores[i] for i in got] == sorted(want.values(), reverse=True)


def test_a_flat_thing_needs_no_disc() -> None:
    pipeline = Pipeline(recipes.get("flat"))
    store = ListStore(expected_manifest(pipeline))
    rng = np.random.default_rng(5)
    boxes = [
        cv2.resize(rng.integers(0, 255, (9, 6, 3), dtype=np.uint8), (240, 360)) for _ in range(8)
    ]
    patches = [pipeline.look(photo_of(np.asarray(b, np.uint8))) for b in boxes]
    for i, embedding in enumerate(pipeline.embed(patches)):
        store.put([View(f"v{i}", f"{i}", "", "", "", {}, b"", embedding, "")])
    darker = np.asarray(boxes[3] * 0.7 + 10, np.uint8)
    answer = pipeline.identify(store, photo_of(darker))
    assert answer.best is not None
    assert answer.best.item.id == "3"
    assert abs((answer.best.evidence.turn + 180) % 360 - 180) < 2
    assert answer.best.evidence.matches is not None
    assert answer.best.evidence.matches.inliers.sum() >= 4
    on_its_side = photo_of(np.ascontiguousarray(np.rot90(boxes[3])))
    answer = pipeline.identify(store, on_its_side)
    assert answer.best is not None
    assert answer.best.item.id == "3"
    assert answer.best.evidence.turn == pytest.approx(90, abs=2)


@pytest.mark.parametrize("name", ["coin", "disc"])
def test_only_coins_are_looked_at_twice(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only where no view agrees well: the calibrations of others know nothing of it."""
    pipeline = Pipeline(recipes.get(name))
    store = ListStore(expected_manifest(pipeline))
    patches = [pipeline.look(photo_of(scene(1)))]
    store.put([View("v", "1", "", "", "", {}, b"", pipeline.embed(patches)[0], "")])
    sizes: list[float] = []
    seen = pipeline.normalise

    def normalise(photo: Photo, region: Region) -> Patch:
        assert region.ellipse is not None
        sizes.append(region.ellipse.a)
        return seen(photo, region)

    monkeypatch.setattr(pipeline, "normalise", normalise)
    pipeline.identify(store, photo_of(scene(1)))
    assert len(sizes) == 1, "a view agrees well"
    sizes.clear()
    pipeline.identify(store, photo_of(scene(2)))
    assert len(sizes) == (2 if name == "coin" else 1)
    if name == "coin":
        assert sizes[1] == pytest.approx(LARGER * sizes[0])


def test_a_flat_recipe_takes_no_network_for_round_things() -> None:
    with pytest.raises(UsageError, match="takes no other embedder"):
        recipes.get("flat", "mine.json")


def test_unknown_recipe() -> None:
    with pytest.raises(UsageError, match="choose one of: coin, disc, flat"):
        recipes.get("nope")
