"""Trials on other machines ask the study, which lies where their search was started, whether to go on."""

import os
import socket
import threading
import warnings
from functools import partial
from pathlib import Path

import optuna

from vgglab.errors import RunError
from vgglab.experiments.trials.study import DATABASE, database

ASK = "VGGLAB_SEARCH"  # HOST:PORT where a trial's process asks; without it, its study lies in the folder above it
PATIENCE = 60  # seconds that the study has to answer


def answer_trials(folder: Path, host: str) -> str:
    """Answer the trials of a search, in a thread, as long as this process lives; the HOST:PORT to ask at."""
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        answer = partial(optuna.storages.run_grpc_proxy_server, database(folder, known=True), host=host, port=port)
        threading.Thread(target=answer, daemon=True).start()
    return f"{host}:{port}"


def study_of(trial: Path) -> optuna.storages.BaseStorage:
    """Where the study of a trial is asked.

    Raises:
        RunError: its search is not above it, or does not answer.
    """
    if address := os.environ.get(ASK):
        return _elsewhere(address, trial)
    if not (trial.parent / DATABASE).exists():
        raise RunError(f"{trial}: a trial of a search, whose {DATABASE} is missing in {trial.parent}")
    return database(trial.parent, known=True)


def _elsewhere(address: str, trial: Path) -> optuna.storages.BaseStorage:
    host, _, port = address.rpartition(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = optuna.storages.GrpcStorageProxy(host=host, port=int(port))
    try:
        storage.wait_server_ready(PATIENCE)
    except ConnectionError:
        raise RunError(
            f"{trial.name}: its search does not answer at {address}; let this machine reach it there"
        ) from None
    return storage
