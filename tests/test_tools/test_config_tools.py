"""browse_dataset.py and print_config.py as a user calls them."""

import runpy
import sys
from pathlib import Path

import cv2
import pytest
from mmengine.config import Config

from projects.amr.datasets import VOCFolder
from projects.amr.errors import UserError
from projects.amr.workflow.pipeline import use_stage_overrides

ROOT = Path(__file__).resolve().parents[2]


def test_pictures_of_the_train_split(call, toy_root, tiny_file, tmp_path):
    done = call(
        'analysis_tools/browse_dataset.py', tiny_file, '--num', 3, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-3000:]
    files = sorted(tmp_path.glob('work_dirs/amr_tiny/browse/train/*.png'))
    ids = VOCFolder.open(toy_root, 'train_aug').ids
    places = [0, round((len(ids) - 1) / 2), len(ids) - 1]
    assert [path.name for path in files] == [
        f'{place:05d}_{ids[place]}.png' for place in places
    ]
    assert all(cv2.imread(str(path)).shape[0] > 160 for path in files)
    assert f'3 of {len(ids)} samples of train' in done.stdout


def test_browsing_a_set_that_is_not_there(call, tiny_file, tmp_path):
    done = call(
        'analysis_tools/browse_dataset.py',
        tiny_file,
        *('--split', 'val', '--out-dir', 'pictures', '--cfg-options'),
        'val_dataloader.dataset.data_root=/no/such',
        cwd=tmp_path,
    )
    assert done.returncode == 3
    assert '/no/such' in done.stderr.split('ERROR: ')[-1]
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'pictures').exists()


def test_printed_stages_are_the_resolved_ones(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    pipeline = 'configs/pipelines/amr_toyvoc_scale.py'
    arguments = ['print_config.py', pipeline, '--path', 'stages']
    monkeypatch.setattr(sys, 'argv', arguments)
    runpy.run_path(str(ROOT / 'tools/misc/print_config.py'))['main']()
    printed = Config.fromstring(capsys.readouterr().out, '.py')
    assert printed.stages == stages_of(pipeline)
    assert [stage.name for stage in printed.stages[:2]] == ['toy_set', 'check']


def stages_of(pipeline):
    """Resolved stages of a pipeline config."""
    cfg = Config.fromfile(pipeline)
    use_stage_overrides(cfg)
    return cfg.stages


def test_printed_text_is_the_config(call, tiny_file, tmp_path):
    done = call(
        'misc/print_config.py',
        tiny_file,
        *('--cfg-options', 'model.loss_cps.loss_weight=0.25'),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (tmp_path / 'printed.py').write_text(done.stdout)
    printed = Config.fromfile(tmp_path / 'printed.py')
    expected = Config.fromfile(tiny_file)
    expected.merge_from_dict({'model.loss_cps.loss_weight': 0.25})
    expected.launcher = 'none'
    expected.work_dir = 'work_dirs/amr_tiny'
    assert printed.to_dict() == expected.to_dict()


def test_a_wrong_key_is_answered_with_those_there_are(
    call, tiny_file, tmp_path
):
    done = call(
        'misc/print_config.py', tiny_file, '--path', 'model.x', cwd=tmp_path
    )
    assert done.returncode == 2
    assert "model has no 'x': it has" in done.stderr
    assert 'loss_cps' in done.stderr.split('it has')[-1]
    assert not done.stdout


def test_keys_lead_through_dicts_and_lists(tiny_file):
    find = runpy.run_path(str(ROOT / 'tools/misc/print_config.py'))['find']
    cfg = Config.fromfile(tiny_file)
    crop = find(cfg, 'train_dataloader.dataset.pipeline.3.crop_size')
    assert crop == (48, 48)
    for path, message in (
        ('test_evaluator.9', "test_evaluator has no '9': it has 0"),
        ('train_cfg.max_epochs.x', "max_epochs has no 'x': it is a value"),
        ('nothing', "the config has no 'nothing': it has "),
    ):
        with pytest.raises(UserError, match=message):
            find(cfg, path)
