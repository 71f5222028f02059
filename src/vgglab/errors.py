"""Every error a user can meet: one line that says what happened, what was expected, how to fix it."""


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


class TrackingError(VgglabError):
    """What a run is to log to is not installed, or does not answer."""


def first_line(error: Exception) -> str:
    """What an error of another library says first, or what it is."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
