"""What documents show is run: their blocks after `<!-- run -->`, and their cheap commands on a run that is there."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from PIL import Image

import vgglab
from vgglab.cli.app import app
from vgglab.cli.console import run_command

ROOT = Path(__file__).parents[2]
SHOWN = sorted(path for path in (ROOT / "docs").glob("*.md") if "<!-- run" in path.read_text(encoding="utf-8"))
LONG = {"tutorial.md": [pytest.mark.long]}
PAGES = [pytest.param(path, marks=LONG.get(path.name, []), id=path.name) for path in SHOWN]
MARK = r"(?P<mark><!-- run(?:: needs (?P<package>\w+))? -->\n)?"
BLOCK = re.compile(MARK + r"```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory, trained):
    """A folder with what documents take for granted: runs, a study, pictures, a picture, a study's file."""
    folder = tmp_path_factory.mktemp("docs")
    for name in ("RUN", "STUDY/one", "STUDY/two"):
        shutil.copytree(trained.folder, folder / "runs" / name)
    digits = vgglab.load_data("digits").test
    Image.fromarray(digits.images[0]).save(folder / "photo.png")
    for number, (image, label) in enumerate(zip(digits.images[:12], digits.labels[:12], strict=True)):
        below = folder / "pictures" / str(label)
        below.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(below / f"{number}.png")
    return folder


def do(command):
    """Run a `vgglab` command; it has to succeed."""
    assert run_command(app, shlex.split(command, comments=True)[1:]) == 0, command


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_runs(page, place, tmp_path, monkeypatch):
    here = tmp_path if page.name == "tutorial.md" else place  # the tutorial makes its own pictures
    monkeypatch.chdir(here)
    monkeypatch.setenv("VGGLAB_DATA", str(tmp_path / "data"))
    names, done = {}, 0
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["package"]:
            pytest.importorskip(block["package"])
        if block["kind"] == "yaml" and block["text"].startswith("name: "):
            Path(f"{block['text'].split()[1]}.yaml").write_text(block["text"])
        elif block["kind"] == "python" and page.name == "tutorial.md":
            exec(block["text"], names)
        elif block["mark"]:
            done += [do(line.removeprefix("$ ")) for line in block["text"].splitlines()].count(None)
    assert done


@pytest.mark.parametrize(
    "command",
    [
        "vgglab runs",
        "vgglab cache",
        "vgglab compare RUN STUDY --csv",
        "vgglab diagnose RUN --all --lang fr",
        "vgglab evaluate RUN --json",
        "vgglab summary vgg16 --width 0.05 --diff vgg16,batch_norm=true",
        "vgglab data preview --limit 80 --flip --crop 4",
    ],
)
def test_the_commands_of_the_readme_run(command, place, monkeypatch):
    monkeypatch.chdir(place)
    do(command)
