"""The whole lab, one epoch a run, on the backends that the demo is not run on; on TensorFlow the notebook does it."""

import keras
import pytest

from vgglab.config.study_file import load_study, plan_runs
from vgglab.experiments.study import run_study
from vgglab.report.compare import compare
from vgglab.report.html import write_report


@pytest.mark.long
@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="the notebook runs the lab on TensorFlow")
def test_every_run_of_the_lab_finishes_and_is_reported(tmp_path):
    study, small = load_study("vgg16-lab"), {"model.width": 0.25, "train.epochs": 1, "data.limit": 100}
    planned, said = plan_runs(study, small | {"data.name": "digits"}), []
    assert not run_study(study, planned, tmp_path / "lab", quiet=True, say=said.append), said
    rows = compare(tmp_path / "lab")
    assert len(rows) == 11 and {row["status"] for row in rows} == {"finished"}
    assert all(0 <= row["test_accuracy"] <= 1 and row["val_loss"] > 0 for row in rows)
    assert write_report([tmp_path / "lab"]).exists()
