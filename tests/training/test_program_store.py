"""What JAX compiled is kept in a folder of ours, listed by function, and bounded."""

import keras
import pytest

from vgglab.keras_tools.programs import keep_programs, programs_folder
from vgglab.training.program_store import ProgramStore


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder with two programs of one function and one of another, 1,000 bytes each."""
    monkeypatch.setenv("VGGLAB_CACHE", str(tmp_path))
    programs_folder().mkdir(parents=True)
    for name in ("jit_train_step-" + "0" * 64, "jit_train_step-" + "1" * 64, "jit_predict-" + "a" * 64):
        (programs_folder() / f"{name}-cache").write_bytes(bytes(1000))
    return programs_folder()


def test_programs_of_one_function_are_one_entry(kept):
    found = {entry.key: (entry.bytes, entry.about) for entry in ProgramStore().entries()}
    assert found == {"jit_train_step": (2000, "compiled 2 times"), "jit_predict": (1000, "compiled 1 times")}


def test_the_cache_lists_and_clears_them(kept, told):
    assert "jit_train_step" in told("cache", "--kind", "programs")[1]
    assert told("cache", "--clear", "--kind", "programs")[2] == f"programs: 0.0 MB freed in {kept}\n"
    assert not list(kept.glob("*-cache"))


def test_programs_beyond_the_limit_go(kept):
    ProgramStore(limit=2500).make_room(0, "")
    assert sum(path.stat().st_size for path in kept.glob("*-cache")) <= 2500


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX compiles")
@pytest.mark.parametrize("told_where", [None, "/elsewhere"])
def test_jax_is_told_where_to_keep_programs_unless_it_was(kept, told_where):
    import jax

    before = jax.config.jax_compilation_cache_dir, jax.config.jax_persistent_cache_min_compile_time_secs
    jax.config.update("jax_compilation_cache_dir", told_where)
    keep_programs()
    found = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", before[0])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", before[1])
    assert found == (told_where or str(kept))
