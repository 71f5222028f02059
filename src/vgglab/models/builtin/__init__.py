"""The networks that are shipped, trained on CIFAR-100 at a quarter of their width; CARD.md says how."""

from pathlib import Path


def builtin_path(name: str) -> Path:
    """The file of a network of `vgglab.config.schema.BUILTIN`, without its head."""
    return Path(__file__).parent / f"{name.lower()}_quarter.keras"
