#!/usr/bin/env bash
# usage: tools/dist_train.sh CONFIG GPUS [train.py arguments...]
# Without a GPU the processes run on the CPU with gloo. Several machines:
# NNODES, NODE_RANK, MASTER_ADDR, PORT. When a process dies, the others are
# stopped and the error names its rank; MAX_RESTARTS=n starts all again, up to
# n times, from what is done.
set -euo pipefail
CONFIG=$1
GPUS=$2
if [ "${NNODES:-1}" = 1 ]; then
    # With a store of its own for each restart (the variable below): in one
    # that goes on, ranks read where those before them listened.
    PLACE=(--nnodes=1 --rdzv-backend=c10d --local-addr=127.0.0.1
        --rdzv-endpoint="127.0.0.1:${PORT:-29500}")
else
    PLACE=(--nnodes="$NNODES" --node_rank="${NODE_RANK:-0}"
        --master_addr="${MASTER_ADDR:-127.0.0.1}"
        --master_port="${PORT:-29500}")
fi
TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 \
PYTHONPATH="$(dirname "$0")/..":${PYTHONPATH:-} \
    "${PYTHON:-python}" -m torch.distributed.run \
    "${PLACE[@]}" \
    --nproc_per_node="$GPUS" \
    --max_restarts="${MAX_RESTARTS:-0}" \
    "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "${@:3}"
