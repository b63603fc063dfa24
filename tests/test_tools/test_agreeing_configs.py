"""Row 37 of the table of faults, through the tools."""

from functools import partial
from pathlib import Path

import pytest
from pipeline_configs import edited, write_pipeline


@pytest.fixture
def tool(tmp_path, run_here):
    return partial(run_here, cwd=tmp_path)


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        ('train_dataloader.batch_size=0', 'train_dataloader.batch_size'),
        ('model.data_preprocessor.size=(64,64)', 'crop_size'),
        ('model.spotlight.head.num_classes=7', 'metainfo.classes'),
        ('train_dataloader.batch_size=99', 'drop_last'),
        (
            'train_dataloader.dataset.pipeline.1.min_side=999',
            'RandomResizeLongestSide',
        ),
    ],
)
def test_fault37_a_training_is_refused_early(tool, tiny_file, option, words):
    code, _, errors = tool(
        'train', tiny_file, '--no-pretrained', '--cfg-options', option
    )
    assert code in (2, 3)
    assert words in errors.rpartition('\nERROR: ')[2]


def test_fault37_workers_are_put_right(call, tiny_file, tmp_path):
    options = [
        'train_dataloader.persistent_workers=True',
        'val_dataloader.prefetch_factor=2',
        'train_cfg.max_epochs=1',
    ]
    done = call(
        'train.py',
        *(tiny_file, '--no-pretrained', '--cfg-options', *options),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = done.stdout + done.stderr
    assert 'train_dataloader.persistent_workers=True needs' in told
    assert 'val_dataloader.num_workers is 0' in told


def test_fault37_a_late_stage_is_refused_first(tool, toy_root, tmp_path):
    path = write_pipeline(toy_root, tmp_path)
    config = edited(
        path,
        (
            "'{seeds.labels}'\n        }",
            "'{seeds.labels}', 'model.data_preprocessor.size': (9, 9)\n"
            '        }',
        ),
    )
    code, _, errors = tool('run_pipeline', config, '--work-dir', 'work')
    assert code == 2
    assert "stage 'seg_train'" in errors
    assert 'crop_size' in errors
    assert not Path('work/cam_train/last_checkpoint').exists()
