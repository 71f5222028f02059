"""What a search came to: every trial, the best of them with its config, and its test figures, once."""

from collections import Counter
from pathlib import Path
from typing import Any

from vgglab.config.search_file import Plan
from vgglab.config.yaml_text import dump_yaml
from vgglab.errors import RunError
from vgglab.experiments.trials import study as studies
from vgglab.keras_tools.backend import import_keras
from vgglab.report.search_folder import FILE
from vgglab.runs.files import write_json, write_text
from vgglab.runs.record import best_row
from vgglab.runs.remote.names import shown
from vgglab.runs.store import Run, load

BEST = "best.yaml"
TESTED = ("metrics.json", "model.weights.h5")  # the last files that a test writes


def conclude_search(study: Any, plan: Plan, folder: Path, data_dir: Path | str | None) -> None:
    """Write the best trial's config, test it if that was not done, and keep what came of all.

    Raises:
        RunError: no trial came to its end.
        DataError: the data is missing, or is not what the trial was trained on.
    """
    best = best_of(study, plan, folder)
    if best:
        config = best.config.model_dump(mode="json", by_alias=True, exclude={"name"})
        write_text(folder / BEST, dump_yaml(config))
        if not all((best.folder / name).exists() for name in TESTED):
            test_once(best, data_dir)
    keep_outcome(study, plan, folder)
    if best is None:
        raise RunError(f"{shown(folder)}: no trial came to its end, so there is no best; {_why(study, plan)}")


def test_once(run: Run, data_dir: Path | str | None) -> None:
    """Test a trial, as no trial is while the search goes on."""
    import_keras()
    from vgglab.experiments.run import test_best
    from vgglab.experiments.run_data import check_data, read_run_data

    dataset = read_run_data(run.config, None, data_dir)
    check_data(run, dataset)
    test_best(run, dataset)


def keep_outcome(study: Any, plan: Plan, folder: Path) -> None:
    """Write what came of the trials so far into `search.json`."""
    search, best = plan.search, best_of(study, plan, folder)
    rows = [trial_row(one, plan, folder) for one in studies.trials_of(study, plan)]
    tree = {
        "schema": 1,
        "name": search.name,
        "measure": plan.config().train.monitor,
        "space": {field: setting.text for field, setting in search.space.items()},
        "trials": rows,
        "best": best and best.folder.name,
        "importance": studies.importances(study, search.seed),
        "tested": [row["name"] for row in rows if (folder / row["name"] / TESTED[0]).exists()],
    }
    write_json(folder / FILE, tree)


def trial_row(trial: Any, plan: Plan, folder: Path) -> dict[str, Any]:
    """What `search.json` holds of a trial; where its settings did not go together, there is no run of it."""
    name, told, measure = studies.trial_name(trial.number), studies.ended(trial), plan.config().train.monitor
    run = load(folder / name) if (folder / name).exists() else None
    return {
        "name": name,
        "how": told["how"] if trial.state.is_finished() else "running",
        "why": told.get("why", ""),
        "settings": studies.values_of(trial, plan.search.space),
        "figure": run.best[measure] if run and run.best else None,
        "epochs": run.record.epochs_done if run else 0,
        "planned": run.config.train.epochs if run else 0,
        "seconds": run.record.seconds if run else 0.0,
    }


def best_of(study: Any, plan: Plan, folder: Path) -> Run | None:
    """The best run of those that came to their end, by its best epoch; None where there is none."""
    ended = [one for one in studies.trials_of(study, plan) if studies.ended(one).get("how") == "finished"]
    runs = [load(folder / studies.trial_name(one.number)) for one in ended if one.state.is_finished()]
    rows = [{**run.best, "epoch": order} for order, run in enumerate(runs)]
    best = best_row(rows, (plan.config().train.monitor,))
    return runs[best["epoch"]] if best else None


def _why(study: Any, plan: Plan) -> str:
    """What became of the trials, where none came to its end."""
    told = [studies.ended(one) for one in studies.trials_of(study, plan) if one.state.is_finished()]
    counts = Counter(one["how"] for one in told)
    listed = ", ".join(f"{count} {how}" for how, count in counts.items()) or "none was begun"
    return f"{listed}{'; the last: ' + told[-1]['why'] if told else ''}"
