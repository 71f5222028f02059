"""The pages say what there is in each language, load nothing from elsewhere, and tell where a network looked."""

import base64
import json
import os
import re
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import html5lib
import pytest
import small_server
from PIL import Image
from small_server import form, serving

from vgglab.diagnosis.reading import LANGUAGES, translations
from vgglab.serving.explaining import Question, explain
from vgglab.serving.page import DOMAIN, SCRIPT


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [("", "", "en"), ("", "fr-CA,fr;q=0.9,en", "fr"), ("?lang=en", "fr", "en"), ("?lang=de", "de,fr", "fr")],
)
def test_the_page_speaks_the_language_that_is_asked_for(served, query, accepted, language):
    page = served("GET", f"/{query}", Accept_Language=accepted)[2]
    html5lib.HTMLParser(strict=True).parse(page)
    assert f'<html lang="{language}">' in page
    assert ("Que montre" in page) == (language == "fr") and page.count('data-network="') == 2


def test_the_page_says_how_good_each_network_is(served, trained):
    page = served("GET", "/")[2]
    share = f"{100 * trained.metrics['accuracy']:.1f}\u00a0%"
    assert f"It was right for {share} of {trained.metrics['n']} test images (95\u00a0% interval" in page
    assert "came without test figures" in page and "It knows 10 classes: 0, 1, 2" in page


@pytest.mark.parametrize("path", ["/", "/docs", "/page.css", "/page.js"])
def test_nothing_is_loaded_from_elsewhere(served, path):
    status, _, text = served("GET", path)
    assert status == 200 and not re.findall(r"""(?:src|href)=["']?(?:https?:)?//|url\(|@import""", text)
    assert path != "/" or not re.findall(r"<script>|<style|style=|\son\w+=", text)  # which the policy would not let run


def test_the_apis_page_shows_every_address(served):
    page, api = served("GET", "/docs")[2], served("GET", "/openapi.json")[2]
    html5lib.HTMLParser(strict=True).parse(page)
    assert set(api["paths"]) >= {"/v1/predict", "/v1/explain", "/v1/models", "/healthz", "/readyz", "/metrics"}
    assert all(path in page for path in api["paths"])
    assert "multipart/form-data" in page and "<code>certainty</code>" in page


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_text_of_the_page_is_translated(language):
    catalog = translations(language, DOMAIN)
    messages = pytest.importorskip("vgglab.locale.__main__").DOMAINS[DOMAIN]()
    assert set(catalog._catalog) - {""} == set(messages) > set(SCRIPT.values())
    for text in messages:
        assert sorted(re.findall(r"{\w+}", catalog.gettext(text))) == sorted(re.findall(r"{\w+}", text))


def test_where_the_network_looked_is_a_drawing_of_the_square_that_it_sees(network, pictures):
    told = explain(Question(network.path, pictures[0], 10**6, "3"))
    drawn = Image.open(BytesIO(base64.b64decode(told["overlay"])))
    assert told["explained"] == "3" and told["layer"] and drawn.size == (448, 448)
    assert explain(Question(network.path, b"none", 10**6, None)).startswith("is no JPEG")
    said = explain(Question(network.path, pictures[0], 10**6, "cat"))
    assert "unknown class 'cat'" in said and str(network.path.parent) not in said


def test_an_exported_network_cannot_be_asked_where_it_looked(network, pictures, tmp_path):
    (tmp_path / "preprocessing.json").touch()
    with serving([replace(network, path=tmp_path)]) as asked:
        status, _, answer = asked("POST", "/v1/explain", pictures[0])
        assert status == 501 and "serve the run itself" in answer["error"]
        assert 'data-explainable="false"' in asked("GET", "/")[2]


def test_another_process_is_asked_and_started_anew_where_it_died(network, pictures, monkeypatch):
    from vgglab.serving import explaining

    monkeypatch.setattr(explaining, "explain", small_server.quick)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(small_server.__file__).parent), *sys.path]))
    with serving([network]) as asked:
        kind = {"Content_Type": "multipart/form-data; boundary=B"}
        answers = [asked("POST", "/v1/explain", form([each]), **kind) for each in (pictures[0], b"die", pictures[0])]
    assert [status for status, _, _ in answers] == [200, 503, 200]
    assert json.dumps(answers[0][2]) == json.dumps(answers[2][2]) and "ask again" in answers[1][2]["error"]
