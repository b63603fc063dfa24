#!/usr/bin/env python
"""Write pseudo labels: ``python tools/make_pseudo_labels.py CONFIG``.

Applies the config's ``label_transform``, a random walk of CAMs over boundary
maps (``RandomWalkPseudoLabel``), to each image of its test set and writes one
palette PNG per image to ``labels`` in the work dir. Re-run, the same command
makes what is missing or was made from other CAMs, boundaries or settings;
--shard INDEX/COUNT shares the work among processes and machines that see the
same folders. Prints mIoU where there are masks.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.workflow.labels.label_tool import make_labels
from projects.amr.workflow.launch.tool_setup import run_tool


def main() -> None:
    """Make the pseudo labels."""
    make_labels(__doc__, 'pseudo labels', 'labels')


if __name__ == '__main__':
    run_tool(main)
