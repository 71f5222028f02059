"""What augmentation makes of the first images that a run is trained on."""

from pathlib import Path

from vgglab.config.schema import AugmentConfig, RunConfig
from vgglab.datasets.load import read_data
from vgglab.evaluation.preview import Preview, make_preview
from vgglab.training.augment import make_augmenter
from vgglab.training.batches import Batches


def preview_run(config: RunConfig, images: int, variants: int, data_dir: Path | None = None) -> Preview:
    """Images of a run's first batch, each with variants of its own.

    The first variants are those of the run's first step; the others, those of the same batch in later epochs.

    Args:
        config: with something that varies images.
        images: how many images; fewer, if a batch has fewer.
        variants: how many variants of each.
        data_dir: where the data sets lie.

    Raises:
        DataError: the data set is missing or damaged.
    """
    train, seed = config.train, config.train.seed
    dataset = read_data(config, data_dir)
    batch = Batches(dataset.train.images, dataset.train.labels, train.batch_size, seed)[0]
    augmenter = make_augmenter(config.augment, len(dataset.classes), seed)
    return make_preview(batch, dataset.classes, augmenter, images, variants)


def preview_title(config: RunConfig) -> str:
    """The data set and what varies it, in a line: `digits: flip, crop 4`."""
    defaults, asked = AugmentConfig().model_dump(), config.augment.model_dump(exclude={"views"})
    varied = [
        name if value is True else f"{name} {value:g}" for name, value in asked.items() if value != defaults[name]
    ]
    return f"{config.data.name}: {', '.join(varied)}"
