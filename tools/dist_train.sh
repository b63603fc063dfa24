#!/usr/bin/env bash
# usage: tools/dist_train.sh CONFIG GPUS [train.py arguments...]
# On the CPU, on several machines, restarts: see dist_launch in launch.sh.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
CONFIG=$1
GPUS=$2
dist_launch train.py "$GPUS" "$CONFIG" --launcher pytorch "${@:3}"
