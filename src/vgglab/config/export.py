"""Settings of `vgglab export`, apart from the config of a run: `--help` tells them and waits for no pydantic."""

from dataclasses import dataclass

FORMATS = ("onnx", "litert", "savedmodel", "openvino")
ENGINES = ("auto", "onnx", "keras")  # of `vgglab predict`
QUANTIZED = ("int8", "float16")
CALIBRATION_IMAGES = 100  # training images that int8 takes its ranges from
TOLERANCE = 1e-4  # largest difference of a probability: four decimals are what is printed of one


@dataclass(frozen=True)
class ExportSettings:
    """How a network is exported.

    Attributes:
        quantize: one of `QUANTIZED`; None for float32.
        images: test images that are compared; fewer where there are not so many.
        at_most: accuracy that quantization may cost, 0 to 1; where classes are not known, the share of other answers.
    """

    quantize: str | None = None
    images: int = 200
    at_most: float = 0.01
