# For dist_*.sh and slurm_*.sh, which source it: how a tool of this folder is
# started in several processes.
TOOLS=$(dirname "${BASH_SOURCE[0]}")
export PYTHONPATH="$TOOLS/..":${PYTHONPATH:-}

# dist_launch TOOL GPUS [the tool's arguments...]
# Without a GPU the processes run on the CPU with gloo. Several machines:
# NNODES, NODE_RANK, MASTER_ADDR, PORT. When a process dies, the others are
# stopped and the error names its rank; MAX_RESTARTS=n starts all again, up to
# n times, from what is done.
dist_launch() {
    local place
    if [ "${NNODES:-1}" = 1 ]; then
        # With a store of its own for each restart (the variable below): in
        # one that goes on, ranks read where those before them listened.
        place=(--nnodes=1 --rdzv-backend=c10d --local-addr=127.0.0.1
            --rdzv-endpoint="127.0.0.1:${PORT:-29500}")
    else
        place=(--nnodes="$NNODES" --node_rank="${NODE_RANK:-0}"
            --master_addr="${MASTER_ADDR:-127.0.0.1}"
            --master_port="${PORT:-29500}")
    fi
    TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 \
        "${PYTHON:-python}" -m torch.distributed.run \
        "${place[@]}" \
        --nproc_per_node="$2" \
        --max_restarts="${MAX_RESTARTS:-0}" \
        "$TOOLS/$1" "${@:3}"
}

# slurm_launch TOOL PARTITION JOB_NAME [the tool's arguments...]
# GPUS, GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS come from the environment.
slurm_launch() {
    local per_node=${GPUS_PER_NODE:-8}
    srun -p "$2" \
        --job-name="$3" \
        --gres=gpu:"$per_node" \
        --ntasks="${GPUS:-8}" \
        --ntasks-per-node="$per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 \
        ${SRUN_ARGS:-} \
        "${PYTHON:-python}" -u "$TOOLS/$1" "${@:4}"
}
