"""What XLA compiles for JAX is kept in a cache folder: the next process that needs a program reads it."""

import os
import zlib
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_dir

FOLDER = "programs"
LEAST_SECONDS = 0.0  # of a program's compiling, to be kept: a run has a hundred small ones


def cache_home() -> Path:
    """The folder that what is made once is kept below: VGGLAB_CACHE, else a cache folder of the user."""
    return Path(os.environ.get("VGGLAB_CACHE") or user_cache_dir("vgglab"))


def programs_folder() -> Path:
    """Where they are kept, for each kind of processor apart.

    What is compiled for one processor may end the process on another, and a home may be shared.
    """
    return cache_home() / FOLDER / f"{zlib.crc32(_processor_flags()):08x}"


def keep_programs() -> None:
    """Have JAX keep what it compiles from now on, unless it was told where to or not to, or nothing can be written."""
    import jax

    if jax.config.jax_compilation_cache_dir is not None or not jax.config.jax_enable_compilation_cache:
        return
    folder = programs_folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):  # JAX would warn for each program
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", LEAST_SECONDS)


def _processor_flags() -> bytes:
    try:
        lines = Path("/proc/cpuinfo").read_bytes().splitlines()
    except OSError:
        return b""
    return next((line for line in lines if line.startswith((b"flags", b"Features"))), b"")
