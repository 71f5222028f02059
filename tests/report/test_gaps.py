"""What a folder lacks is a gap in the page that names the file and what brings it back; nothing makes it crash."""

import json
import shutil

import pytest

RECORDED = {
    "metrics.json": "vgglab evaluate",
    "confusion_matrix.csv": "vgglab evaluate",
    "history.csv": "vgglab train --resume",
    "examples.json": "vgglab evaluate",
    "config.yaml": "Restore it from a copy",
}
DAMAGE = [
    b"",
    b"{",
    b"[]",
    b"\xff\xfe\x00",
    b"null",
    b'{"schema": 1}',
    b"a,b\n1,2\n",
    b'{"schema": 99, "findings": [{}]}',
]
FILES = sorted(
    {*RECORDED, "classes.json", "environment.json", "findings.json", "predictions.csv", "run.json", "signals.jsonl"}
    | {"split.json", "architecture.json", "summary.txt"}
)


@pytest.mark.parametrize(("file", "remedy"), RECORDED.items())
def test_a_missing_file_is_named_with_its_remedy(run_copy, page, file, remedy):
    (run_copy / file).unlink()
    text = page(run_copy)
    _ = text.tree
    assert f"{file} is missing in {run_copy}." in text.words and remedy in text.words


@pytest.mark.parametrize("file", FILES)
def test_no_file_is_needed_and_no_damage_makes_it_crash(run_copy, page, file):
    (run_copy / file).unlink(missing_ok=True)
    assert page(run_copy, language="fr").tree is not None
    for content in DAMAGE:
        (run_copy / file).write_bytes(content)
        assert page(run_copy).endswith("</html>")


def test_a_study_needs_no_file_of_its_runs(lab_copy, page):
    runs = sorted(path.parent for path in lab_copy.glob("*/run.json"))
    for order, file in enumerate(FILES):
        (runs[order % len(runs)] / file).unlink(missing_ok=True)
    shown = page(lab_copy)
    assert shown.tree is not None and shown.count('class="gap"') > len(FILES) / 2


def test_what_an_older_version_did_not_record_is_told(vgg, tmp_path, page):
    run_copy = shutil.copytree(vgg.folder, tmp_path / "copy")
    metrics = json.loads((run_copy / "metrics.json").read_text())
    del metrics["calibration"]
    (run_copy / "metrics.json").write_text(json.dumps(metrics))
    assert f"metrics.json in {run_copy} does not hold calibration. It is recorded by" in page(run_copy).words
    (run_copy / "network.json").unlink()
    assert "network.json is missing" not in page(run_copy).words  # architecture.json tells as much
    (run_copy / "architecture.json").unlink()
    assert f"network.json is missing in {run_copy}. It is recorded when a run is trained" in page(run_copy).words


@pytest.mark.parametrize("content", [b"no picture", b"\x89PNG" + bytes(100_000)])
def test_a_picture_that_is_none_is_not_put_into_the_page(run_copy, page, content):
    name = json.loads((run_copy / "examples.json").read_text())["examples"][0]["image"]
    (run_copy / name).write_bytes(content)
    assert f"{name} in {run_copy} cannot be used: not a PNG" in page(run_copy).words


def test_a_picture_from_outside_the_folder_is_not_taken(run_copy, page):
    (run_copy.parent / "secret.png").write_bytes(b"\x89PNG secret")
    examples = json.loads((run_copy / "examples.json").read_text())
    examples["examples"][0]["image"] = "../secret.png"
    (run_copy / "examples.json").write_text(json.dumps(examples))
    assert "it lies outside the run folder" in page(run_copy).words


def test_damage_is_told(run_copy, page):
    metrics = json.loads((run_copy / "metrics.json").read_text()) | {"n": "many"}
    (run_copy / "metrics.json").write_text(json.dumps(metrics))
    assert "metrics.json: n is 'many'; it should be a valid integer" in page(run_copy).words


def test_a_folder_with_hardly_anything_has_a_page(run_copy, page):
    for path in run_copy.iterdir():
        if path.name not in ("run.json", "config.yaml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    text = page(run_copy)
    _ = text.tree
    assert text.count('class="gap"') >= 5


def test_a_run_that_cannot_be_opened_is_a_gap_of_the_study(lab_copy, page):
    (lab_copy / "optimal" / "run.json").write_text("{")
    (lab_copy / "frozen" / "run.json").unlink()
    text = page(lab_copy).words
    assert f"run.json in {lab_copy / 'optimal'} cannot be used" in text
    assert f"run.json is missing in {lab_copy / 'frozen'}" in text


@pytest.mark.parametrize("file", ["study.yaml", "study.json"])
def test_a_study_without_its_files_is_still_reported(lab_copy, page, file):
    for content in (None, b"{", b"[]", b"null", b'{"schema": 1}'):
        (lab_copy / file).unlink(missing_ok=True)
        if content is not None:
            (lab_copy / file).write_bytes(content)
        assert page(lab_copy).endswith("</html>")


def test_figures_that_are_no_numbers_are_dashes(run_copy, page):
    (run_copy / "history.csv").write_text(
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,phase\n1,nan,,inf,,0.1,1.0,1\n2,,,,,0.1,1.0,2\n"
    )
    record = json.loads((run_copy / "run.json").read_text()) | {"status": "diverged"}
    (run_copy / "run.json").write_text(json.dumps(record))
    text = page(run_copy)
    _ = text.tree
    assert "nan" not in text.words and "Diverged, as the loss stopped being a number" in text
