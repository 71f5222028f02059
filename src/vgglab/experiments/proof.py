"""Try a finding's first suggestion: a short training with it beside one without, and whether it helped.

`proof.json` in the run folder:
    schema, code, case, try     the finding that was tried, and the change
    epochs, images, limit       of the changed training; `limit` is None where they saw all images of the run
    measure                     `training` or `validation`: the loss that decides, see `diagnosis.trial`
    before, after               `loss` (the deciding figure, None where it diverged), `status`, `source` (`history`: the
                                run's own first epochs; `trained`), and `rows`: epoch, loss, accuracy, val_loss,
                                val_accuracy of each epoch
    confirmed                   whether the suggestion did what it should
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vgglab.config.schema import RunConfig
from vgglab.datasets.load import read_data
from vgglab.diagnosis.findings import Finding
from vgglab.diagnosis.reading import PROOF, changes, evidence_of, read_findings
from vgglab.diagnosis.trial import UNTRIED, Trial, judge, plan_trial
from vgglab.errors import RunError
from vgglab.experiments.run import run as train_run
from vgglab.experiments.run_data import check_data, located
from vgglab.runs.files import write_json
from vgglab.runs.record import MEASURES
from vgglab.runs.remote.folder import sent
from vgglab.runs.source import kept_config
from vgglab.runs.store import Run
from vgglab.training.progress import ProgressMode

Side = dict[str, Any]


def prove(
    run: Run,
    data: Path | str | None = None,
    data_dir: Path | None = None,
    progress: ProgressMode = "auto",
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Try the first finding's suggestion, and record what came of it as `proof.json` in the run folder.

    Args:
        run: its training has ended.
        data: the folder that its pictures are in now; None for the one in its config.
        data_dir: where the data sets lie.
        progress: of the short trainings.
        say: told of each short training in a line.

    Returns:
        What `proof.json` holds.

    Raises:
        RunError: there is nothing to try.
        UsageError: a folder is given for a run on a data set that is none.
        DataError: the data is missing, or is not what the run was trained on.
    """
    run.check_trained("what to try is a change of that script, so vgglab cannot run it")
    finding = first_to_try(run)
    config = kept_config(run.folder, located(run.config, data))
    dataset = read_data(config, data_dir)
    check_data(run, dataset)
    trial = plan_trial(config, finding, len(dataset.train), run.record.flops)
    length = f"{trial.before.train.epochs} epochs of {trial.images:,} images"
    if trial.recorded:
        say(f"unchanged: the run's own first {trial.recorded} epochs")
        before = recorded_side(run, trial)
    else:
        say(f"unchanged, {length}")
        before = trained_side(trial.before, data_dir, progress)
    say(f"with {changes(finding)}, {trial.after.train.epochs} epochs of {trial.images:,} images")
    after = trained_side(trial.after, data_dir, progress)
    proof = conclude(run, finding, trial, before, after)
    write_json(run.folder / PROOF, proof)
    sent(run.folder)
    return proof


def first_to_try(run: Run) -> Finding:
    """The finding that stands first, if something is wrong and the suggestion is a change of the config.

    Raises:
        RunError: nothing is wrong, or what to try cannot be run.
    """
    findings = read_findings(run)
    if not findings:
        raise RunError(f"{run.folder}: nothing was found yet, the run is {run.status}; there is nothing to prove")
    first = findings[0]
    if first["severity"] == "info":
        raise RunError(f"{run.folder}: nothing is wrong with the run ({first['code']}); there is nothing to prove")
    if not first.get("try") or not isinstance(first["try"], dict):
        raise RunError(
            f"{run.folder}: what to try against {first['code'] or 'the finding'} is no change of the config, so it "
            f"cannot be run; vgglab diagnose {run.folder} says what to look at"
        )
    if first["code"] in UNTRIED:
        raise RunError(
            f"{run.folder}: what {changes(first)} does against {first['code']} shows in the accuracy of each class, "
            "not in a loss; train with it, and compare what vgglab evaluate says of the classes"
        )
    return first


def recorded_side(run: Run, trial: Trial) -> Side:
    """What the unchanged config does, from the run's own history."""
    rows = run.history[: trial.recorded]
    return {
        "source": "history",
        "status": "finished" if len(rows) == trial.recorded else run.status,
        "rows": kept(rows),
    }


def trained_side(config: RunConfig, data_dir: Path | None, progress: ProgressMode) -> Side:
    """What a config does, from a run in a folder that goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="vgglab-proof-") as folder:
        done = train_run(
            config.model_copy(update={"name": "trial", "log": ()}), out=folder, data_dir=data_dir, progress=progress
        )
        return {"source": "trained", "status": done.status, "rows": kept(done.history)}


def kept(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of each epoch."""
    return [{name: row[name] for name in ("epoch", *MEASURES)} for row in rows]


def conclude(run: Run, finding: Finding, trial: Trial, before: Side, after: Side) -> dict[str, Any]:
    """The whole proof."""
    finished = [side["rows"] if side["status"] != "diverged" else [] for side in (before, after)]
    judged = judge(finding, *finished, evidence_of(run).chance_loss)
    return {
        "schema": 1,
        **{key: finding[key] for key in ("code", "case", "try")},
        "epochs": trial.after.train.epochs,
        "images": trial.images,
        "limit": trial.before.data.limit,
        "measure": judged["measure"],
        "before": {"loss": judged["before"], **before},
        "after": {"loss": judged["after"], **after},
        "confirmed": judged["confirmed"],
    }
