"""What tests of reports share: the lab with the records of a real run in every folder, and how a page is read."""

import csv
import html
import json
import re
import shutil

import html5lib
import pytest

from vgglab.config.study_file import load_study, plan_runs, study_text
from vgglab.config.yaml_text import dump_yaml
from vgglab.report.collect import collect
from vgglab.report.html import render
from vgglab.report.language import Language
from vgglab.runs.files import write_csv, write_json, write_text
from vgglab.runs.record import HISTORY_FIELDS, RunRecord

# What the folders of the lab say happened: validation accuracy of each epoch, and validation loss.
COURSES = {
    "reference-sgd": ([0.05, 0.1, 0.1], [2.3, 2.3, 2.3]),
    "reference-adam": ([0.1, 0.1, 0.1], [9.1, 2.4, 2.3]),
    "batchnorm-sgd": ([0.3, 0.8, 0.9], [1.9, 0.8, 0.5]),
    "batchnorm-adam": ([0.1, 0.1, 0.1], [2.4, 2.4, 2.3]),
    "dropout-sgd": ([0.2, 0.7, 0.8], [2.1, 1.0, 0.7]),
    "dropout-adam": ([0.1, 0.1, 0.1], [2.4, 2.4, 2.3]),
}
TUNED = ([0.5, 0.6, 0.6], [1.2, 1.0, 0.9])


@pytest.fixture(scope="session")
def lab(trained, tmp_path_factory):
    """A folder of the lab's runs: records of a real run, with courses of their own; do not change it."""
    folder = tmp_path_factory.mktemp("lab") / "lab"
    overrides = {"data.limit": 100, "model.width": 0.05, "train.epochs": 3}
    study = load_study("vgg16-lab")
    planned = plan_runs(study, overrides)
    for plan in planned:
        shutil.copytree(trained.folder, folder / plan.name, ignore=shutil.ignore_patterns("*.keras", ".lock"))
        (folder / plan.name / "best.keras").write_bytes(b"a model")
        write_text(folder / plan.name / "config.yaml", dump_yaml(plan.config.model_dump(mode="json")))
        tell(folder / plan.name, *COURSES.get(plan.name, TUNED))
    write_text(folder / "study.yaml", study_text(study, planned))
    choices = {"optimal": {"chosen": "batchnorm-sgd", "reason": "the best"}}
    write_json(folder / "study.json", {"schema": 1, "choices": choices})
    return folder


def tell(folder, accuracies, losses):
    """Write a course of a training into a run folder, and as many right test predictions as its best epoch says."""
    rows = zip(range(1, 9), losses, accuracies, strict=False)
    rows = [(epoch, loss, good, loss, good, 0.1, 1.0, 1) for epoch, loss, good in rows]
    write_csv(folder / "history.csv", HISTORY_FIELDS, [dict(zip(HISTORY_FIELDS, row, strict=True)) for row in rows])
    record = RunRecord(**json.loads((folder / "run.json").read_text()))
    record.name = folder.name
    record.save(folder)
    with (folder / "predictions.csv").open(newline="") as file:
        predictions = list(csv.DictReader(file))
    for order, row in enumerate(predictions):
        right = order < max(accuracies) * len(predictions)
        row["predicted"] = row["label"] if right else str((int(row["label"]) + 1) % 10)
    write_csv(folder / "predictions.csv", list(predictions[0]), predictions)


@pytest.fixture
def lab_copy(lab, tmp_path):
    """The lab's folder, to be changed."""
    return shutil.copytree(lab, tmp_path / "lab")


@pytest.fixture
def run_copy(trained, tmp_path):
    """The folder of a real run, to be changed."""
    return shutil.copytree(trained.folder, tmp_path / "trained")


class Shown(str):
    """A page as text."""

    @property
    def tree(self):
        """The page as a tree; the parser is strict, any error of the markup is raised."""
        return html5lib.HTMLParser(strict=True).parse(self)

    @property
    def words(self) -> str:
        """What a reader sees, on one line."""
        body = re.sub(r"<(style|script|title|desc)\b.*?</\1>", "", self, flags=re.S)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


@pytest.fixture(scope="session")
def page():
    """The page of some folders: `page(folder, language="fr").words`."""

    def make(*paths, language="en") -> Shown:
        return Shown(render(collect(paths), Language(language)))

    return make
