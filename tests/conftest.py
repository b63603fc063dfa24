"""Shared fixtures: small, seeded, on the CPU."""

import os

os.environ.setdefault('OMP_NUM_THREADS', '1')

import signal
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

import projects.amr  # noqa: F401  registers everything
from projects.amr.datasets.toy_voc import PRESETS, generate_toy_voc

# Configs read these; a user's shell may have set them for own photos.
for _name in (
    *('VOC_ROOT', 'COCO_ROOT', 'TOYVOC_ROOT', 'CLASS_FILE'),
    *('CAM_DIR', 'SEED_DIR', 'BOUNDARY_DIR', 'LABEL_DIR', 'SEGMENT_DIR'),
    *('PREDICTION_DIR', 'SALIENCY_DIR'),
):
    os.environ.pop(_name, None)

# A shell starts background jobs with Ctrl-C ignored, and children inherit
# that; the tests that stop a run need it as in a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Fixtures of a whole module are made before those of a test.
init_default_scope('mmseg')

ROOT = Path(__file__).resolve().parents[1]
VOC_SAMPLE = ROOT.parent / 'shared' / 'voc_sample' / 'VOC2012'


@pytest.fixture(autouse=True)
def _fresh_state():
    """Seed torch, keep to one thread, resolve names in mmseg's scope."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    init_default_scope('mmseg')


@pytest.fixture(scope='session')
def toy_root(tmp_path_factory) -> Path:
    """A dozen toy images of differing odd sizes in VOC's layout."""
    return generate_toy_voc(
        tmp_path_factory.mktemp('toy') / 'VOC2012', PRESETS['tiny']
    )


@pytest.fixture(scope='session')
def voc_sample() -> Path:
    """Forty photos of VOC 2012 with their masks, where they are there."""
    if not VOC_SAMPLE.is_dir():
        pytest.skip('no VOC sample beside the project')
    return VOC_SAMPLE


def pytest_collection_modifyitems(items: list) -> None:
    """Run the tools' tests first: the longest files end none too late."""
    items.sort(key=lambda item: 'test_tools' not in item.path.parts)
