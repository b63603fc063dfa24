"""What others got when they ran published code again, on PASCAL VOC 2012.

None of it was run by us, and none is in a paper: users report it in the
issues of the released code. It says how far a published number can be off.
"""

from dataclasses import dataclass

from projects.amr.evaluation.published_tables import METRICS


@dataclass(frozen=True)
class ReportedRerun:
    """Reported mIoU of one system beside its published one.

    Args:
        method (str): The system.
        metric (str): Key of ``METRICS``.
        reported (tuple[float, float]): Lowest and highest, in percent.
        published (float): In percent.
        note (str): Setting, or what was missing.
    """

    method: str
    metric: str
    reported: tuple[float, float]
    published: float
    note: str

    @property
    def gap(self) -> tuple[float, float]:
        """Reported less published, in points of mIoU."""
        return tuple(round(x - self.published, 1) for x in self.reported)


RERUNS = (
    ReportedRerun('AMR', 'cam', (42.8, 42.8), 56.8, 'released code'),
    ReportedRerun('IRNet', 'pseudo', (64.9, 66.0), 66.5, 'several users'),
    ReportedRerun('ReCAM', 'val', (67.8, 68.3), 68.5, 'five DeepLab runs'),
    ReportedRerun(
        'AdvCAM',
        'val',
        (62.9, 62.9),
        68.1,
        'DeepLab without its 30k iterations, scales and balanced loss',
    ),
)


def rerun_table() -> str:
    """Markdown table of the reruns.

    Returns:
        str: Head, rule and one line a rerun.

    Example:
        >>> print(rerun_table().splitlines()[2])
        | AMR | CAM (train) | 56.8 | 42.8 | -14.0 | released code |
    """
    lines = [
        '| system | | published | reported by users | gap | note |',
        '|---|---|---|---|---|---|',
    ]
    for rerun in RERUNS:
        cells = (
            rerun.method,
            METRICS[rerun.metric],
            str(rerun.published),
            _span(rerun.reported),
            _span(rerun.gap),
            rerun.note,
        )
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def _span(values: tuple[float, float]) -> str:
    """One number, or the lowest and the highest."""
    return ' to '.join(str(v) for v in dict.fromkeys(values))
