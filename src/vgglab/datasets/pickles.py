"""Read pickled arrays without trusting them: a pickle can run code; only arrays and plain values pass."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from vgglab.errors import DataError

_reconstruct = np.empty(0).__reduce__()[0]  # wherever this numpy keeps it
ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise DataError(f"it asks for {module}.{name}, which no image file needs")
        return ALLOWED[module, name]


def read_pickle(path: Path) -> dict[str, Any]:
    """A pickled dictionary of numpy arrays, lists, numbers and text (Python 2's too); nothing in it is run.

    Raises:
        DataError: the file is no such pickle, or asks for anything else.
    """
    try:
        with path.open("rb") as file:
            content = _ArrayUnpickler(file, encoding="latin1").load()
    except Exception as error:  # a broken pickle can raise nearly anything
        raise DataError(f"{path} was refused and not run: {error}; use the official file") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds a {type(content).__name__}, not a dictionary: use the official file")
    return content
