#!/usr/bin/env bash
# usage: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [train.py arguments...]
# Variables that are read: see slurm_launch in launch.sh.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
PARTITION=$1
JOB_NAME=$2
CONFIG=$3
slurm_launch train.py "$PARTITION" "$JOB_NAME" \
    "$CONFIG" --launcher slurm "${@:4}"
