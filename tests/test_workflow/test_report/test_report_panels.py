import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_samples import make_outputs

from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
    load_label_map,
)
from projects.amr.structures.voc_palette import voc_palette
from projects.amr.visualization.stage_pictures import (
    boundary_picture,
    cam_picture,
)
from projects.amr.workflow.report.report_images import StageFolders
from projects.amr.workflow.report.report_panels import load_panels

CAPTIONS = [
    'image',
    'spotlight',
    'compensation',
    'weighted CAM',
    'seed',
    'boundary',
    'pseudo label',
    'prediction',
    'truth',
]


@pytest.fixture(scope='module')
def roles(toy_root, tmp_path_factory):
    return make_outputs(toy_root, tmp_path_factory.mktemp('chain'))


@pytest.fixture(scope='module')
def image_id(roles):
    return StageFolders.from_roles(roles).ids()[1]


def load(roles, image_id):
    faults = []
    folders = StageFolders.from_roles(roles)
    panels, labels = load_panels(folders, image_id, faults)
    return {panel.caption: panel for panel in panels}, labels, faults


def test_every_stage_has_its_picture_in_order(roles, image_id):
    panels, _, faults = load(roles, image_id)
    assert list(panels) == CAPTIONS
    assert faults == []
    sizes = {panel.picture.shape for panel in panels.values()}
    assert len(sizes) == 1


def test_pictures_are_those_of_the_files(roles, image_id):
    panels, labels, _ = load(roles, image_id)
    image = cv2.imread(f'{roles["images"]}/{image_id}.jpg')
    np.testing.assert_array_equal(panels['image'].picture, image)
    record = CAMRecord.load(f'{roles["cams"]}/{image_id}.npz')
    np.testing.assert_array_equal(
        panels['weighted CAM'].picture, cam_picture(image, record.cam)
    )
    boundary, _ = load_boundary_map(f'{roles["boundaries"]}/{image_id}.npz')
    np.testing.assert_array_equal(
        panels['boundary'].picture,
        boundary_picture(boundary, image.shape[:2]),
    )
    truth, _ = load_label_map(f'{roles["masks"]}/{image_id}.png')
    painted = panels['truth'].picture
    assert (painted[truth == 255] == 255).all()
    for label in set(np.unique(truth)) - {255}:
        want = voc_palette()[label][::-1]
        assert (painted[truth == label] == want).all()
    assert labels == set(np.unique(truth).tolist())
    flat = {name for name, panel in panels.items() if panel.flat}
    assert flat == {'seed', 'pseudo label', 'prediction', 'truth'}


def test_plain_cam_has_one_map(roles, image_id, tmp_path):
    record = CAMRecord.load(f'{roles["cams"]}/{image_id}.npz')
    CAMRecord(record.classes, record.cam, record.size).save(
        tmp_path / f'{image_id}.npz'
    )
    panels, _, _ = load({**roles, 'cams': str(tmp_path)}, image_id)
    assert list(panels)[:3] == ['image', 'CAM', 'seed']


@pytest.mark.parametrize(
    ('role', 'gone'),
    [
        ('cams', {'spotlight', 'compensation', 'weighted CAM'}),
        ('seeds', {'seed'}),
        ('boundaries', {'boundary'}),
        ('labels', {'pseudo label'}),
        ('predictions', {'prediction'}),
        ('masks', {'truth'}),
        ('images', set(CAPTIONS)),
    ],
)
@pytest.mark.parametrize('how', ['no role', 'no folder', 'no file'])
def test_what_is_absent_is_not_shown(
    roles, image_id, role, gone, how, tmp_path
):
    changed = {
        'no role': {k: v for k, v in roles.items() if k != role},
        'no folder': {**roles, role: str(tmp_path / 'nowhere')},
        'no file': {**roles, role: str(tmp_path)},
    }[how]
    panels, _, faults = load(changed, image_id)
    assert set(panels) == set(CAPTIONS) - gone
    assert bool(faults) == (role == 'images' and how == 'no file')


@pytest.mark.parametrize('role', ['cams', 'seeds', 'boundaries', 'masks'])
def test_damaged_files_are_named(roles, image_id, role, tmp_path):
    source = next(Path(roles[role]).glob(f'{image_id}.*'))
    damaged = tmp_path / source.name
    shutil.copy(source, damaged)
    damaged.write_bytes(damaged.read_bytes()[:40])
    panels, _, faults = load({**roles, role: str(tmp_path)}, image_id)
    assert len(faults) == 1
    assert str(damaged) in faults[0]
    assert 'image' in panels
