"""Where a run logs to decides nothing of what it computes, and what is missing is said before it begins."""

import pytest

import vgglab
from vgglab.config.names import readable_name
from vgglab.config.resolve import make_config
from vgglab.config.study_file import load_study, plan_runs, study_folder_name, study_text
from vgglab.errors import ConfigError, TrackingError
from vgglab.report.compare import differing_fields
from vgglab.tracking import trackers


def test_a_missing_package_is_one_line_with_the_command_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    message = "--log tensorboard: the package tensorboard is not installed; pip install 'vgglab\\[tensorboard\\]'"
    with pytest.raises(TrackingError, match=message):
        vgglab.run(log="tensorboard", out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_wrong_name_is_told_the_right_one():
    with pytest.raises(ConfigError, match=r"'tensorbord'; expected one of tensorboard, mlflow; did you mean"):
        make_config({"log": "tensorbord"})


@pytest.mark.parametrize(
    ("given", "log"), [("tensorboard,mlflow", ("tensorboard", "mlflow")), (["mlflow", "mlflow"], ("mlflow",)), ("", ())]
)
def test_ways_to_say_it(given, log):
    assert make_config({"log": given}).log == log


def test_it_is_no_part_of_a_runs_name_nor_of_what_differs(write_run):
    assert readable_name(make_config({"log": "mlflow"})) == readable_name(make_config({}))
    runs = [write_run("a", losses=[1.0], options={"log": "mlflow"}), write_run("b", losses=[1.0])]
    assert differing_fields(runs) == [{}, {}]


def test_a_study_that_goes_on_may_log_elsewhere():
    study = load_study("vgg16-lab")
    plain, logged = plan_runs(study, {}), plan_runs(study, {"log": "mlflow"})
    assert {run.config.log for run in logged} == {("mlflow",)}
    assert study_text(study, plain) == study_text(study, logged)
    assert study_folder_name(study, plain, {}) == study_folder_name(study, logged, {"log": "mlflow"})
