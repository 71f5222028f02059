"""Import Keras and its backend with settings for this machine, and without their greetings."""

import contextlib
import gc
import os
import sys
from collections.abc import Iterator

ADVICE = "triggered tf.function retracing"  # for who writes TensorFlow code; a last, smaller batch does that
# What TensorFlow prints on being imported with oneDNN on, at any log level.
GREETINGS = (b"oneDNN custom operations are on", b"before absl::InitializeLog() is called")


def configure_backend() -> None:
    """Settings that the backend reads when it is imported; what the user has set is respected."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    # On JAX's CPU each program that is read back from a cache says at level 2 how it was made.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if backend == "jax" else "2")
    # TensorFlow leaves oneDNN's kernels off on CPUs without AVX-512, where they train VGG-16 twice as fast. On another
    # backend Keras imports TensorFlow too, where it is installed, and does nothing with it but be greeted by oneDNN.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1" if backend == "tensorflow" else "0")


def import_keras() -> None:
    """Import Keras, and with it the backend; whatever it says on stderr but a greeting is passed on."""
    if "keras" not in sys.modules:
        _import_quietly()
    if sys.modules["keras"].backend.backend() == "jax":
        from vgglab.keras_tools.programs import keep_programs

        keep_programs()
    else:
        from vgglab.keras_tools.strided import skip_pixels_first

        skip_pixels_first()


def _import_quietly() -> None:
    import logging  # here, as every command line waits for this module
    import tempfile

    logging.getLogger("tensorflow").addFilter(lambda record: ADVICE not in record.getMessage())
    try:
        stderr = os.dup(2)
    except OSError:  # no stderr: nothing to keep quiet
        import keras

        return
    with tempfile.TemporaryFile() as said, nothing_collected():
        os.dup2(said.fileno(), 2)
        try:
            import keras  # noqa: F401
        finally:
            os.dup2(stderr, 2)
            said.seek(0)
            kept = [line for line in said if not any(greeting in line for greeting in GREETINGS)]
            os.write(stderr, b"".join(kept))
            os.close(stderr)


@contextlib.contextmanager
def nothing_collected() -> Iterator[None]:
    """Look for no garbage meanwhile: an import makes half a million objects that stay, and a fifth of it is that."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
