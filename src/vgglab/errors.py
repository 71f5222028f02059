"""Every error a user can meet: one line that says what happened, what was expected, how to fix it."""

import errno


class VgglabError(Exception):
    """Something the user can act on. The command line prints it as one line and exits with `exit_code`."""

    exit_code = 1


class UsageError(VgglabError):
    """The command or its arguments are off."""

    exit_code = 2


class ConfigError(UsageError):
    """A config or study file has an unknown key or a wrong value."""


class DataError(VgglabError):
    """A data set is missing, damaged or not what it claims to be."""


class RunError(VgglabError):
    """A run folder is missing, incomplete, in use, or was written by a newer version."""


class ExportError(RunError):
    """A network cannot be written in another format, or answers otherwise there."""


class RemoteError(VgglabError):
    """A folder elsewhere cannot be read or written, or what reaches it is not installed."""


class TrackingError(VgglabError):
    """What a run is to log to is not installed, or does not answer."""


def first_line(error: Exception) -> str:
    """What an error of another library says first, or what it is."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def explain(error: Exception) -> str:
    """One line that says what happened and what to do about it."""
    if isinstance(error, VgglabError):
        text = str(error)
    elif hasattr(error, "format_message"):  # what Typer raises for a wrong command line
        text = f"{error.format_message()} (see vgglab --help)"
    elif isinstance(error, OSError) and (error.errno == errno.ENOSPC or "No space left" in str(error)):
        text = f"{error.filename or 'the disk'}: no space left on the device; free some, or use another --out"
    elif isinstance(error, PermissionError):
        text = f"{error.filename}: no permission to write or read there; change it, or use another --out"
    elif isinstance(error, ModuleNotFoundError) and error.name in ("jax", "torch", "tensorflow"):
        text = f"the backend {error.name} is not installed; pip install 'vgglab[{error.name}]' or change KERAS_BACKEND"
    elif isinstance(error, OSError):
        text = str(error)
    else:
        text = f"unexpected {type(error).__name__}: {error}; run again with --debug for the traceback"
    return " ".join(text.split())
