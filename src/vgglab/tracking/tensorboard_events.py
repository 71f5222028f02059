"""TensorBoard: event files below `tensorboard/` in the run folder, written without TensorFlow."""

import os
import socket
import time
from pathlib import Path
from typing import Any

from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2, summary_v2
from tensorboard.plugins.text.metadata import PLUGIN_NAME as TEXT
from tensorboard.summary.writer.record_writer import RecordWriter

from vgglab.runs.store import Run
from vgglab.tracking.content import epoch_scalars, findings_text, settings, test_scalars

FOLDER = "tensorboard"
VERSION = "brain.Event:2"  # of the file format
PICTURES = ("curves.png", "confusion_matrix.png")
TEXTS = ("config.yaml", "summary.txt")
STATUSES = {"finished": api_pb2.STATUS_SUCCESS}


class TensorBoardEvents:
    """Writes a run's event files; a run that goes on adds another file to the same folder."""

    def __init__(self, folder: Path, known: dict[str, Any]):
        self.folder = folder / FOLDER
        self.known = known
        self.place = f"tensorboard --logdir {folder.parent}"

    def begin(self, run: Run) -> None:
        """Open a file, and tell the settings where none was written before."""
        self.folder.mkdir(exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        self.writer = RecordWriter((self.folder / name).open("ab"))
        self.write(Event(file_version=VERSION))
        if "epochs" not in self.known:
            self.write(Event(summary=summary_v2.hparams_pb(settings(run), trial_id=run.name)))
            self.known["epochs"] = 0
        self.writer.flush()

    def update(self, run: Run) -> None:
        """Tell the epochs that were not told yet."""
        for epoch, scalars in epoch_scalars(run, self.known["epochs"]):
            self.write(Event(step=epoch, summary=scalar_summary(scalars)))
            self.known["epochs"] = epoch
        self.writer.flush()

    def end(self, run: Run) -> None:
        """Tell test figures, pictures, findings and how it ended."""
        done = run.record.epochs_done
        if run.status in ("finished", "diverged"):
            self.write(Event(step=done, summary=scalar_summary(test_scalars(run))))
            for name in PICTURES:
                if (run.folder / name).exists():
                    self.write(Event(step=done, summary=picture_summary(run.folder / name)))
            texts = {name: code_block(run.folder / name) for name in TEXTS if (run.folder / name).exists()}
            for name, text in {"findings": findings_text(run), **texts}.items():
                self.write(Event(step=done, summary=text_summary(name, text)))
        self.write(Event(step=done, summary=end_summary(STATUSES.get(run.status, api_pb2.STATUS_FAILURE))))

    def close(self) -> None:
        """Close the file; safe where none was opened."""
        if hasattr(self, "writer"):
            self.writer.close()

    def write(self, event: Event) -> None:
        """Write an event with the time it is."""
        event.wall_time = time.time()
        self.writer.write(event.SerializeToString())


def scalar_summary(scalars: dict[str, float]) -> Summary:
    """Numbers by their names."""
    return Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()])


def picture_summary(path: Path) -> Summary:
    """A PNG file under its name without the suffix."""
    with Image.open(path) as image:
        width, height = image.size
    picture = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=path.read_bytes())
    return Summary(value=[Summary.Value(tag=path.stem, image=picture)])


def text_summary(name: str, text: str) -> Summary:
    """Text in Markdown."""
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=TEXT))
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()], tensor_shape=shape)
    return Summary(value=[Summary.Value(tag=name, metadata=plugin, tensor=tensor)])


def end_summary(status: int) -> Summary:
    """How a run of the hparams table ended, and when."""
    ended = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
    plugin = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(session_end_info=ended))
    value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=plugin, tensor=metadata.NULL_TENSOR)
    return Summary(value=[value])


def code_block(path: Path) -> str:
    """A text file as Markdown that keeps its columns."""
    return "\n".join(f"    {line}" for line in path.read_text(encoding="utf-8").splitlines())
