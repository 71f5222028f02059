"""What the server's tests share: a trained network that is served, and pictures."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from small_server import picture, serving

if not find_spec("python_multipart"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def network(trained):
    """The trained network, computed by Keras."""
    from vgglab.serving.networks import Network

    return Network("trained", trained.folder, "keras", trained.classifier, trained.metrics)


@pytest.fixture(scope="session")
def served(network):
    """Two networks that are served, one of them without figures."""
    other = type(network)("other", Path("other.keras"), "keras", network.classifier)
    with serving([network, other]) as asked:
        yield asked


@pytest.fixture(scope="session")
def images():
    """Ten images of digits, uint8 (10, 32, 32, 3)."""
    from vgglab.datasets.digits import read_digits

    return read_digits()[1].images[:10]


@pytest.fixture(scope="session")
def pictures(images):
    """The same as the content of PNG files."""
    return [picture(image) for image in images]
