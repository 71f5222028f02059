"""LitServe around an exported network: `python benchmarks/serving_litserve.py FOLDER PORT`; needs litserve.

Apart from `serving_apps.py`, as LitServe starts processes that import its API anew.
"""

import json
import sys
from pathlib import Path

import litserve
import numpy as np
import onnxruntime
from serving_apps import decode


class Api(litserve.LitAPI):
    """ONNX Runtime, with batches of up to 16 that are gathered for 2 ms."""

    def setup(self, device):
        self.session = onnxruntime.InferenceSession(str(self.folder / "model.onnx"), providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.side = json.loads((self.folder / "preprocessing.json").read_text())["side"]
        self.labels = (self.folder / "labels.txt").read_text().split("\n")

    def decode_request(self, request):
        return decode(request["files"].file.read(), self.side)[0]

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, images):
        return self.session.run(None, {self.input: images})[0]

    def unbatch(self, output):
        return list(output)

    def encode_response(self, row):
        return {"predictions": [{"class": self.labels[row.argmax()], "probability": float(row.max())}]}


if __name__ == "__main__":
    api = Api(max_batch_size=16, batch_timeout=0.002, api_path="/v1/predict")
    api.folder = Path(sys.argv[1])
    server = litserve.LitServer(api, accelerator="cpu", timeout=60)
    server.run(port=int(sys.argv[2]), log_level="warning", generate_client_file=False)
