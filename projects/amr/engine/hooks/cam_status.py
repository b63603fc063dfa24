"""Count of the images that have a usable CAM of every labelled class."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from projects.amr.errors import EmptyCAMError, list_faults

STATUS = 'status.json'


@dataclass
class CAMStatus:
    """Counts of images by the status of their CAM record.

    Example:
        >>> status = CAMStatus()
        >>> status.add('a', [0], [])
        >>> status.add('b', [0], [3])
        >>> print(status)
        1 ok, 1 empty_cam, 0 no_label
    """

    ok: int = 0  # images with a CAM of every labelled class
    # Dropped classes by image id.
    empty_cam: dict[str, list[int]] = field(default_factory=dict)
    # Ids of images without a label.
    no_label: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f'{self.ok:,} ok, {len(self.empty_cam):,} empty_cam, '
            f'{len(self.no_label):,} no_label'
        )

    @property
    def labelled(self) -> int:
        """Number of images with a label."""
        return self.ok + len(self.empty_cam)

    def add(self, image_id: str, classes, dropped) -> None:
        """Count one image by its kept and its dropped classes."""
        if len(dropped):
            self.empty_cam[image_id] = [int(k) for k in dropped]
        elif len(classes):
            self.ok += 1
        else:
            self.no_label.append(image_id)

    @classmethod
    def joined(cls, parts: Iterable['CAMStatus']) -> 'CAMStatus':
        """Counts of several ranks together."""
        whole = cls()
        for part in parts:
            whole.ok += part.ok
            whole.empty_cam |= part.empty_cam
            whole.no_label += part.no_label
        whole.no_label = sorted(set(whole.no_label))
        return whole

    def content(self) -> dict:
        """The counts, and the ids that are not ok, for JSON."""
        return {
            'ok': self.ok,
            'empty_cam': len(self.empty_cam),
            'no_label': len(self.no_label),
            'classes_without_cam': dict(sorted(self.empty_cam.items())),
            'images_without_label': self.no_label,
        }

    def require(self, max_empty: float, labelled: int) -> None:
        """Raise EmptyCAMError where too many images have a dropped class.

        ``max_empty`` is the largest share of ``labelled`` images, in [0, 1].
        """
        empty = len(self.empty_cam)
        if empty <= max_empty * labelled:
            return
        lines = [
            f'{image_id}: class indices {classes}'
            for image_id, classes in self.empty_cam.items()
        ]
        raise EmptyCAMError(
            f'{empty:,} of {labelled:,} labelled images have a class whose '
            f'CAM is empty, NaN or infinite, more than {max_empty:.0%}:\n'
            f'{list_faults(lines)}\nIs the classifier trained, and on these '
            'classes? Otherwise raise '
            'default_hooks.cam_writer.max_empty'
        )
