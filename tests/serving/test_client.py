"""`vgglab predict --url` says of pictures what the server says, as `vgglab predict` does of a run."""

import json

import pytest
from small_server import serving

from vgglab.errors import RunError, UsageError
from vgglab.evaluation.predict import predict_files
from vgglab.serving.client import Server


@pytest.fixture(scope="module")
def folder(pictures, tmp_path_factory):
    """Pictures in a folder, and among them one that is none."""
    made = tmp_path_factory.mktemp("pictures")
    for number, content in enumerate(pictures):
        (made / f'{number} "é".png').write_bytes(content)
    (made / "a.txt").write_text("no picture")
    return made


def test_a_server_is_asked_as_a_run_is(served, folder, network, told):
    code, out, err = told("predict", "--url", f"http://127.0.0.1:{served.port}/", folder, "--json", "--top", 2)
    rows = [json.loads(line) for line in out.splitlines()]
    expected = [each.as_dict() for each in predict_files(network.classifier, [folder], top=2)]
    assert code == 1 and "1 of 11 files" in err and [row["path"] for row in rows] == [row["path"] for row in expected]
    assert [row.get("class", row.get("error")) for row in rows] == [r.get("class", r.get("error")) for r in expected]


def test_a_table_has_no_more_classes_than_the_network(served, folder, told):
    _, out, _ = told("predict", "--url", f"http://127.0.0.1:{served.port}", folder, "--csv", "-", "--top", 50)
    header, *rows = out.splitlines()
    assert header.endswith("class_10,probability_10,error") and len(rows) == 11


def test_another_model_is_named_in_the_address(served, folder):
    url = f"http://127.0.0.1:{served.port}"
    assert len(list(Server(f"{url}?model=other").predict([folder], 1))) == 11
    with pytest.raises(RunError, match="no such model; expected trained, other"):
        list(Server(f"{url}?model=none").predict([folder], 1))


def test_the_token_goes_along(network, folder, told, monkeypatch):
    with serving([network], token="secret") as asked:
        url = f"http://127.0.0.1:{asked.port}"
        code, _, err = told("predict", "--url", url, folder)
        assert code == 1 and "a token is needed" in err
        monkeypatch.setenv("VGGLAB_TOKEN", "secret")
        assert len(told("predict", "--url", url, folder)[1].splitlines()) == 10


def test_what_is_too_large_for_the_server_fails_alone(network, folder, tmp_path):
    (tmp_path / "large.png").write_bytes(b"a" * 1_100_000)
    with serving([network], megabytes=1) as asked:
        first, *others = Server(f"http://127.0.0.1:{asked.port}").predict([tmp_path / "large.png", folder], 1)
    assert first.error.startswith("more than the 1 MB") and sum(each.error is None for each in others) == 10


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [("ftp://a", UsageError, "expected an address"), ("http://127.0.0.1:9", RunError, "does it")],
)
def test_no_server_is_one_line(url, kind, said, folder):
    with pytest.raises(kind, match=said):
        list(Server(url).predict([folder], 1))
