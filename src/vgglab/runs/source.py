"""Where a person's own network comes from: a file with a function, a module with one, or a model; kept with each run.

`source/` in the run folder holds a copy of the file, and `source/source.json`:
    schema
    file, sha256     the copy, and its hash when the run began
    function         that makes the network; None for a model
    module           that the function is imported from; None for a file, which is executed
    folder           that the file was in, absolute: what it imports may lie beside it
`source/code/` holds the same of the run whose model this one started from, where its layers need code.

Code is executed where a person names it. That of a run folder is executed where this user has had the same bytes
executed before: somebody else's run folder runs nothing that nobody looked at.
"""

import hashlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from vgglab.config.schema import RunConfig
from vgglab.errors import ConfigError, RunError, first_line
from vgglab.keras_tools.backend import import_keras
from vgglab.runs.door import read_json
from vgglab.runs.files import write_atomic, write_json
from vgglab.runs.shapes import SourceTree

FOLDER, CODE, RECORD = "source", "code", "source.json"
PREFIX = "vgglab_own_"  # of the name that an executed file has among the modules


@dataclass(frozen=True)
class Source:
    """A file that a network comes from.

    Attributes:
        path: of the file.
        function: that makes the network; None for a model.
        module: that the function is imported from; None for a file.
        folder: that what it imports may lie in; None for its own.
        sha256: of the file when its run began; None where it is in no run folder.
    """

    path: Path
    function: str | None = None
    module: str | None = None
    folder: Path | None = None
    sha256: str | None = None

    @property
    def place(self) -> Path:
        """The folder that what it imports may lie in."""
        return self.folder or self.path.absolute().parent

    def read(self) -> bytes:
        """The file.

        Raises:
            RunError: it was changed since its run began.
        """
        content = self.path.read_bytes()
        if self.sha256 and digest(content) != self.sha256:
            raise RunError(f"{self.path}: was changed since the run began (another SHA-256); restore it from a copy")
        return content


def find_source(name: str) -> Source:
    """The file of a network's name, `my_models.py:make`, `package.module:make` or `path.keras`.

    Raises:
        ConfigError: there is none.
    """
    place, colon, function = name.rpartition(":") if not name.endswith(".keras") else (name, "", None)
    path = Path(place).expanduser()
    if colon and not place.endswith(".py"):
        return Source(_module_file(place), function, place, Path.cwd())
    if not path.is_file():
        what = "FILE.py:FUNCTION" if colon else "a .keras file"
        raise ConfigError(f"model.name is {name}: there is no file {path}; expected {what}")
    if (path.parent / RECORD).is_file():
        return replace(_kept(path.parent), path=path, function=function)
    return Source(path, function)


def _module_file(module: str, folder: Path | None = None) -> Path:
    with _importable(folder or Path.cwd()):
        try:
            found = importlib.util.find_spec(module)
        except Exception as error:  # whatever the packages above it raise
            raise ConfigError(f"model.name: module {module} cannot be imported ({first_line(error)})") from None
    if found is None or not found.origin or not os.path.isfile(found.origin):
        raise ConfigError(f"model.name: there is no module {module}; expected FILE.py:FUNCTION or MODULE:FUNCTION")
    return Path(found.origin)


def keep_source(folder: Path, config: RunConfig) -> None:
    """Copy the file of a run's own network into the run folder; from now on it is one that may be executed.

    Raises:
        ConfigError: there is no such file.
        RunError: it is that of another run, and was changed since.
    """
    if not config.model.own:
        return
    source = find_source(config.model.name)
    _copy(source, folder / FOLDER)
    if source.sha256 is None and source.function:
        trust(source.read(), source.place)


def keep_code(folder: Path, origin: Path) -> None:
    """Copy the code of a run whose model a new run starts from: its layers are in the new model too.

    Args:
        folder: of the new run.
        origin: the folder that the model is in; nothing is done where it keeps no code.
    """
    if source := kept_source(origin):
        _copy(source, folder / FOLDER / CODE)


def _copy(source: Source, folder: Path) -> None:
    content = source.read()
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / source.path.name, lambda path: path.write_bytes(content))
    told = {"schema": 1, "file": source.path.name, "sha256": digest(content), "function": source.function}
    write_json(folder / RECORD, told | {"module": source.module, "folder": str(source.place)})


def kept_config(folder: Path, config: RunConfig) -> RunConfig:
    """The config of a run, its own network made by the copy that its folder keeps."""
    if not config.model.own:
        return config
    kept = read_json(folder / FOLDER / RECORD, SourceTree)
    place = folder / FOLDER / kept["file"]
    name = f"{place}:{kept['function']}" if kept["function"] else str(place)
    return config.model_copy(update={"model": config.model.model_copy(update={"name": name})})


