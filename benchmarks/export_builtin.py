"""Make the shipped network from a run: python benchmarks/export_builtin.py runs/cifar100"""

import sys
from pathlib import Path

from vgglab.models.builtin import BUILTIN
from vgglab.models.pretrained import export_features

if __name__ == "__main__":
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else BUILTIN
    export_features(Path(sys.argv[1]), target)
    print(f"{target}: {target.stat().st_size:,} bytes")
