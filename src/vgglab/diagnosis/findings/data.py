"""Findings about images and labels: what no training can mend."""

import itertools
import math
from statistics import fmean, median

from vgglab.diagnosis.findings.evidence import LEARNED_SHARE, Evidence, Finding, finding, measured, scaled_rate
from vgglab.diagnosis.findings.scale import rescaled_inside

LARGE_INPUT, SMALL_INPUT = 10.0, 0.02  # root mean square of what the first layer sees; healthy is about one
SURE_AND_WRONG = 3.0  # loss before any step, in losses of guessing
IMAGE_CHANNELS = 4  # with more, the first layer of a run of an older version saw features
FEW_CONSTANT, MOST_CONSTANT = 0.02, 0.5  # of the images
SURE = 5.0  # standard errors
LOOKED_AT = 2000  # validation images at most
GAINS = 3.0  # standard errors by which a naming gains on images that it was not chosen by; by chance once in 700 runs
MAPPED = 4.0  # standard errors by which a share is another one
LEAST_GAIN = 0.03  # of accuracy, by such a naming
FEW_OF_A_CLASS = 10  # images; with fewer a simple model need not know a class, and a naming fits by chance
FEW_IMAGES = 20  # of a part, whose mean image says little
FEW_NEAR = 3  # images; fewer may be near by chance
KNOWN = 0.7  # accuracy on the probe's training half, in inference
LARGE_DROP = 0.15  # of accuracy
PARTS_APART = 0.5  # deviations of single images between the parts' mean images
TRAITS_APART = 1.0  # the same of single images' contrast and detail
FEW_DUPLICATES = 0.01  # of the validation images; public data sets have some
FEW_NEAR_DUPLICATES = 0.05  # the same of those that are nearly alike
WIDE = 0.1  # margin of an accuracy; within one that is wider, labels that are right may lie as well
SCARCE = 0.25  # of a class's share in the other part; with less it was moved, or left out
LEAD = 0.05  # of accuracy on validation images above that on training images
# What makes training images harder than validation images.
HARDER = ("model.dropout", "backbone.head_dropout", "augment.flip", "augment.crop", "augment.randaugment")
HARDER += ("augment.cutout", "augment.mixup", "augment.cutmix")
MUCH_MAJORITY = 0.2  # by which the most frequent class exceeds its fair share


def error_of(share: float, count: int) -> float:
    """Standard error of a share among `count` images; that of one image at least."""
    return max(math.sqrt(max(share * (1 - share), 0.0) / max(count, 1)), 1 / max(count, 1))


def labels_outside(evidence: Evidence) -> Finding | None:
    """Labels that name no class: off by one, or of another data set."""
    shares = evidence.data.get("stray_labels", {})
    worst = max(shares, key=shares.__getitem__, default="")
    if not worst or not shares[worst]:
        return None
    last = evidence.classes - 1
    return finding(
        "labels_outside", "error", {"stray_labels": measured(shares[worst], 0, 0)}, share=shares[worst], last=last
    )


def images_constant(evidence: Evidence) -> Finding | None:
    """Images without content."""
    pixels = evidence.data.get("pixels", {})
    share = max((part["constant"] for part in pixels.values()), default=0.0)
    if share <= FEW_CONSTANT:
        return _inputs_alike(evidence)
    severity = "error" if share > MOST_CONSTANT else "warning"
    return finding("images_constant", severity, {"constant_images": measured(share, 0, FEW_CONSTANT)}, share=share)


def _inputs_alike(evidence: Evidence) -> Finding | None:
    """Images that are all the same where the first layer sees them."""
    seen = evidence.start.get("input", {})
    size = _size(seen)
    if not size or seen["between"] is None or seen["between"] > 1e-4 * size:
        return None
    return finding("images_constant", "error", {"between": measured(seen["between"], 0.05)}, case="alike")


