#!/usr/bin/env python
"""Write seeds, the confident labels of CAMs: ``make_seeds.py CONFIG``.

Applies the config's ``label_transform`` (``GenerateSeed``) to each image of
its test set and writes one palette PNG per image to ``labels`` in the work
dir; pixels that are not confident are 255. Re-run, the same command makes
what is missing or was made from other CAMs or settings; --shard INDEX/COUNT
shares the work among processes and machines that see the same folders.
Prints the share of labelled pixels and, where there are masks, precision and
recall of each class's seeds.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.amr.workflow.labels.label_tool import make_labels
from projects.amr.workflow.launch.tool_setup import run_tool


def main() -> None:
    """Make the seeds."""
    make_labels(__doc__, 'seeds', 'seeds')


if __name__ == '__main__':
    run_tool(main)
