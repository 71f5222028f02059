"""Models in fewer bits: weights in float16, or weights and what flows between layers in int8."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.errors import RunError, first_line
from vgglab.exporting.formats import Format, quiet, write_format


def write_quantized(model: Any, format_: Format, whole: Path, path: Path, bits: str, images: np.ndarray | None) -> None:
    """Write a quantized model; it takes and gives float32 as before.

    Args:
        model: the Keras model.
        format_: one that can be quantized so.
        whole: its file in float32.
        path: where to.
        bits: `int8` or `float16`.
        images: training images (N, side, side, 3), 0 to 255, that the ranges of int8 are taken from.

    Raises:
        RunError: the format's own quantizer fails.
    """
    try:
        if format_.name == "litert":
            return write_format(model, format_, path, **_litert_settings(bits, images))
        with quiet():
            if format_.name == "openvino":
                return _openvino_float16(whole, path)
            return _onnx_float16(whole, path) if bits == "float16" else _onnx_int8(whole, path, images)
    except RunError:
        raise
    except Exception as error:  # what the quantizers raise is no closed list
        raise RunError(f"{format_.name} cannot be quantized to {bits} ({first_line(error)})") from error


def single_images(images: np.ndarray) -> Iterator[np.ndarray]:
    """Batches of one, float32."""
    for image in images:
        yield image[None].astype(np.float32)


def _litert_settings(bits: str, images: np.ndarray | None) -> dict[str, Any]:
    import tensorflow as tf

    settings: dict[str, Any] = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if bits == "float16":
        return settings | {"target_spec": {"supported_types": [tf.float16]}}
    return settings | {"representative_dataset": lambda: ([image] for image in single_images(images))}


def _openvino_float16(whole: Path, path: Path) -> None:
    import openvino

    openvino.save_model(openvino.Core().read_model(str(whole)), str(path), compress_to_fp16=True)


def _onnx_float16(whole: Path, path: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(str(whole)), keep_io_types=True), str(path))


def _onnx_int8(whole: Path, path: Path, images: np.ndarray) -> None:
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            session = onnxruntime.InferenceSession(str(whole), providers=["CPUExecutionProvider"])
            name = session.get_inputs()[0].name
            self.rows = ({name: image} for image in single_images(images))

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.rows, None)

    prepared = path.with_name("prepared.onnx")
    try:
        quant_pre_process(str(whole), str(prepared), skip_symbolic_shape=True)
        quantize_static(str(prepared), str(path), Reader(), per_channel=True)
    finally:
        prepared.unlink(missing_ok=True)
