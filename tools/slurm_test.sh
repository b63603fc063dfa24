#!/usr/bin/env bash
# usage: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [test.py
# arguments...]
# Variables that are read: see slurm_launch in launch.sh.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
PARTITION=$1
JOB_NAME=$2
CONFIG=$3
CHECKPOINT=$4
slurm_launch test.py "$PARTITION" "$JOB_NAME" \
    "$CONFIG" "$CHECKPOINT" --launcher slurm "${@:5}"
