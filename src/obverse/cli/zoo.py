"""Commands about descriptors by name, and how alike two pictures are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from obverse.cli.console import emit, say, write, write_table
from obverse.cli.options import (
    Draw,
    Json,
    MaxBytes,
    MaxMegapixels,
    OnePhoto,
    make_limits,
    said,
    target,
)
from obverse.cli.places import check_folder, check_picture

zoo = typer.Typer(
    help="Descriptors and post-processing by name.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@zoo.callback()
def list_zoo(context: typer.Context, as_json: Json = False) -> None:
    """Descriptors for --embedder, and steps for --post."""
    if context.invoked_subcommand is not None:
        return
    from obverse.zoo import TABLE, post

    if as_json:
        steps = [entry.to_dict() for entry in post.TABLE]
        emit({"embedders": [entry.to_dict() for entry in TABLE], "post": steps})
        return
    rows = [(e.name, e.what, e.fits, "zoo" if e.extra else "") for e in TABLE]
    write_table(("--embedder", "what it is", "where it fits", "needs"), rows)
    write()
    write_table(("--post", "what it is", "acts on"), ((e.name, e.what, e.acts) for e in post.TABLE))


@zoo.command()
def export(
    model: Annotated[
        str,
        typer.Argument(metavar="hf:MODEL", parser=said, help="hf:NAME_OR_FOLDER[:POOLING]."),
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", parser=target, help="The folder to write to.")
    ],
    as_json: Json = False,
) -> None:
    """Write a model of transformers as ONNX, to run without torch."""
    check_folder(out)
    from obverse.zoo.export import export as write_model

    made = write_model(model, out)
    if as_json:
        emit(made)
        return
    size = f"{made['bytes'] / 1e6:.1f} MB, {made['dim']:,} numbers"
    write(f"{made['card']}: {size}, differs from torch by {made['onnx_vs_torch']:.1g} at most")
    say(f"use it: obverse add CATALOGUE PHOTOS --embedder onnx:{made['card']}")


def compare(
    first: OnePhoto,
    second: Annotated[str, typer.Argument(metavar="PHOTO", parser=said, help="Another.")],
    embedder: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="polar (the default), vlad, or one of obverse zoo."),
    ] = None,
    draw: Draw = None,
    max_bytes: MaxBytes = None,
    max_megapixels: MaxMegapixels = None,
    as_json: Json = False,
) -> None:
    """How alike two pictures are, by every measure.

    By pixels, histograms, hashes, embeddings and keypoints. Pixels are compared at the first
    picture's size. --draw shows the keypoints found again.
    """
    check_picture(draw, [first, second])
    from obverse import compare as comparing
    from obverse.photo import load
    from obverse.words import turned

    limits = make_limits(max_bytes, max_megapixels)
    one, other = (load(photo, limits=limits) for photo in (first, second))
    found = comparing.compare(one, other, embedder or ("polar",))
    if draw is not None:
        from obverse import canvas

        canvas.save(comparing.draw(one, other, found.matches), draw)
    if as_json:
        emit({"photos": [one.to_dict(), other.to_dict()], **found.to_dict()})
        return
    best_turn = "" if found.turn is None else f"with the second turned {turned(found.turn)}"
    inliers = int(found.matches.inliers.sum())
    rows = [
        ("MSE", f"{found.mse:.1f}", found.resized),
        ("PSNR", "equal" if found.psnr is None else f"{found.psnr:.1f} dB", ""),
        ("SSIM", "too small" if found.ssim is None else f"{found.ssim:.3f}", ""),
        ("histogram correlation", f"{found.histogram:.3f}", "256 levels of grey"),
        ("hash distance", f"{found.hash_distance}", "of 64 bits"),
        *(
            (f"cosine of {name}", f"{cosine:.3f}", best_turn if name == "polar" else "")
            for name, cosine in found.embeddings.items()
        ),
        ("keypoints", f"{inliers}", f"of {len(found.matches.inliers)} pairs lie on one plane"),
    ]
    for name, value, note in rows:
        write(f"{name:22}  {value:>9}  {note}".rstrip())
