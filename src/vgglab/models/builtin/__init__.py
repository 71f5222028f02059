"""The network that is shipped: a VGG-16 with BatchNormalization at a quarter of its width, trained on CIFAR-100."""

from pathlib import Path

BUILTIN = Path(__file__).parent / "vgg16_quarter.keras"
BUILTIN_WIDTH = 0.25
