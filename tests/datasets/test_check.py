"""What `vgglab data check` finds in a folder, and how it says it."""

import io
import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from vgglab.datasets.check import check_folder
from vgglab.datasets.check_text import check_text
from vgglab.datasets.duplicates import BANDS, BITS, NEAR, near_groups, perceptual_hash
from vgglab.errors import DataError


def kinds(report):
    return [finding["kind"] for finding in report["findings"]]


def test_a_healthy_folder_has_nothing_to_complain_of(make_folder):
    report = check_folder(make_folder({"cats": 40, "dogs": 50}, size=(300, 240)))
    assert report["pictures"] == 90 and report["split"] == [] and report["findings"] == []
    assert report["classes"] == [
        {"class": "cats", "train": 26, "validation": 6, "test": 8},
        {"class": "dogs", "train": 32, "validation": 8, "test": 10},
    ]
    assert report["sizes"]["median"] == [300, 240] and report["formats"] == {"PNG": 90}
    assert check_text(report).endswith("Nothing to complain of.")


def test_every_unreadable_file_is_named(make_folder):
    root = make_folder({"a": 30, "b": 30})
    (root / "a/000.png").write_bytes((root / "a/000.png").read_bytes()[:50])
    (root / "b/notes.txt").write_text("not a picture")
    report = check_folder(root)
    assert report["unreadable"] == [
        {"file": "a/000.png", "reason": "is cut short"},
        {"file": "b/notes.txt", "reason": "is no JPEG, PNG, BMP, GIF, WebP, TIFF, AVIF or HEIC picture"},
    ]
    assert "unreadable" in kinds(report) and "a/000.png is cut short\n  b/notes.txt is no" in check_text(report)


def test_the_same_file_twice_is_found_in_classes_and_parts(make_folder):
    root = make_folder({"train/a": 20, "train/b": 20, "val/a": 5, "test/b": 5}, size=(300, 300))
    shutil.copy(root / "train/a/000.png", root / "train/a/again.png")
    shutil.copy(root / "train/a/001.png", root / "train/b/again.png")
    shutil.copy(root / "train/b/002.png", root / "test/b/again.png")
    report = check_folder(root)
    files = [group["files"] for group in report["exact_duplicates"]]
    assert ["test/b/again.png", "train/b/002.png"] in files and len(files) == 3 and report["near_duplicates"] == []
    assert kinds(report)[:3] == ["duplicates_across_classes", "duplicates_across_parts", "duplicates"]
    assert "train/a/001.png (train) = train/b/again.png (train)" in check_text(report)


