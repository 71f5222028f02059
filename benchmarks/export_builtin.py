"""Make a shipped network from a run of it: python benchmarks/export_builtin.py RUN"""

import sys
from pathlib import Path

from vgglab.config.schema import BUILTIN
from vgglab.models.builtin import builtin_path
from vgglab.models.pretrained import SavedBackbone, export_features

if __name__ == "__main__":
    (run,) = sys.argv[1:]
    name = SavedBackbone(Path(run) / "best.keras").name
    if name not in map(str.lower, BUILTIN):
        sys.exit(f"{run} is a run of {name}; shipped are {' and '.join(BUILTIN)}")
    target = builtin_path(name)
    export_features(Path(run), target)
    print(f"{target}: {target.stat().st_size:,} bytes")
