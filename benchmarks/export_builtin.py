"""Make a shipped network from a run: python benchmarks/export_builtin.py RUN NAME"""

import sys
from pathlib import Path

from vgglab.models.builtin import builtin_path
from vgglab.models.pretrained import export_features

if __name__ == "__main__":
    run, name = sys.argv[1:]
    target = builtin_path(name)
    export_features(Path(run), target)
    print(f"{target}: {target.stat().st_size:,} bytes")
