"""Number of OpenMP's threads, and how they wait.

Import it before torch, numpy and OpenCV: OpenMP reads its settings when the
first of them loads it.
"""

import os

from projects.amr.cpu import cores_by_affinity, usable_cores

# A waiting thread soon sleeps: one that spins takes the time of what else
# runs on its core, and that may be the thread it waits for. GNU's OpenMP
# (torch on Linux), then Intel's (some other builds).
OPENMP = {
    'OMP_WAIT_POLICY': 'PASSIVE',
    'GOMP_SPINCOUNT': '2000',  # see tools/benchmarks/README.md
    'KMP_BLOCKTIME': '0',
}


def set_openmp() -> None:
    """Set how OpenMP waits, and its threads where it cannot know better.

    What the user has set stays; a wait policy of the user's stands alone.
    """
    if 'OMP_WAIT_POLICY' not in os.environ:
        for name, value in OPENMP.items():
            os.environ.setdefault(name, value)
    # OpenMP and OpenBLAS know of the affinity, but not of the quota.
    cores = usable_cores()
    if cores < cores_by_affinity():
        os.environ.setdefault('OMP_NUM_THREADS', str(cores))


set_openmp()
