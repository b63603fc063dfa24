"""Cores that this process may use, and how OpenMP's threads wait.

Import it before torch, numpy and OpenCV: OpenMP reads its settings when the
first of them loads it. Imports nothing heavy, and nothing of the project.
"""

import math
import os
from pathlib import Path

# A waiting thread soon sleeps: one that spins takes the time of what else
# runs on its core, and that may be the thread it waits for. GNU's OpenMP
# (torch on Linux), then Intel's (some other builds).
OPENMP = {
    'OMP_WAIT_POLICY': 'PASSIVE',
    'GOMP_SPINCOUNT': '0',
    'KMP_BLOCKTIME': '0',
}
CGROUP = Path('/sys/fs/cgroup')  # a container's own


def usable_cores() -> int:
    """Count the cores that this process may keep busy.

    A batch system or a container may allow fewer than the machine has.

    Returns:
        int: At least 1.
    """
    return max(1, math.ceil(min(_cores_by_affinity(), _cores_by_quota())))


def set_openmp() -> None:
    """Set how OpenMP waits, and its threads where it cannot know better.

    What the user has set stays; a wait policy of the user's stands alone.
    """
    if 'OMP_WAIT_POLICY' not in os.environ:
        for name, value in OPENMP.items():
            os.environ.setdefault(name, value)
    # OpenMP and OpenBLAS know of the affinity, but not of the quota.
    cores = usable_cores()
    if cores < _cores_by_affinity():
        os.environ.setdefault('OMP_NUM_THREADS', str(cores))


def _cores_by_affinity() -> int:
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


set_openmp()
