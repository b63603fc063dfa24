"""A folder to damage, and a check of it."""

import pytest
from damaged_voc import sound_root

from projects.amr.engine.preflight import (
    Scanner,
    check_splits,
    folder_splits,
)


@pytest.fixture
def root(tmp_path):
    """Four sound images in VOC's folders."""
    return sound_root(tmp_path / 'VOC2012')


@pytest.fixture
def check(root):
    """Check lists of the folder, by default all images as training."""

    def _check(train='train', allow_overlap=False, **options):
        lists = {'train': train, 'val': options.pop('val', None)}
        splits = folder_splits(root, lists, **options)
        return check_splits(splits, Scanner(), allow_overlap)

    return _check
