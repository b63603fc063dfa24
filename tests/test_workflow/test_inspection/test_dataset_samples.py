from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import set_random_seed
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor

from projects.amr.datasets.images.image_size import image_size
from projects.amr.errors import UserError
from projects.amr.structures import CAMRecord
from projects.amr.visualization.sample_picture import overlay_labels
from projects.amr.workflow.inspection import dataset_samples
from projects.amr.workflow.inspection.dataset_samples import SampleBrowser

CONFIGS = Path(__file__).parents[3] / 'configs'


@pytest.fixture
def panels(monkeypatch):
    """Captions and pictures, and the title, of the last drawing."""
    seen = {}

    def strip(panels):
        seen.update(panels)
        return panels[0][1]

    def title(picture, lines):
        seen['title'] = lines
        return picture

    monkeypatch.setattr(dataset_samples, 'picture_strip', strip)
    monkeypatch.setattr(dataset_samples, 'add_title', title)
    monkeypatch.setattr(dataset_samples, 'MIN_HEIGHT', 1)
    return seen


def as_bgr(inputs: torch.Tensor) -> np.ndarray:
    return inputs.numpy().transpose(1, 2, 0)


@pytest.mark.parametrize('split', ['train', 'test'])
def test_classifier_image_is_what_the_pipeline_packed(
    toy_root, tmp_path, panels, split
):
    browser = SampleBrowser(tiny_config(toy_root, tmp_path), split)
    assert browser.preprocessor.mean.all()  # there is work to undo
    set_random_seed(3)
    image_id, _ = browser.draw(2)
    set_random_seed(3)
    data = browser.dataset[2]  # drawn again
    np.testing.assert_array_equal(panels['image'], as_bgr(data['inputs']))
    info = browser.dataset.get_data_info(2)
    assert image_id == panels['title'][0] == info['img_id']
    names = browser.dataset.class_names
    present = [names[k] for k in np.flatnonzero(info['img_label'])]
    assert panels['title'][1].endswith(': ' + ', '.join(present))
    expected = {'image', 'title'}
    if split == 'test':
        expected |= {'SegmentationClass', 'labels', 'parts'}
    assert set(panels) == expected


def test_segmentor_labels_lie_over_the_image_padding_included(
    toy_root, tmp_path, panels
):
    cfg = tiny_segmentor(toy_root, tmp_path)
    cfg.model.data_preprocessor.size = (53, 61)  # larger than the crop
    browser = SampleBrowser(cfg, 'train')
    set_random_seed(5)
    browser.draw(1)
    set_random_seed(5)
    data = browser.dataset[1]
    mask = data['data_samples'].gt_sem_seg.data[0].numpy()
    height, width = mask.shape
    assert panels['image'].shape == (53, 61, 3)
    part = panels['image'][:height, :width]
    np.testing.assert_array_equal(part, as_bgr(data['inputs']))
    # Padding has the pixel mean (RGB in the config) and no label.
    assert panels['image'][-1, -1].tolist() == [104, 116, 124]
    assert panels['labels'][-1, -1].tolist() == [255, 255, 255]
    palette = browser.dataset.metainfo['palette']
    np.testing.assert_array_equal(
        panels['SegmentationClass'][:height, :width],
        overlay_labels(part, mask.astype(np.uint8), palette),
    )


def test_affinity_seeds_and_cams_are_drawn(toy_root, tmp_path, panels):
    cfg = Config.fromfile(CONFIGS / 'toy' / 'irnet_r26_toyvoc.py')
    cfg.train_dataloader.dataset.data_root = str(toy_root)
    masks = str(toy_root / 'SegmentationClass')
    cfg.train_dataloader.dataset.data_prefix.seg_map_path = masks
    browser = SampleBrowser(cfg, 'train')
    browser.draw(0)
    assert {'image', 'SegmentationClass', 'labels'} <= set(panels)
    assert panels['image'].shape == (96, 96, 3)
    info = browser.dataset.get_data_info(0)
    assert info['img_label'].any()
    assert 'no label' not in panels['title'][1]

    cfg.test_dataloader.dataset.data_root = str(toy_root)
    cfg.test_dataloader.dataset.pipeline[3].cam_dir = str(tmp_path)
    browser = SampleBrowser(cfg, 'test')
    info = browser.dataset.get_data_info(0)
    size = image_size(info['img_path'])
    classes = np.flatnonzero(info['img_label'])
    cam = np.zeros((len(classes), 5, 7), np.float32)
    CAMRecord(classes, cam, size).save(tmp_path / f'{info["img_id"]}.npz')
    browser.draw(0)
    assert panels['CAM'].shape == (*size, 3)
    # No score anywhere is blue everywhere.
    blue, red = panels['CAM'][..., 0], panels['CAM'][..., 2]
    assert blue.mean() > red.mean() + 30


def test_normalising_in_the_pipeline_is_undone_too(toy_root, tmp_path, panels):
    cfg = tiny_config(toy_root, tmp_path)
    plain = SampleBrowser(cfg, 'test')
    plain.draw(0)
    expected = panels['image']
    del cfg.model.data_preprocessor['mean'], cfg.model.data_preprocessor['std']
    cfg.model.data_preprocessor.bgr_to_rgb = False
    cfg.test_dataloader.dataset.pipeline.insert(
        3,
        {
            'type': 'Normalize',
            'mean': [100.0, 110.0, 120.0],
            'std': [50.0, 60.0, 70.0],
            'to_rgb': True,
        },
    )
    SampleBrowser(cfg, 'test').draw(0)
    np.testing.assert_array_equal(panels['image'], expected)


def test_same_pictures_from_the_same_config(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path)
    first, second = (SampleBrowser(cfg, 'train').draw(0)[1] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    cfg.randomness.seed = 1
    other = SampleBrowser(cfg, 'train').draw(0)[1]
    assert other.shape != first.shape or (other != first).any()


def test_samples_are_spread_over_the_dataset(toy_root, tmp_path):
    browser = SampleBrowser(tiny_config(toy_root, tmp_path), 'train')
    size = len(browser.dataset)
    assert browser.spread(99) == list(range(size))
    assert browser.spread(2) == [0, size - 1]
    assert browser.spread(1) == [0]
    with pytest.raises(UserError, match='--num'):
        browser.spread(0)


def test_a_missing_split_names_those_there_are(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path)
    cfg.val_dataloader = None
    with pytest.raises(UserError, match='val_dataloader'):
        SampleBrowser(cfg, 'val')
    cfg.model.data_preprocessor = None
    with pytest.raises(UserError, match='data_preprocessor'):
        SampleBrowser(cfg, 'train')
