"""What the server answers, on a real socket: what the network says, each picture for itself, nothing of the machine."""

import base64
import json
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from small_server import form, picture, serving

from vgglab.serving.networks import Network

BAD = b"this is no picture"


class Fake:
    """A network that takes the brightness of an image for a class, once it is let go."""

    classes, picture_side, levels = [str(number) for number in range(256)], 4, None

    def __init__(self, go=None):
        self.go, self.seen = go, 0

    def predict(self, images):
        if self.go:
            self.go.wait(20)
        self.seen += len(images)
        return np.eye(256, dtype="float32")[images[:, 0, 0, 0]]


def grey(value: int) -> bytes:
    return picture(np.full((4, 4, 3), value, np.uint8))


def until(asked, waiting: int) -> None:
    """Return once so many pictures wait."""
    while f'vgglab_waiting_pictures{{model="fake"}} {waiting}.0' not in asked("GET", "/metrics")[2]:
        time.sleep(0.01)


def names(answer) -> list[str]:
    return [row.get("class", row.get("error")) for row in answer[2]["predictions"]]


def test_every_way_of_sending_pictures_gets_what_the_network_says(served, pictures, images, network):
    expected = network.classifier.classify(images)
    tree = {"pictures": [{"name": "x", "data": base64.b64encode(each).decode()} for each in pictures]}
    of_json = served("POST", "/v1/predict", json.dumps(tree), Content_Type="application/json")
    raw = [served("POST", "/v1/predict", each, Content_Type="image/png") for each in pictures[:3]]
    assert names(served.predict(*pictures)) == names(of_json) == expected
    assert [name for answer in raw for name in names(answer)] == expected[:3]


def test_an_answer_has_the_probabilities_and_how_often_such_answers_were_right(served, pictures, images, network):
    _, _, answer = served.predict(pictures[0], query="?top=3")
    (row,) = answer["predictions"]
    ordered = np.sort(network.classifier.predict(images[:1])[0])[::-1]
    assert answer["model"] == "trained" and row["name"] == "0.png" and row["right_of"] >= 10
    assert [each["probability"] for each in row["top"]] == pytest.approx(ordered[:3], abs=1e-5)
    assert row["certainty"] in ("sure", "fair", "unsure") and 0 <= row["right"] <= 1


def test_a_bad_picture_among_good_ones_has_an_error_of_its_own(served, pictures):
    status, _, answer = served.predict(pictures[0], BAD, b"", pictures[1])
    errors = [row.get("error") for row in answer["predictions"]]
    assert status == 200 and [bool(error) for error in errors] == [False, True, True, False]
    assert errors[1].startswith("is no JPEG") and errors[2] == "is empty"
    assert served.predict(BAD)[0] == 422


def test_models_are_told_with_their_figures_and_found_by_name(served, trained, pictures):
    _, _, told = served("GET", "/v1/models")
    first, other = told["models"]
    assert (
        first["accuracy_interval"] == trained.metrics["accuracy_interval"]
        and first["test_images"] == trained.metrics["n"]
    )
    assert other["accuracy"] is None and other["explainable"]
    assert served.predict(pictures[0], query="?model=other")[2]["model"] == "other"
    assert served.predict(pictures[0], query="?model=none")[::2] == (
        404,
        {"error": "no such model; expected trained, other"},
    )


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"", "image/png", 400, "no picture"),
        (b"{}", "application/json", 400, "pictures: Field required"),
        (b"no form", "multipart/form-data; boundary=B", 400, "not a readable form"),
        (b"no form", "multipart/form-data", 400, "not a readable form"),
        (b'{"pictures": [{"data": "a"}]}', "application/json", 422, None),
        (form([BAD] * 65), "multipart/form-data; boundary=B", 400, "Too many files"),
        (b"a" * 21_000_000, "image/png", 413, "more than the 20 MB"),
    ],
)
def test_what_is_no_request_is_refused_in_one_line(served, body, kind, status, said):
    got, _, answer = served("POST", "/v1/predict", body, Content_Type=kind)
    assert got == status and (said is None or said in answer["error"])


def test_no_answer_tells_a_path_or_forgets_a_safe_header(served, trained):
    asked = [("/v1/models", 200), ("/nothing", 404), ("/v1/predict", 405), ("/openapi.json", 200), ("/metrics", 200)]
    for path, status in asked:
        got, headers, answer = served("GET", path)
        assert got == status and str(trained.folder.parent) not in json.dumps(answer)
        assert "default-src 'none'" in headers["Content-Security-Policy"] and "server" not in headers


