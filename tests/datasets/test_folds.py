"""Folds: each picture judged once, each class in its share, groups whole."""

import numpy as np
import pytest

from vgglab.config.schema import DataConfig
from vgglab.datasets.folder import plan_parts
from vgglab.datasets.folds import fold_parts
from vgglab.datasets.layout import find_pictures
from vgglab.datasets.load import load_data, load_dataset, published
from vgglab.errors import ConfigError, DataError

LABELS = np.repeat([0, 1, 2], [30, 20, 10])
GROUPS = np.concatenate([np.arange(30) // 3, 10 + np.arange(20) // 2, 20 + np.arange(10) // 2])


def all_folds(folds, groups=None, labels=LABELS):
    return [fold_parts(labels, "abc", DataConfig(folds=folds, fold=n + 1), groups) for n in range(folds)]


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_each_picture_is_judged_once_and_is_in_one_part_of_each_fold(groups):
    folds = all_folds(5, groups)
    assert sorted(np.concatenate([parts["test"] for parts in folds])) == list(range(60))
    for parts in folds:
        assert sorted(np.concatenate(list(parts.values()))) == list(range(60))
        assert all((np.diff(rows) > 0).all() for rows in parts.values())


def test_every_class_is_in_every_part_in_its_share():
    for parts in all_folds(5):
        assert np.bincount(LABELS[parts["test"]]).tolist() == [6, 4, 2]
        assert np.bincount(LABELS[parts["validation"]]).tolist() == [5, 3, 2]


def test_a_group_is_never_on_both_sides():
    for parts in all_folds(5, GROUPS):
        of_each = [set(GROUPS[rows]) for rows in parts.values()]
        assert not (of_each[0] & of_each[1] or of_each[0] & of_each[2] or of_each[1] & of_each[2])
        assert all(set(LABELS[rows]) == {0, 1, 2} for rows in parts.values())


def test_the_test_images_that_are_published_wait_and_a_limit_cuts_what_is_judged():
    folds = [load_data("digits", folds=3, fold=fold, limit=100) for fold in (1, 2, 3)]
    judged = np.concatenate([fold.test.indices for fold in folds])
    assert len(set(judged)) == len(judged) == 100
    assert not set(judged) & set(load_data("digits").test.indices)
    whole = load_data("digits", folds=3, fold=1)
    told = published("digits", folds=3, fold=1).part_sizes(0.2, None)
    assert [len(whole.train), len(whole.validation), len(whole.test)] == pytest.approx(told, abs=5)


@pytest.mark.parametrize("folds", [None, 4])
def test_groups_of_a_table_stay_whole_in_a_folder(make_folder, folds):
    root = make_folder({"a": 20, "b": 20})
    rows = [f"{name}/{n:03}.png,{name},p{name if n < 18 else ''}{n // 2}" for name in "ab" for n in range(20)]
    (root / "table.csv").write_text("\n".join(["file,class,patient", *rows]))
    data = {"name": str(root), "labels": str(root / "table.csv"), "groups": "patient"}
    config = DataConfig(**data, folds=folds, fold=folds and 2)
    pictures = find_pictures(config)
    assert len(set(pictures.groups)) == 19  # the last two pictures of both classes are of one patient
    parts = [set(pictures.groups[rows]) for rows in plan_parts(pictures, config).values()]
    assert all(parts) and len(set.union(*parts)) == sum(map(len, parts)) == 19


def test_a_column_that_is_not_there_is_one_line_with_those_that_are(make_folder):
    root = make_folder({"a": 2, "b": 2})
    (root / "table.csv").write_text("file,class,patient\na/000.png,a,1\nb/000.png,b,2\n")
    config = DataConfig(name=str(root), labels=str(root / "table.csv"), groups="burst")
    with pytest.raises(DataError, match="--groups is 'burst'; expected one of its columns, class, patient"):
        find_pictures(config)


def test_what_cannot_be_folded_is_told(make_folder):
    with pytest.raises(DataError, match=r"class 'c' has 10 images.*at least 11"):
        all_folds(11)
    with pytest.raises(DataError, match="class 'a' is in 1 of the groups, expected at least 3"):
        all_folds(2, LABELS)
    with pytest.raises(ConfigError, match="does not say which of them"):
        load_dataset(DataConfig(folds=5))
    with pytest.raises(ValueError, match=r"data.fold is 6 and data.folds 5; expected 1 to 5"):
        DataConfig(folds=5, fold=6)
