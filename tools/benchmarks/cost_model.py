"""From the cost of one image in each stage to the hours of a pipeline.

A stage's cost is given in seconds an image by *part*: ``data`` (loading and
augmenting, one process), ``write`` (one thread) and what runs on the device
or, for seeds, in the processes of a pool.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

TRAININGS = ('classifier_train', 'affinity_train', 'segmentor_train')
POOLED = ('seeds',)  # stages that run in processes of the CPU
STAGES = (
    'classifier_train',
    'cams',
    'seeds',
    'affinity_train',
    'walk',
    'segmentor_train',
    'segmentor_test',
)


@dataclass(frozen=True)
class Workload:
    """Work of a chain on a dataset.

    Attributes:
        train_images (int): Images of the classifier's list; all get CAMs,
            seeds and pseudo labels.
        val_images (int): Images that the segmentor is tested on.
        classifier_epochs (int): Of the classifier.
        affinity_epochs (int): Of the affinity network.
        segmentor_iters (int): Iterations of the segmentor.
        segmentor_batch (int): Images of one of them, of all devices.
    """

    train_images: int
    val_images: int
    classifier_epochs: int
    affinity_epochs: int
    segmentor_iters: int
    segmentor_batch: int

    def scaled(self, train_images: int, val_images: int) -> 'Workload':
        """Scale the work to other images; the segmentor's steps grow.

        Example:
            >>> Workload(10, 4, 8, 3, 100, 2).scaled(30, 9).segmentor_iters
            300
        """
        iters = round(self.segmentor_iters * train_images / self.train_images)
        return replace(
            self,
            train_images=train_images,
            val_images=val_images,
            segmentor_iters=iters,
        )

    def images(self) -> dict[str, int]:
        """Images that each stage handles, repetitions counted."""
        return {
            'classifier_train': self.classifier_epochs * self.train_images,
            'cams': self.train_images,
            'seeds': self.train_images,
            'affinity_train': self.affinity_epochs * self.train_images,
            'walk': self.train_images,
            'segmentor_train': self.segmentor_iters * self.segmentor_batch,
            'segmentor_test': self.val_images,
        }


@dataclass(frozen=True)
class Machine:
    """Number of things that go on at once.

    Attributes:
        devices (int): GPUs, or CPU processes, each with a share of the
            images. Defaults to 1.
        loaders (int): Loading processes a device. Defaults to 4.
        writers (int): Writing threads a device. Defaults to 2.
        processes (int): Processes a device of the pooled stages. Defaults
            to 4.
        efficiency (float): Share of a device's speed that is left in a
            training on several, which wait for each other's gradients, in
            (0, 1]. Defaults to 0.9, a guess.
    """

    devices: int = 1
    loaders: int = 4
    writers: int = 2
    processes: int = 4
    efficiency: float = 0.9


def seconds_per_image(
    stage: str, parts: Mapping[str, float], machine: Machine
) -> float:
    """Time between two images of a stage on one device.

    Loading, computing and writing run beside each other, so the slowest
    counts: ``max(data / loaders, device, write / writers)``. Processes of a
    pool do all parts of an image one after the other: their sum over
    ``processes``.

    Example:
        >>> parts = dict(data=0.8, forward=0.1, backward=0.2, write=0.1)
        >>> round(seconds_per_image('cams', parts, Machine(loaders=2)), 3)
        0.4
        >>> round(seconds_per_image('cams', parts, Machine(loaders=8)), 3)
        0.3
    """
    if stage in POOLED:
        return sum(parts.values()) / machine.processes
    device = sum(v for k, v in parts.items() if k not in ('data', 'write'))
    return max(
        parts.get('data', 0.0) / machine.loaders,
        device,
        parts.get('write', 0.0) / machine.writers,
    )


def pipeline_hours(
    costs: Mapping[str, Mapping[str, float]],
    workload: Workload,
    machine: Machine,
) -> dict[str, float]:
    """Hours of each stage and their ``total``.

    Assumed: every image costs the same; the cost of an image does not depend
    on the batch; a device takes ``ceil(images / devices)`` images; start-up,
    validation, checkpoints and metrics take no time. ``costs`` are seconds an
    image of each part, by stage; what was not measured is left out.
    """
    images, hours = workload.images(), {}
    for stage in STAGES:
        if stage not in costs:
            continue
        own = -(-images[stage] // machine.devices)
        seconds = own * seconds_per_image(stage, costs[stage], machine)
        if stage in TRAININGS and machine.devices > 1:
            seconds /= machine.efficiency
        hours[stage] = seconds / 3600
    return {**hours, 'total': sum(hours.values())}
