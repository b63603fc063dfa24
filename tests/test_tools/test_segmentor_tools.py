"""test.py and make_voc_submission.py on a segmentor, as a user calls them."""

import json
import tarfile

import numpy as np
import pytest
from mmengine.runner import Runner
from segmentor_configs import on_disk, tiny_segmentor

from projects.amr.datasets import VOCFolder


@pytest.fixture(scope='module')
def trained(toy_root, tmp_path_factory):
    """A folder with a config file and a checkpoint of one iteration."""
    folder = tmp_path_factory.mktemp('segmentor')
    cfg = tiny_segmentor(toy_root, folder)
    cfg.train_cfg.max_iters = 1
    Runner.from_cfg(cfg).train()
    for key in ('work_dir', 'launcher', 'experiment_name'):
        cfg.pop(key)
    cfg.dump(folder / 'tiny.py')
    return folder


def test_tta_out_and_show_dir(call, toy_root, trained):
    options = ['--tta', '--out', 'preds', '--show-dir', 'strips']
    options += ['--cfg-options', 'default_hooks.label_writer.crf=dense']
    done = call('test.py', 'tiny.py', 'iter_1.pth', *options, cwd=trained)
    path = trained / 'work_dirs' / 'tiny' / 'test_summary.json'
    summary = json.loads(path.read_text())
    split = VOCFolder.open(toy_root, 'val')
    assert summary['images'] == len(split.ids)
    scores = on_disk(toy_root, trained / 'preds')
    mean = np.nanmean(scores.iou)
    assert summary['metrics']['labels/mIoU'] == pytest.approx(mean)
    assert 0 < summary['metrics']['mIoU'] <= 100
    assert len(list((trained / 'strips').glob('*.png'))) == len(split.ids)
    text = done.stdout + done.stderr
    assert 'on scores' in text
    assert 'dexa' in text  # per class

    arguments = ['preds', 'out.tar.gz', '--data-root', toy_root]
    done = call(
        'make_voc_submission.py', *arguments, '--split', 'val', cwd=trained
    )
    assert f'{len(split.ids)} predictions in results/VOC2012' in done.stdout
    with tarfile.open(trained / 'out.tar.gz') as archive:
        assert len(archive.getnames()) == len(split.ids)
