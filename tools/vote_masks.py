#!/usr/bin/env python
"""Give masks without classes the classes of labels: ``vote_masks.py CONFIG``.

Applies the config's ``label_transform`` (``VoteSegments``) to each image of
its test set and writes one palette PNG per image to ``labels`` in the work
dir. The masks are a folder ``<id>/`` of PNGs per image, an id map
``<id>.png`` of 8 or 16 bits, or ``<id>.json`` of COCO's RLE, as
segment-anything's own script writes it. Re-run, the same command makes what
is missing or was made from other labels, masks or settings. Prints mIoU where
there are true masks.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.workflow.labels.label_tool import make_labels
from projects.amr.workflow.launch.tool_setup import run_tool


def main() -> None:
    """Vote."""
    make_labels(__doc__, 'voted labels', 'votes')


if __name__ == '__main__':
    run_tool(main)
