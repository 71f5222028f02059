"""What is served opens by the engine that is asked for, each under a name of its own."""

import numpy as np
import pytest

from vgglab.errors import UsageError
from vgglab.serving.networks import open_networks


def test_a_run_and_its_model_file_are_served_under_two_names(trained, pictures, images):
    run, file = open_networks([trained.folder, trained.folder / "best.keras"], "keras", print)
    assert (run.name, file.name, run.engine, run.parity) == ("trained", "best", "keras", None)
    assert run.metrics == trained.metrics and file.metrics is None and file.bins == []
    assert np.allclose(run.answer(pictures, 10**6), trained.predict(images), atol=1e-5)


def test_two_of_one_name_are_refused(trained):
    with pytest.raises(UsageError, match="has the name trained, and so has"):
        open_networks([trained.folder, trained.folder], "keras", print)