def inputs_out_of_scale(evidence: Evidence) -> Finding | None:
    """Inputs far from the size of about one that initial weights and learning rates are made for."""
    seen = evidence.start.get("input", {})
    size = _size(seen)
    if size is None or SMALL_INPUT <= size <= LARGE_INPUT or rescaled_inside(evidence):
        return None
    if not seen.get("images", seen["channels"] <= IMAGE_CHANNELS):
        return _features_out_of_scale(evidence, seen, size)
    if evidence.pretrained and evidence.config.get("model.preprocessing") == "backbone":
        return None
    learned = "info" if evidence.watched else "warning"  # whoever's own script it is may know
    severity = learned if evidence.knows_training else "error"
    figures = {"input_size": measured(size, 0.1, 3.0), "input_largest": measured(seen["largest"], 0.5, 5.0)}
    case = "large" if size > LARGE_INPUT else "small"
    values = {"layer": seen["layer"], "least": seen["least"], "largest": seen["largest"]}
    return finding("inputs_out_of_scale", severity, figures, {"model.preprocessing": "normalize"}, case, **values)


def _features_out_of_scale(evidence: Evidence, seen: dict, size: float) -> Finding | None:
    """Features so large that the head's first answers are sure and wrong."""
    if size <= LARGE_INPUT or evidence.first_step_loss < SURE_AND_WRONG:
        return None
    prepared = evidence.config.get("model.preprocessing") == "backbone"
    fix = scaled_rate(evidence, 0.1) if prepared else {"model.preprocessing": "backbone"}
    first = evidence.first_step_loss * evidence.chance_loss
    figures = {"input_size": measured(size, 0.1, 3.0), "input_largest": measured(seen["largest"])}
    figures["first_loss"] = measured(first, 0, round(2 * evidence.chance_loss, 3))
    values = {"layer": seen["layer"], "size": size, "loss": first}
    severity, case = "warning" if not evidence.failed else "error", "prepared" if prepared else "features"
    return finding("inputs_out_of_scale", severity, figures, fix, case, **values)


def _size(seen: dict) -> float | None:
    """Root mean square of an input."""
    if not seen or None in (seen["mean"], seen["deviation"]):
        return None
    return math.hypot(seen["mean"], seen["deviation"])


def labels_shuffled(evidence: Evidence) -> Finding | None:
    """Labels that nothing can be learned from: neither a simple model nor the network beats guessing on new images."""
    check = evidence.data.get("check")
    if not check or min(check["n_within"], check["n_across"]) < 50 or evidence.stuck:
        return None  # a network whose output does not depend on the image says nothing of the labels
    if check["n_within"] < FEW_OF_A_CLASS * evidence.classes:
        return None  # a simple model that saw a handful of a class need not beat guessing
    margin = 3 * error_of(check["majority"], check["n_within"])
    if margin > WIDE or check["within"] > check["majority"] + margin or _network_generalises(evidence, check):
        return None
    figures = {"check_within": measured(check["within"], round(check["majority"] + margin, 3), 1.0)}
    figures["majority"] = measured(check["majority"])
    if evidence.validated:
        best = max(row["val_accuracy"] for row in evidence.validated)
        figures["best_val_accuracy"] = measured(best, round(check["majority"] + margin, 3), 1.0)
    severity = "error" if evidence.rows and not evidence.at_chance else "warning"
    return finding("labels_shuffled", severity, figures, within=check["within"], majority=check["majority"])


