"""Post-processing: PCA against scikit-learn, whitening, codes, chains."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from obverse.errors import UsageError
from obverse.types import F32
from obverse.zoo import post, unit
from obverse.zoo.post import Chain, Linear
from obverse.zoo.quantise import Binary, Product, Scalar, restore


@pytest.fixture(scope="module")
def vectors() -> F32:
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(400, 32)) @ rng.normal(size=(32, 32)) + rng.normal(size=32)
    return unit(mixed)


def test_pca_against_scikit_learn(vectors: F32) -> None:
    theirs = PCA(8).fit_transform(vectors)
    mine = Linear.pca(vectors, 8, whiten=False).apply(vectors)
    np.testing.assert_allclose(np.abs(mine), np.abs(theirs), atol=1e-4)


def test_whitened_vectors_have_identity_covariance(vectors: F32) -> None:
    white = Linear.pca(vectors, 16, whiten=True).apply(vectors)
    np.testing.assert_allclose(np.cov(white.T), np.eye(16), atol=1e-3)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-4)


def test_too_many_directions(vectors: F32) -> None:
    with pytest.raises(UsageError, match="at most 4"):
        Linear.pca(vectors[:5], 8, whiten=True)


def test_product_quantisation_errs_less_with_more_bytes(vectors: F32) -> None:
    errors = []
    for parts in (1, 2, 4, 8, 16):
        coder = Product.fit(vectors, parts)
        codes = coder.encode(vectors)
        assert codes.shape == (400, parts)
        assert codes.dtype == np.uint8
        errors.append(float(((coder.decode(codes) - vectors) ** 2).sum(axis=1).mean()))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.25 * errors[0]


def test_product_quantisation_takes_the_nearest_centre(vectors: F32) -> None:
    coder = Product.fit(vectors, 4)
    part = vectors[7, 8:16]
    distances = [float(np.linalg.norm(part - centre)) for centre in coder.centres[1]]
    assert coder.encode(vectors[7:8])[0, 1] == int(np.argmin(distances))


def test_scalar_quantisation_errs_by_half_a_step_at_most(vectors: F32) -> None:
    coder = Scalar.fit(vectors)
    off = np.abs(coder.decode(coder.encode(vectors)) - vectors)
    assert (off <= 0.501 * coder.step).all()


def test_binary_codes_are_signs(vectors: F32) -> None:
    centred = vectors - vectors.mean(axis=0)
    coder = Binary(30)
    decoded = coder.decode(coder.encode(centred[:, :30]))
    assert coder.size == 4
    assert np.array_equal(decoded > 0, centred[:, :30] > 0)
    np.testing.assert_allclose(np.linalg.norm(decoded, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("parts", [5, 33])
def test_parts_that_do_not_fit_are_refused_with_ones_that_do(vectors: F32, parts: int) -> None:
    with pytest.raises(UsageError, match=r"try pq:(4|32)"):
        Product.fit(vectors, parts)


@pytest.mark.parametrize(
    "name",
    ["l2", "centre", "pca:4", "pca-whiten:6,pq:3", "l2,pca:8,l2,sq8", "centre,binary,qe:3", "csls"],
)
def test_a_chain_is_stored_and_restored(vectors: F32, name: str) -> None:
    chain = Chain.fit(name, vectors)
    again = Chain.restore(name, chain.state())
    applied = chain.apply(vectors)
    np.testing.assert_allclose(np.linalg.norm(applied, axis=1), 1, atol=1e-5)
    assert np.array_equal(again.apply(vectors), applied)
    assert np.array_equal(again.keep(applied), chain.keep(applied))
    assert again.fingerprint == chain.fingerprint


def test_what_ranks_again_does_not_change_vectors(vectors: F32) -> None:
    one, other = Chain.fit("pca:4", vectors), Chain.fit("pca:4,qe:3", vectors)
    assert one.fingerprint == other.fingerprint
    assert post.reranks("pca:4,qe:3") == ["qe:3"]


def test_only_what_is_stored_is_rounded(vectors: F32) -> None:
    plain, coded = Chain.fit("pca:8", vectors), Chain.fit("pca:8,binary", vectors)
    assert np.array_equal(plain.apply(vectors), coded.apply(vectors))
    kept = coded.keep(coded.apply(vectors))
    assert len(np.unique(np.abs(kept).round(5))) == 1
    assert np.array_equal(plain.keep(plain.apply(vectors)), plain.apply(vectors))


def test_coders_restore_by_kind(vectors: F32) -> None:
    for coder in (Product.fit(vectors, 4), Scalar.fit(vectors), Binary(32)):
        again = restore(coder.kind, coder.state())
        assert type(again) is type(coder)
        assert np.array_equal(again.encode(vectors), coder.encode(vectors))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("pca", "unknown post-processing 'pca'"),
        ("pca:0", "unknown post-processing"),
        ("l2,hog", "unknown post-processing 'hog'; hog is a descriptor: give --embedder once"),
        ("polar", "polar is a descriptor"),
        ("pq:8,pca:4", "no order"),
        ("qe:3,l2", "no order"),
        ("pq:8,sq8", "no order"),
        ("qe:3,diffusion", "no order"),
    ],
)
def test_chains_that_make_no_sense(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        post.parse(text)
