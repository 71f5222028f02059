"""`vgglab data`: look at data before training on it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from vgglab.cli.console import say
from vgglab.cli.options import with_config_options
from vgglab.cli.parameters import Labels, Layout
from vgglab.keras_tools.backend import import_keras

VARIANTS = 7  # of each image that is previewed

app = typer.Typer(help="Look at a data set before training on it.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of pictures, as for train --data.")],
    labels: Labels = None,
    layout: Layout = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output on stdout.")] = False,
) -> None:
    """Read a folder's pictures: counts, sizes, broken files, duplicates; code 1 where training would refuse it."""
    from vgglab.datasets.check import check_folder
    from vgglab.datasets.check_text import check_text

    report = check_folder(path, labels=labels, layout=layout)
    typer.echo(json.dumps(report, indent=1) if as_json else check_text(report))
    if any(finding["severity"] == "error" for finding in report["findings"]):
        raise typer.Exit(1)


@app.command()
@with_config_options
def preview(
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file of a run.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG file to write.")] = Path("preview.png"),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    images: Annotated[int, typer.Option(min=1, max=64, help="Training images to show, a row each.")] = 8,
    data_dir: Annotated[Path | None, typer.Option(envvar="VGGLAB_DATA", help="Where the data sets lie.")] = None,
    *,
    overrides: dict[str, Any],
) -> None:
    """Draw training images next to what augmentation makes of them: --flip, --crop 4, --randaugment 2, --mixup 0.2."""
    from vgglab.config.resolve import read_config

    made = read_config(config, overrides)
    _check_preview(made, output, force)
    import_keras()
    from vgglab.evaluation.preview import draw_preview, write_preview
    from vgglab.training.preview import preview_run, preview_title

    picture = preview_run(made, images, VARIANTS, data_dir)
    write_preview(draw_preview(picture, preview_title(made)), output)
    say(f"written: {output}, {len(picture.originals)} images and {VARIANTS} variants of each")


def _check_preview(config: Any, output: Path, force: bool) -> None:
    """Refuse what cannot be drawn or written, before anything slow."""
    from vgglab.errors import UsageError

    if not config.augment.used:
        raise UsageError(
            "nothing varies the images; ask for --flip, --crop, --randaugment, --cutout, --mixup or --cutmix"
        )
    if output.suffix.lower() != ".png":
        raise UsageError(f"--output is {output}; expected a name that ends in .png")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"--output: there is no folder {output.parent}; make it first")
    if output.exists() and not force:
        raise UsageError(f"{output} is there already; --force writes over it, --output chooses another name")
