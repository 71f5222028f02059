"""Defaults of `vgglab export`, apart from the config of a run: `--help` tells them and waits for no pydantic."""

FORMATS = ("onnx", "litert", "savedmodel", "openvino")
QUANTIZED = ("int8", "float16")
IMAGES = 200  # test images that an exported file is compared on
CALIBRATION_IMAGES = 100  # training images that int8 takes its ranges from
TOLERANCE = 1e-4  # largest difference of a probability: four decimals are what is printed of one
AT_MOST = 0.01  # accuracy that quantization may cost
