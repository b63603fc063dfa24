"""Segmentors with a real Runner on a dozen toy images."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image
from segmentor_configs import on_disk, tiny_segmentor

from projects.amr.datasets import VOCFolder
from projects.amr.errors import CheckpointMismatchError
from projects.amr.ops.label_crf import refine_scores
from projects.amr.runtime.checkpoints.checkpoint import unwrap_model
from projects.amr.structures import load_label_map


@pytest.fixture(scope='module')
def trained(toy_root, tmp_path_factory):
    """Work dir after four iterations, and the validation's metrics."""
    folder = tmp_path_factory.mktemp('segmentor')
    runner = Runner.from_cfg(tiny_segmentor(toy_root, folder))
    runner.train()
    # Four iterations predict background alone; this head does not.
    for conv in runner.model.decode_head.convs:
        torch.nn.init.normal_(conv.weight)
    runner.save_checkpoint(str(folder), 'varied.pth')
    return folder, dict(runner.message_hub.log_scalars)


def runner_for(toy_root, trained, work_dir, weights='varied.pth', **changes):
    """A runner that tests weights of the training's folder."""
    cfg = tiny_segmentor(toy_root, work_dir, **changes)
    cfg.load_from = str(trained[0] / weights)
    return Runner.from_cfg(cfg)


def use_tta(cfg: Config) -> dict:
    """What tools/test.py --tta changes."""
    return {
        'model': {'_delete_': True, **cfg.tta_model, 'module': cfg.model},
        'test_dataloader.dataset.pipeline': cfg.tta_pipeline,
    }


def test_four_losses_were_summed(trained):
    _, scalars = trained
    parts = [
        np.array(scalars[f'train/scale_{part}.loss_ce'].data[0])
        for part in ('1', '0.75', '0.5', 'max')
    ]
    total = np.array(scalars['train/loss'].data[0])
    assert len(total) == 4
    np.testing.assert_allclose(np.sum(parts, 0), total, rtol=1e-5)
    assert np.isfinite(total).all()


def test_poly_power_at_each_iteration(trained):
    _, scalars = trained
    rates = scalars['train/lr'].data[0]
    base = Config.fromfile(trained[0] / 'deeplabv2_r26_toyvoc.py')
    lr = base.optim_wrapper.optimizer.lr
    # mmengine counts so that the last of T iterations has rate 0.
    want = [lr * (1 - step / 3) ** 0.9 for step in range(4)]
    np.testing.assert_allclose(rates, want, rtol=1e-6)


def test_miou_is_that_of_the_files(toy_root, trained, tmp_path):
    metrics = runner_for(toy_root, trained, tmp_path).test()
    scores = on_disk(toy_root, tmp_path / 'labels')
    assert metrics['mIoU'] == pytest.approx(np.nanmean(scores.iou), abs=0.01)
    assert metrics['labels/mIoU'] == pytest.approx(np.nanmean(scores.iou))
    assert (scores.confusion.sum(0)[:-1] > 0).sum() > 2  # labels vary


def test_tta_runs_and_predicts_mirrored_images_mirrored(
    toy_root, trained, tmp_path
):
    changes = use_tta(tiny_segmentor(toy_root, tmp_path))
    runner = runner_for(toy_root, trained, tmp_path, **changes)
    metrics = runner.test()
    scores = on_disk(toy_root, tmp_path / 'labels')
    assert metrics['mIoU'] == pytest.approx(np.nanmean(scores.iou), abs=0.01)
    item = runner.test_dataloader.dataset[0]
    assert len(item['inputs']) == 12
    batch = {key: [[v] for v in value] for key, value in item.items()}
    mirrored = {
        'inputs': [[v[0].flip(-1)] for v in batch['inputs']],
        'data_samples': batch['data_samples'],
    }
    model = unwrap_model(runner.model)
    assert model is not runner.model
    with torch.no_grad():
        (plain,), (other,) = (
            runner.model.test_step(data) for data in (batch, mirrored)
        )
    torch.testing.assert_close(
        other.seg_logits.data.softmax(0),
        plain.seg_logits.data.softmax(0).flip(-1),
    )


