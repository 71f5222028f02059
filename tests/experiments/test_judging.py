"""Which pictures judge networks that are asked as one: those that none of them has seen."""

import pytest
from small_split import split_record

from vgglab.datasets import load_data
from vgglab.errors import DataError, RunError
from vgglab.experiments.judging import unseen_test
from vgglab.runs.files import write_json
from vgglab.runs.seeds import find_group


@pytest.fixture
def crossed(write_run, tmp_path):
    """Write the folder of two folds that nobody trained: `crossed(pictures)`."""

    def write(root):
        for fold in (1, 2):
            settings = {"folds": 2, "fold": fold}
            options = {"data": str(root), "image_size": 32, **settings}
            run = write_run(f"fold-{fold}", [2.3], options=options, parent=tmp_path / "crossed")
            write_json(run.folder / "split.json", split_record(load_data(str(root), image_size=32, **settings)))
        return find_group(tmp_path / "crossed")

    return write


def test_folds_are_never_judged_on_what_another_fold_was_trained_on(crossed, make_folder):
    group = crossed(make_folder({"ants": 8, "bees": 8}))
    with pytest.raises(DataError, match="have seen every picture, each all but one fold"):
        unseen_test(group.folder, group.runs, None, None)
    assert len(unseen_test(group.folder, group.runs[:1], None, None)) == 8  # one fold alone: what it judges


def test_folds_are_judged_on_a_test_part_that_was_left_alone(crossed, make_folder):
    root = make_folder({"train/ants": 8, "train/bees": 8, "test/ants": 2, "test/bees": 3})
    group = crossed(root)
    test, files = unseen_test(group.folder, group.runs, None, None), load_data(str(root), image_size=32).files
    assert [files[index].partition("/")[0] for index in test.indices] == ["test"] * 5
    seen = {index for run in group.runs for part in ("train", "validation", "test") for index in run.split[part]}
    assert not seen & set(test.indices.tolist())


def test_seeds_on_different_pictures_have_no_test_in_common(write_run, make_folder, tmp_path):
    root = make_folder({"ants": 8, "bees": 8})
    for seed in (0, 1):
        options = {"data": str(root), "image_size": 32, "seed": seed}
        run = write_run(f"seed-{seed}", [2.3], options=options, parent=tmp_path / "seeds")
        split = split_record(load_data(str(root), image_size=32))
        write_json(run.folder / "split.json", split | ({"sha256": "another"} if seed else {}))
    with pytest.raises(RunError, match="trained on different pictures"):
        unseen_test(tmp_path / "seeds", find_group(tmp_path / "seeds").runs, None, None)
