"""What `vgglab serve` is measured against: servers as people write them, each around one exported network.

`python benchmarks/serving_apps.py NAME FOLDER PORT`; NAME is `plain-onnx` or `plain-keras`, FOLDER is what `vgglab
export` wrote, of the one around Keras a `.keras` file.
"""

import json
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def decode(content: bytes, side: int) -> np.ndarray:
    """A picture as the network takes it: float32 (1, side, side, 3)."""
    image = ImageOps.fit(Image.open(BytesIO(content)).convert("RGB"), (side, side), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float32)[None]


def plain(predict, side: int, labels: list[str], port: int) -> None:
    """FastAPI as its tutorial has it."""
    import uvicorn
    from fastapi import FastAPI, UploadFile

    app = FastAPI()

    @app.post("/v1/predict")
    async def answer(files: list[UploadFile]):
        rows = [predict(decode(await file.read(), side))[0] for file in files]
        best = [(labels[row.argmax()], float(row.max())) for row in rows]
        return {"predictions": [{"class": name, "probability": probability} for name, probability in best]}

    uvicorn.run(app, port=port, log_level="warning", access_log=False)


def plain_keras(path: Path, port: int) -> None:
    """Around Keras's `predict_on_batch`."""
    import keras

    model = keras.saving.load_model(path)
    side, classes = model.input_shape[1], model.output_shape[-1]
    model.predict_on_batch(np.zeros((1, side, side, 3), np.float32))
    plain(model.predict_on_batch, side, [str(number) for number in range(classes)], port)


def plain_onnx(folder: Path, port: int) -> None:
    """Around ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    name, side = session.get_inputs()[0].name, json.loads((folder / "preprocessing.json").read_text())["side"]
    labels = (folder / "labels.txt").read_text().split("\n")
    plain(lambda images: session.run(None, {name: images})[0], side, labels, port)


if __name__ == "__main__":
    name, where, port = sys.argv[1:]
    {"plain-keras": plain_keras, "plain-onnx": plain_onnx}[name](Path(where), int(port))