def test_tta_s_checkpoint_is_still_checked(toy_root, trained, tmp_path):
    changes = use_tta(tiny_segmentor(toy_root, tmp_path))
    changes['model']['module'].decode_head.dilations = (1, 2, 3)
    with pytest.raises(CheckpointMismatchError, match=r'convs\.2\.weight'):
        runner_for(toy_root, trained, tmp_path, **changes).test()


def test_crf_takes_the_scores_at_image_size(toy_root, trained, tmp_path):
    writer = {'default_hooks.label_writer.crf': 'dense'}
    runner = runner_for(toy_root, trained, tmp_path, **writer)
    seen = {}

    class Keep:
        """Remembers the softmax of every image."""

        def __call__(self, module, inputs, outputs):
            for sample in outputs:
                logits = sample.seg_logits.data
                seen[sample.img_id] = logits.softmax(0).numpy()

    runner.model.register_forward_hook(Keep())
    metrics = runner.test()
    split = VOCFolder.open(toy_root, 'val')
    assert set(seen) == set(split.ids)
    for image_id, probs in seen.items():
        image = np.array(Image.open(split.image_path(image_id)))
        labels, _ = load_label_map(tmp_path / f'labels/{image_id}.png')
        expected = refine_scores(image, probs, 'dense')
        np.testing.assert_array_equal(labels, expected)
    scores = on_disk(toy_root, tmp_path / 'labels')
    assert metrics['labels/mIoU'] == pytest.approx(np.nanmean(scores.iou))


@pytest.mark.parametrize('crf', [None, 'dense'])
def test_strips_show_prediction_and_mask(toy_root, trained, tmp_path, crf):
    changes = {
        'default_hooks.label_writer.crf': crf,
        'default_hooks.visualization.out_dir': str(tmp_path / 'strips'),
        'default_hooks.visualization.interval': 2,
    }
    runner_for(toy_root, trained, tmp_path, **changes).test()
    ids = VOCFolder.open(toy_root, 'val').ids
    paths = sorted((tmp_path / 'strips').glob('*.png'))
    assert [path.stem for path in paths] == sorted(ids[::2])
    for path in paths:
        image = cv2.imread(str(toy_root / 'JPEGImages' / f'{path.stem}.jpg'))
        height, width = image.shape[:2]
        zoom = -(-160 // height)
        panels = 3 if crf is None else 4
        strip = cv2.imread(str(path))[18:]
        step = zoom * width + 4
        assert strip.shape[:2] == (zoom * height, panels * step)
        assert (strip[::zoom, : zoom * width : zoom] == image).all()
        labels = Image.open(tmp_path / f'labels/{path.stem}.png')
        column = step * (panels - 2)  # the last before the mask
        shown = strip[::zoom, column : column + zoom * width : zoom]
        expected = np.array(labels.convert('RGB'))[..., ::-1]
        np.testing.assert_array_equal(shown, expected)


def test_split_without_masks_is_predicted(toy_root, trained, tmp_path, capsys):
    root = tmp_path / 'bare'
    root.mkdir()
    for name in ('JPEGImages', 'ImageSets'):
        (root / name).symlink_to(toy_root / name)
    metrics = runner_for(root, trained, tmp_path / 'work').test()
    assert metrics == {}
    ids = VOCFolder.open(toy_root, 'val').ids
    files = sorted((tmp_path / 'work' / 'labels').glob('*.png'))
    assert [file.stem for file in files] == sorted(ids)
    log = ''.join(p.read_text() for p in (tmp_path / 'work').rglob('*.log'))
    assert 'no masks: nothing to score' in log
    assert f'{len(ids)} of {len(ids)} images have no label map' in log