def again(image, change):
    """A photo that was saved again in another way."""
    buffer = io.BytesIO()
    if change == "smaller":
        image = image.resize((image.width // 2, image.height // 2))
    if change == "brighter":
        image = ImageEnhance.Brightness(image).enhance(1.15)
    image.save(buffer, "JPEG", quality=30 if change == "quality" else 90)
    return buffer.getvalue()


def photo(seed: int) -> Image.Image:
    """Soft blobs, which are more like a photo than noise is."""
    noise = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((200, 160), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("change", ["smaller", "brighter", "quality"])
def test_the_same_picture_in_another_form_is_found(make_folder, change):
    root = make_folder({"a": 20, "b": 20})
    for number in range(40):
        (root / "ab"[number % 2] / f"photo{number:02}.jpg").write_bytes(again(photo(number), ""))
    (root / "b/other.jpg").write_bytes(again(photo(4), change))
    report = check_folder(root)
    assert [group["files"] for group in report["near_duplicates"]] == [["a/photo04.jpg", "b/other.jpg"]]
    assert report["exact_duplicates"] == [] and "duplicates_across_classes" in kinds(report)


def test_pictures_of_one_colour_are_not_taken_for_one_another():
    flat = np.stack([np.full((16, 16), level, np.uint8) for level in (10, 10, 200)])
    hashes = np.array([perceptual_hash(np.full((32, 32), level)) for level in (10, 10, 200)], dtype=np.uint64)
    assert near_groups(hashes, flat) == []


def test_every_close_pair_of_many_hashes_is_found():
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**63, 3000, dtype=np.uint64)
    small = random.integers(0, 256, (3000, 16, 16), dtype=np.uint8)
    for pair in range(80):  # each differs in a bit of so many bands, which is the hardest to find
        bits = random.permutation(BANDS)[: pair % 8] * BITS + random.integers(0, BITS)
        hashes[2000 + pair] = hashes[pair] ^ np.uint64(sum(1 << int(bit) for bit in bits))
        small[2000 + pair] = small[pair]
    assert sorted(near_groups(hashes, small)) == [[pair, 2000 + pair] for pair in range(80) if pair % 8 <= NEAR]


@pytest.mark.parametrize(
    ("counts", "kind", "sentence"),
    [
        ({"a": 30, "b": 90}, "uneven_classes", "90 pictures of b, 30 of a"),
        ({"1": 40, "10": 40}, "numeric_names", "10 comes before 2"),
        ({"a": 29, "b": 40}, "few_pictures", "fewer than 20 pictures to train on in 1 of 2 classes: a"),
        ({"train/a": 40, "train/b": 40, "test/a": 9}, "missing_in_part", "the test part has no pictures of b"),
        ({"a": 40, "b": 2}, "refused", "class 'b' has 2 pictures"),
        ({"a": 40}, "refused", "a single class"),
    ],
)
def test_what_harms_training_is_said(make_folder, counts, kind, sentence):
    (finding,) = [f for f in check_folder(make_folder(counts))["findings"] if f["kind"] == kind]
    assert sentence in finding["sentence"] and (finding["severity"] == "error") == (kind == "refused")


def test_small_pictures_are_said_to_be_enlarged(make_folder):
    root = make_folder({"a": 40, "b": 40}, size=(120, 100))
    (finding,) = check_folder(root)["findings"]
    assert "80 of 80 pictures are smaller" in finding["sentence"] and "--image-size 100" in finding["sentence"]
    assert check_folder(root, size=100)["findings"] == []


def test_a_size_that_networks_cannot_take_is_not_advised(make_folder):
    (*_, finding) = check_folder(make_folder({"a": 3, "b": 3}, size=(24, 20)))["findings"]
    assert "--image-size 32" in finding["sentence"]


def test_a_lying_photo_is_measured_as_it_is_looked_at(make_folder):
    root = make_folder({"a": 3, "b": 3}, size=(40, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    for path in root.glob("*/*"):
        Image.open(path).save(path.with_suffix(".jpg"), exif=exif)
        path.unlink()
    assert check_folder(root)["sizes"]["median"] == [30, 40]


def test_a_folder_without_any_picture_is_reported_too(make_folder):
    root = make_folder({"a": 4, "b": 4})
    for path in root.glob("*/*"):
        path.write_text("broken")
    report = check_folder(root)
    assert kinds(report)[0] == "refused" and len(report["unreadable"]) == 8
    assert "no picture can be read" in check_text(report)


def test_names_of_any_length_with_line_breaks_keep_the_table_a_table(make_folder):
    root = make_folder({"a\nb": 30, "c" * 200: 90}, size=(300, 300))
    (root / "a\nb/000.png").write_text("broken")
    report = check_folder(root)
    table = check_text(report).split("\n\n")[1].splitlines()
    assert len(table) == 4 and len({len(line) for line in table}) == 1 and len(table[0]) < 80
    assert table[1].startswith("a\\nb ") and report["classes"][0]["class"] == "a\nb"
    assert "  a\\nb/000.png is no JPEG" in check_text(report) and "90 pictures of cccc" in check_text(report)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_no_file_is_named_and_left_out(make_folder):
    root = make_folder({"a": 30, "b": 30}, size=(300, 300))
    os.mkfifo(root / "a/pipe.png")
    (unreadable,) = check_folder(root)["unreadable"]
    assert unreadable == {"file": "a/pipe.png", "reason": "is a named pipe, not a file"}


@pytest.mark.parametrize(
    ("dtype", "top", "kinds_of_levels", "said"),
    [
        (np.uint16, 4095, ["narrow_levels"], "of 16 bits use the grey levels 0 to 4,095 of 0 to 65,535"),
        (np.uint8, 5, ["narrow_levels"], "of 8 bits use the grey levels 0 to 5 of 0 to 255: the network sees little"),
        (np.float32, 0.5, ["levels_without_range"], "have 32-bit grey levels (0 to 0.5), and their whole range is not"),
        (np.uint16, 65_535, [], "grey levels: 0 to 65,535, 80 pictures of 16 bits"),
    ],
)
def test_the_grey_levels_in_use_are_said_and_that_they_are_few(tmp_path, dtype, top, kinds_of_levels, said):
    random = np.random.default_rng(0)
    for number in range(80):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        shares = np.clip(random.random((240, 240)) * 1.1 - 0.05, 0, 1)
        Image.fromarray((shares * top).round(1).astype(dtype)).save(tmp_path / "ab"[number % 2] / f"{number}.tif")
    report = check_folder(tmp_path, size=224)
    assert kinds(report) == kinds_of_levels and said in check_text(report)


def test_the_command_prints_text_or_json(told, make_folder):
    root = make_folder({"a": 40, "b": 40}, size=(300, 300))
    code, out, err = told("data", "check", root)
    assert code == 0 and out.startswith(f"{root}: 80 files in 2 classes, not split\n") and err == ""
    code, out, _ = told("data", "check", root, "--json")
    assert code == 0 and json.loads(out) == check_folder(root)


def test_the_code_says_whether_training_would_refuse(told, make_folder, tmp_path):
    code, out, _ = told("data", "check", make_folder({"a": 40, "b": 1}))
    assert code == 1 and "- error: " in out
    code, out, err = told("data", "check", tmp_path / "nowhere")
    assert (code, out) == (1, "") and err.count("\n") == 1 and "no such folder" in err
    with pytest.raises(DataError, match="no such folder"):
        check_folder(tmp_path / "nowhere")
