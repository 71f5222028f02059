"""A server that answers, in a thread of the tests' own process, and what it is sent."""

import http.client
import json
import os
import threading
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image

from vgglab.config.serve import ServeSettings


class Asked:
    """A server that is asked: `asked("GET", "/healthz")` is (status, headers, body), JSON read."""

    def __init__(self, port):
        self.port, self.told = port, []

    def __call__(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            content, kind = answer.read(), answer.headers["Content-Type"] or ""
            return (
                answer.status,
                answer.headers,
                json.loads(content) if content and "json" in kind else content.decode(),
            )
        finally:
            connection.close()

    def predict(self, *pictures, query=""):
        """Predictions of pictures that are sent in a form."""
        return self("POST", f"/v1/predict{query}", form(pictures), Content_Type="multipart/form-data; boundary=B")


def form(pictures):
    """The body of a form that brings pictures, named 0.png and so on."""
    head = 'Content-Disposition: form-data; name="files"; filename="{}.png"'
    parts = [f"--B\r\n{head.format(number)}\r\n\r\n".encode() + each for number, each in enumerate(pictures)]
    return b"".join(part + b"\r\n" for part in parts) + b"--B--\r\n"


@contextmanager
def serving(networks, **settings):
    """A server of networks, for a block."""
    from vgglab.serving.app import make_app
    from vgglab.serving.server import Server, listen

    wanted = ServeSettings(port=0, **settings)
    listening = listen(wanted)
    asked = Asked(listening.getsockname()[1])
    server = Server(make_app(networks, wanted, asked.told.append), wanted)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield asked
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def picture(image: np.ndarray) -> bytes:
    """An image as the content of a PNG file."""
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def quick(question):
    """In another process, instead of Grad-CAM: the bytes of the picture, or the end."""
    if question.content == b"die":
        os._exit(1)
    return {"bytes": len(question.content)}
