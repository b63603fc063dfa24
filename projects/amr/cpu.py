"""Abilities of the processor: usable cores, and bfloat16."""

import math
import os
from argparse import ArgumentTypeError
from pathlib import Path

CGROUP = Path('/sys/fs/cgroup')  # a container's own
CPUINFO = Path('/proc/cpuinfo')
BFLOAT16_FLAGS = {'avx512_bf16', 'amx_bf16', 'bf16'}  # x86 twice, Arm


def usable_cores() -> int:
    """Count the cores that this process may keep busy.

    A batch system or a container may allow fewer than the machine has.

    Returns:
        int: At least 1.
    """
    return max(1, math.ceil(min(cores_by_affinity(), _cores_by_quota())))


def worker_count(text: str) -> int:
    """Read the number of worker processes from a command line.

    Args:
        text (str): A number, or ``'auto'``.

    Returns:
        int: For ``'auto'`` the usable cores; 0, no worker, if there is one.

    Raises:
        ArgumentTypeError: If it is negative.
    """
    if text != 'auto':
        if int(text) < 0:
            raise ArgumentTypeError(f'must be 0 or more, got {text}')
        return int(text)
    cores = usable_cores()
    return cores if cores > 1 else 0


def computes_bfloat16() -> bool:
    """Return whether the processor has instructions for products in bfloat16.

    One without them works in bfloat16 too, several times slower than in
    float32. Where the system does not tell, the answer is no.
    """
    try:
        text = CPUINFO.read_text()
    except OSError:
        return False
    return not BFLOAT16_FLAGS.isdisjoint(text.split())


def cores_by_affinity() -> int:
    """Cores on which the system may run this process."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def _cores_by_quota() -> float:
    """Cores' worth of time that the control group allows, or infinity."""
    try:
        words = (CGROUP / 'cpu.max').read_text().split()
    except OSError:  # version 1, or none
        names = ('cpu/cpu.cfs_quota_us', 'cpu/cpu.cfs_period_us')
        try:
            words = [(CGROUP / name).read_text() for name in names]
        except OSError:
            return math.inf
    try:
        quota, period = map(int, words)
    except ValueError:  # 'max'
        return math.inf
    return quota / period if quota > 0 < period else math.inf
