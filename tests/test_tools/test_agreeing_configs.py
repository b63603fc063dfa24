"""Row 37 of the table of faults, through the tools."""

from pathlib import Path

import pytest
from pipeline_configs import edited, write_pipeline
from tool_process import run_tool_process


@pytest.mark.parametrize(
    ('option', 'code', 'words'),
    [
        ('train_dataloader.batch_size=0', 2, 'train_dataloader.batch_size'),
        ('model.data_preprocessor.size=(64,64)', 2, 'crop_size'),
        ('model.spotlight.head.num_classes=7', 2, 'metainfo.classes'),
        ('train_dataloader.batch_size=99', 3, 'drop_last'),
        (
            'train_dataloader.dataset.pipeline.1.min_side=999',
            2,
            'RandomResizeLongestSide',
        ),
    ],
)
def test_fault37_a_training_is_refused_early(
    output_of, tiny_file, option, code, words
):
    options = ('--no-pretrained', '--cfg-options', option)
    text = output_of('train', tiny_file, *options, code=code)
    assert words in text.rpartition('\nERROR: ')[2]


def test_fault37_workers_are_put_right(tiny_file, tmp_path):
    options = [
        'train_dataloader.persistent_workers=True',
        'val_dataloader.prefetch_factor=2',
        'train_cfg.max_epochs=1',
    ]
    words = (tiny_file, '--no-pretrained', '--cfg-options', *options)
    told = run_tool_process('train.py', *words, cwd=tmp_path)
    assert 'train_dataloader.persistent_workers=True needs' in told
    assert 'val_dataloader.num_workers is 0' in told


def test_fault37_a_late_stage_is_refused_first(output_of, toy_root, tmp_path):
    path = write_pipeline(toy_root, tmp_path)
    config = edited(
        path,
        (
            "'{seeds.labels}'\n        }",
            "'{seeds.labels}', 'model.data_preprocessor.size': (9, 9)\n"
            '        }',
        ),
    )
    text = output_of('run_pipeline', config, '--work-dir', 'work', code=2)
    assert "stage 'seg_train'" in text
    assert 'crop_size' in text
    assert not Path('work/cam_train/last_checkpoint').exists()