def test_what_fails_inside_is_told_the_operator_and_not_the_client(pictures):
    class Broken(Fake):
        def predict(self, images):
            raise RuntimeError("/secret/path")

    with serving([Network("broken", Path("fake"), "keras", Broken())]) as asked:
        _, _, answer = asked.predict(pictures[0])
    assert asked.told == ["broken: RuntimeError: /secret/path"] and "secret" not in json.dumps(answer)


def test_of_many_clients_at_once_each_gets_its_own_answers():
    def ask(first):
        for start in range(first, 250, 16):
            wanted = range(start, min(start + 3, 256))
            got.append(names(asked.predict(*map(grey, wanted))) == [str(value) for value in wanted])

    got = []
    with serving([Network("fake", Path("fake"), "onnx", Fake())]) as asked:
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert len(got) > 200 and all(got)


def test_more_than_can_wait_is_told_at_once_when_to_come_again():
    go, held = threading.Event(), []
    with serving([Network("fake", Path("fake"), "keras", Fake(go))], waiting=4) as asked:
        first = threading.Thread(target=lambda: held.append(asked.predict(*map(grey, range(4)))))
        first.start()
        until(asked, 4)
        status, headers, answer = asked.predict(grey(9))
        go.set()
        first.join()
        assert (status, headers["Retry-After"]) == (503, "1") and "ask again" in answer["error"]
    assert names(held[0]) == ["0", "1", "2", "3"]


def test_who_hangs_up_is_not_computed_and_the_end_waits_for_the_others():
    go, fake, held = threading.Event(), Fake(), []
    fake.go = go
    with serving([Network("fake", Path("fake"), "keras", fake)], together=1) as asked:
        first = threading.Thread(target=lambda: held.append(asked.predict(grey(1))))
        first.start()
        until(asked, 1)
        with socket.create_connection(("127.0.0.1", asked.port)) as gone:
            body = grey(2)
            gone.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            until(asked, 2)
        until(asked, 1)
        threading.Timer(0.2, go.set).start()
    first.join()
    assert names(held[0]) == ["1"] and fake.seen == 1


def test_a_request_that_is_cut_is_counted_and_nothing_else(network):
    with serving([network]) as asked:
        with socket.create_connection(("127.0.0.1", asked.port)) as cut:
            cut.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\nab")
        while "vgglab_hung_up_requests_total 1.0" not in asked("GET", "/metrics")[2]:
            time.sleep(0.01)
    assert asked.told == []


def test_what_arrives_too_slowly_is_let_go(network):
    with serving([network], seconds=0.3) as asked:
        for sent in (b"", b"POST /v1/pre", b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"):
            with socket.create_connection(("127.0.0.1", asked.port), timeout=30) as slow:
                slow.sendall(sent)
                answer = b"".join(iter(lambda slow=slow: slow.recv(4096), b""))
            assert answer.startswith(b"HTTP/1.1 408") if b"Length" in sent else answer == b""


def test_a_picture_of_too_many_pixels_is_not_decoded(network):
    with serving([network], megapixels=1) as asked:
        (row,) = asked.predict(picture(np.zeros((1100, 1000, 3), np.uint8)))[2]["predictions"]
    assert row["error"] == "is too large (more than 1,000,000 pixels)"


def test_a_token_is_asked_for_but_by_who_watches(network, pictures):
    basic = base64.b64encode(b"me:secret").decode()
    with serving([network], token="secret") as asked:
        for given in (None, "Bearer wrong", "Basic !", "secret"):
            status, headers, _ = asked("GET", "/v1/models", **({"Authorization": given} if given else {}))
            assert status == 401 and headers["WWW-Authenticate"].startswith("Basic")
        for given in ("Bearer secret", f"Basic {basic}"):
            assert asked("GET", "/v1/models", Authorization=given)[0] == 200
        assert asked("GET", "/healthz")[0] == asked("GET", "/readyz")[0] == 200


def test_another_sites_page_may_not_ask(served, pictures):
    status, _, answer = served("POST", "/v1/predict", pictures[0], Sec_Fetch_Site="cross-site")
    assert status == 403 and "another site" in answer["error"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/models", "/nowhere"])
def test_who_asks_for_the_head_alone_gets_what_stands_before_the_answer(served, path):
    status, headers, answer = served("GET", path)
    found = served("HEAD", path)
    assert (found[0], found[1]["Content-Length"], found[2]) == (status, headers["Content-Length"], "") and answer


def test_counters_tell_what_was_done(served, pictures):
    served.predict(pictures[0], BAD)
    text = served("GET", "/metrics")[2]
    assert 'vgglab_pictures_total{model="trained",result="failed"}' in text
    assert "vgglab_pictures_together_bucket" in text and "vgglab_predict_seconds_count" in text
