#!/usr/bin/env bash
# usage: tools/dist_test.sh CONFIG CHECKPOINT GPUS [test.py arguments...]
# On the CPU, on several machines, restarts: see dist_launch in launch.sh.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
CONFIG=$1
CHECKPOINT=$2
GPUS=$3
dist_launch test.py "$GPUS" "$CONFIG" "$CHECKPOINT" --launcher pytorch \
    "${@:4}"