def check_unchanged(folder: Path, config: RunConfig) -> None:
    """Make sure that the network of a run that is there was made by the file that its config names now.

    Raises:
        RunError: the file was changed since.
    """
    record = folder / FOLDER / RECORD
    if config.model.own and record.exists():
        source, kept = find_source(config.model.name), read_json(record, SourceTree)
        if digest(source.read()) != kept["sha256"]:
            raise RunError(
                f"{folder}: was made by another {source.path.name} than there is now (the copy in {FOLDER}/ has it); "
                "put that back, or choose another --name or --out"
            )


def load_function(source: Source) -> Any:
    """The function that makes a network; its file is executed, or its module imported.

    Raises:
        ConfigError: there is no such function, or the file cannot be executed.
        RunError: it is that of a run folder, and was changed, or nobody had it executed before.
    """
    module = execute(source)
    found = getattr(module, source.function or "", None)
    if not callable(found):
        known = [
            name for name, value in vars(module).items() if isinstance(value, types.FunctionType) and name[0] != "_"
        ]
        there = f"it has {', '.join(known[:5])}" if known else "it has no function"
        raise ConfigError(f"{source.path}: there is no function {source.function!r}; {there}")
    return found


def execute(source: Source) -> types.ModuleType:
    """What a file defines, by executing it; its layers are then registered with Keras.

    Raises:
        ConfigError: it cannot be executed.
        RunError: it is that of a run folder, and was changed, or nobody had it executed before.
    """
    content = source.read()
    if source.sha256 and not is_trusted(content, source.place):
        raise RunError(
            f"{source.path}: the network needs this code, which was not trained with here; read it, and if you trust "
            f"it say --code {source.path}"
        )
    if source.sha256 and source.module:
        _check_module(source)
    with imports_of(source):
        try:
            if source.module:
                return importlib.import_module(source.module)
            return _execute(content, source.path)
        except SyntaxError as error:
            raise ConfigError(f"{source.path}: line {error.lineno}: {error.msg}") from None
        except (Exception, SystemExit) as error:
            raise ConfigError(
                f"{source.path}: cannot be executed ({type(error).__name__}: {first_line(error)})"
            ) from None


def execute_file(path: Path) -> None:
    """Execute a file that a person named, for the layers in it; a run folder may have it executed from now on.

    Raises:
        ConfigError: there is no such file, or it cannot be executed.
    """
    if not path.is_file():
        raise ConfigError(f"--code {path}: no such file; expected a Python file")
    source = _kept(path.parent) if (path.parent / RECORD).is_file() else Source(path)
    trust(path.read_bytes(), source.place)
    import_keras()  # before the file does, which would be greeted
    execute(source)


def kept_source(folder: Path) -> Source | None:
    """The file with code that a run folder keeps; None where it keeps none."""
    return next((source for source in _all_kept(folder) if source.function), None)


def kept_code(folder: Path) -> list[Path]:
    """The files by which a folder keeps the code of its models, to be copied with them; none where it keeps none."""
    source = kept_source(folder)
    return [source.path, source.path.with_name(RECORD)] if source else []


def trusts_kept(folder: Path) -> bool:
    """Whether this user had all code executed that a run folder keeps."""
    return all(is_trusted(source.path.read_bytes(), source.place) for source in _all_kept(folder))


def trust_kept(folder: Path) -> None:
    """Let the code that a run folder keeps be executed here: it is the user's own, from another machine."""
    for source in _all_kept(folder):
        trust(source.path.read_bytes(), source.place)


def _all_kept(folder: Path) -> list[Source]:
    places = (folder / FOLDER, folder / FOLDER / CODE, folder / CODE)  # the last of a model that is kept itself
    return [_kept(place) for place in places if (place / RECORD).is_file()]


def _kept(folder: Path) -> Source:
    told = read_json(folder / RECORD, SourceTree)
    return Source(folder / told["file"], told["function"], told["module"], Path(told["folder"]), told["sha256"])


def _check_module(source: Source) -> None:
    """A module is imported by its name, as it may belong to a package; it should be the one that the run began with."""
    path = _module_file(source.module, source.place)
    if digest(path.read_bytes()) != source.sha256:
        raise RunError(f"{path}: was changed since the run began; put the copy {source.path} back")


def _execute(content: bytes, path: Path) -> types.ModuleType:
    module = types.ModuleType(PREFIX + path.stem)
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses, among others, look their module up
    exec(compile(content, str(path), "exec"), module.__dict__)
    return module


@contextmanager
def imports_of(source: Source) -> Iterator[None]:
    """Have what lies beside a file importable inside the block."""
    with _importable(source.place):
        yield


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def digest(content: bytes) -> str:
    """SHA-256, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def trust(content: bytes, folder: Path) -> None:
    """Remember that this user had a file executed, with what lies in a folder for it to import."""
    place = _trusted(content, folder)
    with suppress(OSError):  # then it is asked for once more
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def is_trusted(content: bytes, folder: Path) -> bool:
    """Whether this user had a file of these bytes executed, with what lies in that folder."""
    return _trusted(content, folder).exists()


def _trusted(content: bytes, folder: Path) -> Path:
    return Path(user_data_dir("vgglab")) / "trusted" / digest(content + b"\0" + str(folder).encode())
