"""`vgglab data preview`: where the picture goes, and what is refused."""

import pytest
from PIL import Image

ASKED = ["data", "preview", "--limit", "100", "--batch-size", "16", "--images", "2"]


def test_a_preview_is_a_picture_and_says_where_it_is(vgglab, tmp_path):
    code, out, err = vgglab(*ASKED, "--flip", "--crop", "4", "--mixup", "0.4")
    assert (code, out) == (0, "") and "written: preview.png, 2 images and 7 variants of each" in err
    with Image.open(tmp_path / "preview.png") as picture:
        assert picture.format == "PNG" and picture.size == (864, 311)


def test_a_preview_takes_a_config_and_writes_the_same_bytes_again(vgglab, tmp_path):
    (tmp_path / "run.yaml").write_text("augment: {flip: true, cutmix: 1.0}\ntrain: {seed: 4}\n")
    for name in ("a.png", "b.png"):
        assert vgglab(*ASKED[:2], "run.yaml", *ASKED[2:], "--output", name)[0] == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_picture_that_is_there_is_written_over_only_with_force(vgglab, tmp_path):
    there = tmp_path / "there.png"
    there.write_text("mine")
    code, _, err = vgglab(*ASKED, "--flip", "-o", there)
    assert code == 2 and "--force writes over it" in err and there.read_text() == "mine"
    assert vgglab(*ASKED, "--flip", "-o", there, "--force")[0] == 0 and there.read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "nothing varies the images"),
        (["--flip", "-o", "a.jpg"], "expected a name that ends in .png"),
        (["--flip", "-o", "no/where.png"], "there is no folder no"),
        (["--crop", "-1"], "augment.crop is '-1'"),
        (["--flap"], "No such option: --flap"),
    ],
)
def test_what_cannot_be_drawn_is_one_line_and_code_2(vgglab, tmp_path, arguments, expected):
    code, out, err = vgglab(*ASKED, *arguments)
    assert code == 2 and out == "" and err.count("\n") == 1 and expected in err
    assert list(tmp_path.iterdir()) == []
