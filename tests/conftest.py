"""What several tests share: a tiny training run on the built-in digits, done once."""

import pytest

TINY = {"limit": 100, "width": 0.05, "batch_norm": True, "dropout": 0.2, "learning_rate": 0.1, "epochs": 3}


@pytest.fixture(scope="session")
def tiny() -> dict:
    """Options of a run that takes seconds."""
    return dict(TINY)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run; tests that change its folder make a copy."""
    import vgglab

    return vgglab.run(**TINY, name="trained", out=tmp_path_factory.mktemp("runs"), progress="none")
