"""What one run came to, in a few lines or as JSON."""

import json
from dataclasses import asdict
from typing import Any

from vgglab.config.shown import shown_name
from vgglab.diagnosis.reading import SHOWN, describe, one_line, read_findings
from vgglab.runs.remote.names import shown
from vgglab.runs.store import Run


def outcome_text(run: Run) -> str:
    """Folder, status, best epoch, test figures and findings of a run, for a person."""
    epochs = f"{run.record.epochs_done} epoch{'s' if run.record.epochs_done != 1 else ''}"
    message = f" ({run.record.message})" if run.record.message else ""
    lines = [f"{shown(run.folder)}: {run.status}{message} after {epochs}, {run.record.seconds:.0f} s"]
    if run.best:
        lines.append(f"best epoch {run.best['epoch']}: val_accuracy {run.best['val_accuracy']:.4f}")
    if run.metrics:
        lines.append(headline(run.metrics))
    findings = read_findings(run)
    lines += [one_line(finding) for finding in findings[:SHOWN]]
    lines += [f"why, and how to try it: vgglab diagnose {shown(run.folder)}"] if findings else []
    return "\n".join(lines)


def outcome_json(run: Run) -> str:
    """One line of JSON: the record, the test figures and the findings."""
    return json.dumps(
        {
            "event": "end",
            "folder": shown(run.folder),
            **asdict(run.record),
            "metrics": run.metrics,
            "findings": [describe(finding) for finding in read_findings(run)],
        }
    )


def metrics_text(metrics: dict[str, Any]) -> str:
    """Test figures for a person: the headline, a table of classes, the most confused pairs."""
    width = max(len(shown_name(row["class"])) for row in metrics["per_class"])
    lines = [headline(metrics), *_members(metrics), "", f"{'class':<{width}}  precision  recall     f1  images"]
    for row in metrics["per_class"]:
        figures = f"{row['precision']:9.4f}  {row['recall']:6.4f}  {row['f1']:5.3f}  {row['support']:6}"
        lines.append(f"{shown_name(row['class']):<{width}}  {figures}")
    if metrics["most_confused"]:
        lines += ["", "most confused:"]
    for pair in metrics["most_confused"][:5]:
        true, predicted = shown_name(pair["true"]), shown_name(pair["predicted"])
        lines.append(f"  {true} taken for {predicted}: {pair['count']} ({pair['share']:.1%})")
    return "\n".join(lines)


def other_text(metrics: dict[str, Any]) -> str:
    """Figures on other pictures for a person: beside the run's own test, what was left out, a table of classes."""
    own = metrics["own"]
    place = metrics["data"] + (f" with {metrics['labels']}" if "labels" in metrics else "")
    lines = [
        headline(metrics).replace("test accuracy", f"{place}: accuracy"),
        *_members(metrics),
        *_beside(own),
        *_left_out(metrics),
        "",
    ]
    width = max(5, *(len(shown_name(row["class"])) for row in metrics["per_class"]))
    lines.append(f"{'class':<{width}}  precision  recall  {'own test  ' if own else ''}images")
    for row in metrics["per_class"]:
        there = f"{row['precision']:9.4f}  {row['recall']:6.4f}" if row["support"] else f"{'-':>9}  {'-':>6}"
        before = own["recall"].get(row["class"]) if own else None
        compared = f"  {'-' if before is None else format(before, '.4f'):>8}" if own else ""
        lines.append(f"{shown_name(row['class']):<{width}}  {there}{compared}  {row['support']:6}")
    return "\n".join(lines)


def _members(metrics: dict[str, Any]) -> list[str]:
    """Of an ensemble, or of a network that looked several times: what single networks are worth, in a line."""
    if "members" not in metrics:
        return []
    told = metrics["members"]
    n, mean, gain = len(told["accuracies"]), told["mean"], f"{metrics['accuracy'] - told['mean']:+.4f}"
    if n == 1:
        return [f"without --tta {metrics['tta']}: accuracy {mean:.4f}; with it {gain}"]
    spread = f"{min(told['accuracies']):.4f} to {max(told['accuracies']):.4f}, sd {told['sd']:.4f}"
    single = "single networks, without --tta" if metrics["tta"] else "single networks"
    return [f"{single}: mean accuracy {mean:.4f} of {n} ({spread}); together {gain}"]


def _beside(own: dict[str, Any] | None) -> list[str]:
    """The run's own test in a line, and in another whether it differs."""
    if own is None:
        return []
    low, high = own["difference_interval"]
    verdict = "more than chance explains" if own["differs"] else "no more than chance may explain"
    told = f"{own['difference']:+.4f} (95 %: {low:+.4f} to {high:+.4f})"
    return [headline(own).replace("test accuracy", "the run's own test: accuracy"), f"difference {told}: {verdict}"]


def _left_out(metrics: dict[str, Any]) -> list[str]:
    """Classes and pictures that the figures leave out, a line each."""
    lacking = ", ".join(f"{shown_name(name)} ({count:,})" for name, count in metrics["lacking"].items())
    told = {
        "classes that the network lacks, left out": lacking,
        "classes of the network without a picture there": ", ".join(map(shown_name, metrics["missing"])),
        "left out, as the network was trained or chosen on them": metrics["seen"],
        "left out, as they cannot be read": metrics["unreadable"],
    }
    return [f"{what}: {value}" for what, value in told.items() if value]


def headline(metrics: dict[str, Any]) -> str:
    """`test accuracy 0.9361 (95 %: 0.9060 to 0.9570), loss ..., n = 360`."""
    low, high = metrics["accuracy_interval"]
    text = f"test accuracy {metrics['accuracy']:.4f} (95 %: {low:.4f} to {high:.4f})"
    if metrics["loss"] is not None:
        text += f", loss {metrics['loss']:.4f}"
    if metrics["loss_interval"] is not None:
        text += " (95 %: {:.4f} to {:.4f})".format(*metrics["loss_interval"])
    return f"{text}, {metrics['n']:,} images"
