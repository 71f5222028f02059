#!/usr/bin/env bash
# Answer, one after the other, as many of the questions of docs/gpu.md as there is time for: benchmarks/gpu/all.sh SECONDS [OPTION...]
# Tables go to stdout, and JSON into the folder OUT, else ./gpu-results. Options go to each script, such as
# --set data.limit=100; PYTHON names the interpreter.
set -uo pipefail
seconds=${1:-1500}
shift || true
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-gpu-results}
# ASK names some of the questions alone: ASK="strong bits".
asked=${ASK:-rates lab strong bits signals precision devices}
# The lab takes no weights from the network: VGGLAB_LAB_WEIGHTS=none where ImageNet's are not at hand.
weights=${VGGLAB_LAB_WEIGHTS:-}
mkdir -p "$out"

left() { echo $((seconds - SECONDS)); }

# ask NAME MOST LEAST OPTION...: run a script for at most MOST seconds, or not at all where fewer than LEAST are left.
ask() {
    local name=$1 most=$2 least=$3 own
    shift 3
    case " $asked " in *" $name "*) ;; *) return ;; esac
    own=$(left)
    if [ "$own" -lt "$least" ]; then
        echo "== $name: not asked, $own s are left and it takes $least at least"
        return
    fi
    [ "$own" -gt "$most" ] && own=$most
    echo "== $name, at most $own s"
    timeout --signal=TERM --kill-after=10 "$own" "${PYTHON:-python3}" "$here/$name.py" --seconds $((own - 5)) --out "$out" "$@"
    echo "== $name: code $?, $(left) s left"
}

ask rates 235 60 "$@"
ask lab 330 60 ${weights:+--weights "$weights"} "$@"
ask strong 235 60 "$@"
ask bits 235 60 "$@"
ask signals 200 60 "$@"
ask precision 235 60 "$@"
ask devices 235 60 "$@"