def _network_generalises(evidence: Evidence, check: dict) -> bool:
    """Whether the network is better than guessing on validation images: surely in some epoch, or in most later ones."""
    error = error_of(check["majority"], evidence.data["images"]["validation"])
    found = [row["val_accuracy"] for row in evidence.validated]
    later = median(found[len(found) // 2 :]) if found else 0.0
    return max(found, default=0.0) > check["majority"] + 4 * error or later > check["majority"] + 2 * error


def labels_renamed(evidence: Evidence) -> Finding | None:
    """Validation labels that name the classes in another order than training labels do."""
    check = evidence.data.get("check")
    if not check or check["n_across"] < 50:
        return _counted_otherwise(evidence) or _far_below_guessing(evidence)
    if not _renaming_holds(evidence, check) or check["renamed"] < 0.7 * check["within"]:
        return (
            _merged(evidence, check)
            or _counted_otherwise(evidence)
            or _far_below_guessing(evidence)
            or _renamed_by_network(evidence)
        )
    figures = {
        "check_across": measured(check["across"], round(0.9 * check["within"], 3), 1.0),
        "check_renamed": measured(check["renamed"]),
        "check_within": measured(check["within"]),
    }
    return finding("labels_renamed", "error", figures, across=check["across"], renamed=check["renamed"])


def _renaming_holds(evidence: Evidence, check: dict) -> bool:
    """Whether other names fit better than chance allows, which finds some where there are few images of a class."""
    if "held" in check:
        return _surely_gains(*check["held"]["renamed"], check["n_across"])
    gain = check["renamed"] - check["across"]  # an older record: names were chosen by the images that they fit
    enough = check["n_across"] >= FEW_OF_A_CLASS * evidence.classes
    return enough and gain >= max(0.2, SURE * error_of(check["renamed"], check["n_across"]))


def _surely_gains(gained: int, lost: int, count: int) -> bool:
    """Whether more images become right than wrong, by more than chance (McNemar's test)."""
    gain = gained - lost
    return gain >= LEAST_GAIN * count and gain >= GAINS * math.sqrt(max(gained + lost, 1))


def _merged(evidence: Evidence, check: dict) -> Finding | None:
    """One part has a class that the other lacks, whose images are under another class's name there."""
    counts = evidence.data.get("counts", {})
    gained, lost = check["held"]["merged"] if "held" in check else (0, 0)
    if not counts or not _surely_gains(gained, lost, check["n_across"]):
        return None
    training, validation = counts["training"], counts["validation"]
    if not (_moved(training, validation) or _moved(validation, training)):
        return None
    gain = (gained - lost) / check["n_across"]
    figures = {"check_across": measured(check["across"]), "check_renamed": measured(check["across"] + gain)}
    values = {"across": check["across"], "renamed": check["across"] + gain}
    return finding("labels_renamed", "error", figures, case="merged", **values)


def _moved(full: list[int], lacking: list[int]) -> bool:
    """Whether a class of `full` that `lacking` has none of is found among another one there, beyond chance."""
    total, most = sum(lacking), sum(full)
    gone = sum(have for have, left in zip(full, lacking, strict=True) if not left) / max(most, 1)
    if not gone or gone >= 1:
        return False
    fair = [have / most / (1 - gone) for have in full]
    return any(
        left / total - share > max(gone / 2, MAPPED * error_of(share, total))
        for left, share in zip(lacking, fair, strict=True)
        if left
    )


def _counted_otherwise(evidence: Evidence) -> Finding | None:
    """Two classes that the parts divide otherwise, though they have as many images together: some were moved over.

    A class that is merely rarer in one part makes the shares of all others there larger.
    """
    counts = evidence.data.get("counts", {})
    if len(counts.get("training", [])) < 3 or len(counts) < 2 or not all(sum(part) for part in counts.values()):
        return None
    trained, validated = ([count / sum(counts[part]) for count in counts[part]] for part in ("training", "validation"))
    images = min(sum(part) for part in counts.values())
    more = [one - other for one, other in zip(trained, validated, strict=True)]
    to, lacking = more.index(max(more)), more.index(min(more))
    if trained[lacking] > SCARCE * validated[lacking]:  # then those of the validation part may have been moved
        to, lacking, trained, validated = lacking, to, validated, trained
    apart = MAPPED * error_of(validated[lacking], images)
    others = [gap for number, gap in enumerate(more) if number not in (to, lacking)] + [more[to] + more[lacking]]
    scarce = trained[lacking] <= SCARCE * validated[lacking] and validated[lacking] * images >= FEW_OF_A_CLASS
    if not scarce or abs(more[to]) < apart or max(map(abs, others)) > apart / 2:
        return None
    figures = {"class_here": measured(trained[lacking]), "class_there": measured(validated[lacking])}
    values = {"here": trained[lacking], "there": validated[lacking], "lacking": lacking, "to": to}
    return finding("labels_renamed", "error", figures, case="counted", **values)


def _far_below_guessing(evidence: Evidence) -> Finding | None:
    """A network that knows its training images and is right on validation images less often than by guessing."""
    counts = evidence.data.get("counts", {}).get("validation")
    knows = ((evidence.last.get("training") or {}).get("accuracy") or 0.0) >= KNOWN
    rows = [row for row in evidence.validated if row["loss"] < LEARNED_SHARE * evidence.chance_loss]
    if not counts or not sum(counts) or not knows or not rows or _images_apart(evidence):
        return None
    guessing = sum(share * count for share, count in zip(evidence.frequencies, counts, strict=True)) / sum(counts)
    usual = median(row["val_accuracy"] for row in rows)
    if usual >= guessing - MAPPED * error_of(guessing, sum(counts)):
        return None
    figures = {"val_accuracy": measured(usual, round(guessing, 3), 1.0), "accuracy": measured(rows[-1]["accuracy"])}
    values = {"accuracy": usual, "guessing": guessing}
    return finding("labels_renamed", "error", figures, case="network", epoch=rows[0]["epoch"], **values)


def _renamed_by_network(evidence: Evidence) -> Finding | None:
    """Names under which the network is right more often, on validation images that they were not chosen by."""
    held, images = evidence.last.get("held"), evidence.data.get("images", {}).get("validation", 0)
    if (
        not held
        or not _surely_gains(*held["renamed"], min(images, LOOKED_AT))
        or _images_apart(evidence)
        or _other_trait(evidence)
    ):
        return None
    gained, lost = held["renamed"]
    figures = {"names_gain": measured(gained), "names_lose": measured(lost, gained)}
    values = {"gained": gained, "lost": lost, "accuracy": evidence.validated[-1]["val_accuracy"]}
    return finding("labels_renamed", "error", figures, case="held", **values)


def _images_apart(evidence: Evidence) -> bool:
    """Whether the parts' mean images differ, in size and beyond chance."""
    apart = evidence.data.get("difference")
    few = min(evidence.data.get("images", {}).values(), default=FEW_IMAGES) < FEW_IMAGES
    if few or not apart or None in apart.values():
        return False
    return apart["deviations"] > PARTS_APART and apart["errors"] > SURE


def validation_unlike_training(evidence: Evidence) -> Finding | None:
    """Validation images or labels that are not of the same kind as those for training."""
    apart, check = evidence.data.get("difference"), evidence.data.get("check")
    if _images_apart(evidence):
        figures = {
            "parts_apart": measured(apart["deviations"], 0, 0.3),
            "standard_errors": measured(apart["errors"], 0, 4),
        }
        return finding("validation_unlike_training", "error", figures, case="images", apart=apart["deviations"])
    if trait := _other_trait(evidence):
        return trait
    if not check or min(check["n_within"], check["n_across"]) < 50 or labels_renamed(evidence):
        return None
    drop = check["within"] - check["across"]
    if drop < max(LARGE_DROP, SURE * error_of(check["within"], check["n_across"])):
        return None
    figures = {
        "check_within": measured(check["within"]),
        "check_across": measured(check["across"], round(check["within"] - 0.1, 3), 1.0),
    }
    values = {"within": check["within"], "across": check["across"]}
    return finding("validation_unlike_training", "error", figures, case="labels", **values)


def _other_trait(evidence: Evidence) -> Finding | None:
    """Validation images of another contrast, or with less or more detail, where the network does worse on them."""
    few = min(evidence.data.get("images", {}).values(), default=0) < FEW_IMAGES
    traits = {} if few or not _worse_on_validation(evidence) else evidence.data.get("traits", {})
    sure = {name: apart for name, apart in traits.items() if None not in apart.values() and apart["errors"] > SURE}
    name = max(sure, key=lambda each: sure[each]["deviations"], default="")
    if not name or sure[name]["deviations"] < TRAITS_APART:
        return None
    apart = sure[name]["deviations"]
    figures = {"traits_apart": measured(apart, 0, 0.3), "standard_errors": measured(sure[name]["errors"], 0, 4)}
    return finding("validation_unlike_training", "error", figures, case=name, apart=apart)


def _worse_on_validation(evidence: Evidence) -> bool:
    last = evidence.validated[-1] if evidence.validated else None
    return last is not None and last["accuracy"] - last["val_accuracy"] >= LARGE_DROP


def duplicates(evidence: Evidence) -> Finding | None:
    """Validation images that the network trains on, pixel for pixel or nearly so."""
    share, near = evidence.data.get("duplicates", 0.0), evidence.data.get("near_duplicates", 0.0)
    if share > FEW_DUPLICATES:
        return finding("duplicates", "warning", {"duplicates": measured(share, 0, FEW_DUPLICATES)}, share=share)
    count = evidence.data.get("images", {}).get("validation", FEW_NEAR / FEW_NEAR_DUPLICATES)
    if near <= FEW_NEAR_DUPLICATES or near * count < FEW_NEAR:
        return None
    figures = {"duplicates": measured(share), "near_duplicates": measured(near, 0, FEW_NEAR_DUPLICATES)}
    return finding("duplicates", "warning", figures, case="near", share=near)


def labels_noisy(evidence: Evidence) -> Finding | None:
    """Training labels that are less right than validation labels: a simple model, or the network, is better there."""
    check = evidence.data.get("check")
    if not check or min(check["n_within"], check["n_across"]) < 50 or "across_half" not in check:
        return None
    within, across = check["within"], check["across_half"]  # both after seeing as many images
    if across - within < max(LARGE_DROP, SURE * error_of(within, min(check["n_within"], check["n_across"]))):
        return _better_on_validation(evidence)
    figures = {"check_within": measured(within, round(across - 0.1, 3), 1.0), "check_across": measured(across)}
    return finding("labels_noisy", "warning", figures, within=within, across=across)


def _better_on_validation(evidence: Evidence) -> Finding | None:
    """A network that is right more often on validation than on training images, and nothing makes training harder.

    An epoch's training accuracy is held against the validation accuracy before it, when the network knew less.
    """
    pairs = list(itertools.pairwise(evidence.validated))
    probed = [line for line in evidence.lines[1:] if line.get("training") and line.get("validation")]
    if any(evidence.config.get(field) for field in HARDER) or len(pairs) < 3 or not probed:
        return None
    on_validation, on_training = (
        fmean(line[half]["accuracy"] or 0.0 for line in probed) for half in ("validation", "training")
    )
    lead = median(before["val_accuracy"] - after["accuracy"] for before, after in pairs)
    val_accuracy = median(before["val_accuracy"] for before, _ in pairs)
    error = error_of(val_accuracy, evidence.data["images"]["validation"])
    if lead < max(LEAD, 3 * error) or on_validation - on_training < LEAD:
        return None
    accuracy = median(after["accuracy"] for _, after in pairs)
    figures = {"accuracy": measured(accuracy), "val_accuracy": measured(val_accuracy, 0, round(accuracy + LEAD, 3))}
    return finding("labels_noisy", "warning", figures, case="network", accuracy=accuracy, val_accuracy=val_accuracy)


def class_imbalance(evidence: Evidence) -> Finding | None:
    """An accuracy that is the share of the most frequent class."""
    share, count = _most_frequent_held_out(evidence)
    if share is None or not evidence.validated:
        return None
    fair, best = 1 / evidence.classes, max(row["val_accuracy"] for row in evidence.validated)
    if min(share, max(evidence.frequencies)) < fair + MUCH_MAJORITY:
        return None
    if best > share + max(0.02, 2 * error_of(share, count)):
        return None
    figures = {
        "majority": measured(share, 0, round(min(1.5 * fair, 1.0), 3)),
        "best_val_accuracy": measured(best, round(share + 0.05, 3), 1.0),
    }
    counted = evidence.config.get("train.class_weights") == "balanced"
    mixed = evidence.config.get("augment.mixup") or evidence.config.get("augment.cutmix")
    fix = {} if counted or mixed else {"train.class_weights": "balanced"}
    return finding("class_imbalance", "warning", figures, fix, share=share, accuracy=best)


def _most_frequent_held_out(evidence: Evidence) -> tuple[float | None, int]:
    """Share of training's most frequent class among the validation examples, and how many these are."""
    held_out = evidence.data.get("counts", {}).get("validation", [])
    if sum(held_out):
        common = max(range(len(held_out)), key=evidence.frequencies.__getitem__)
        return held_out[common] / sum(held_out), sum(held_out)
    return evidence.data.get("majority"), evidence.data.get("images", {}).get("validation", 0)


DATA = (
    labels_outside,
    images_constant,
    inputs_out_of_scale,
    labels_renamed,
    validation_unlike_training,
    labels_shuffled,
    duplicates,
    labels_noisy,
    class_imbalance,
)
