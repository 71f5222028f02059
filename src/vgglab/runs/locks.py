"""Whether somebody holds a run folder."""

from pathlib import Path


def is_locked(folder: Path) -> bool:
    """Whether a process is training this run at the moment (False too where the folder cannot be written)."""
    if not (folder / ".lock").exists():
        return False
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / ".lock", timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False
