"""train.py and test.py, on a classifier and on a segmentor."""

import json
import re
import signal
import tarfile
import time

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from segmentor_configs import on_disk, tiny_segmentor
from tool_process import ToolProcess, run_tool_process

from projects.amr.datasets import VOCFolder
from projects.amr.structures import CAMRecord


@pytest.fixture(scope='module')
def tested(call, tiny_file, trained):
    arguments = ['work_dirs/amr_tiny/epoch_1.pth', '--show-dir', 'strips']
    done = call('test.py', tiny_file, *arguments, cwd=trained)
    return trained, done.stdout + done.stderr


def summary(folder, name='amr_tiny'):
    path = folder / 'work_dirs' / name / 'test_summary.json'
    return json.loads(path.read_text())


def test_testing_writes_records_strips_and_a_summary(tested):
    folder, text = tested
    work = folder / 'work_dirs' / 'amr_tiny'
    records = sorted((work / 'cams').glob('*.npz'))
    assert len(records) == 8
    assert len(list((folder / 'strips').glob('*.png'))) == 8
    result = summary(folder)
    assert result['initialisation'].startswith('random')
    assert result['images'] == 8
    metrics = result['metrics']
    for name in ('spotlight', 'compensation', 'weighted'):
        assert 0 < metrics[f'cam/{name}/mIoU_best'] <= 100
        assert 0 <= metrics[f'cam/{name}/head_recall_fixed'] <= 100
    printed = re.search(r'cam/mIoU_best: ([\d.]+)', text).group(1)
    assert float(printed) == pytest.approx(metrics['cam/mIoU_best'], abs=1e-3)
    sizes = {CAMRecord.load(path).size for path in records}
    assert len(sizes) > 1


def test_two_ranks_give_the_records_and_metrics_of_one(
    tested, call, tiny_file
):
    folder, _ = tested
    arguments = [tiny_file, 'work_dirs/amr_tiny/epoch_1.pth', 2]
    arguments += ['--work-dir', 'work_dirs/two']
    done = call('dist_test.sh', *arguments, cwd=folder, PORT='29611')
    assert '8 made' in done.stdout + done.stderr
    assert summary(folder, 'two')['metrics'] == pytest.approx(
        summary(folder)['metrics'], abs=1e-6
    )
    for path in (folder / 'work_dirs/amr_tiny/cams').glob('*.npz'):
        twin = folder / 'work_dirs/two/cams' / path.name
        assert twin.read_bytes() == path.read_bytes()


def test_fault06_a_stopped_test_says_how_to_go_on(tiny_file, trained):
    options = ['test_dataloader.batch_size=1', 'model.test_cfg.flip=False']
    cams = trained / 'work_dirs' / 'stop' / 'cams'
    process = ToolProcess(
        'test.py',
        *(tiny_file, 'work_dirs/amr_tiny/epoch_1.pth'),
        *('--work-dir', 'work_dirs/stop', '--cfg-options', *options),
        cwd=trained,
    )
    while process.process.is_alive() and not cams.is_dir():
        time.sleep(0.02)
    process.send(signal.SIGTERM)
    assert process.wait(120) == 143, process.output
    assert '--work-dir work_dirs/stop' in process.output
    assert 'Traceback' not in process.output
    assert not list(cams.glob('.*.tmp'))


def test_rerun_keeps_all_records_and_metrics(tested, tiny_file):
    folder, _ = tested
    before = summary(folder)['metrics']
    words = ('test.py', tiny_file, 'work_dirs/amr_tiny/epoch_1.pth')
    assert '0 made, 8 kept' in run_tool_process(*words, cwd=folder)
    assert summary(folder)['metrics'] == before


WEIGHTS = [
    f'model.spotlight.init_cfg.{value}'
    for value in ('type=Pretrained', 'checkpoint=gone.pth')
]


@pytest.mark.parametrize(
    ('options', 'code', 'words'),
    [
        pytest.param(
            ['--amp'],
            2,
            ['--amp', 'GPU'],
            marks=pytest.mark.skipif(
                torch.cuda.is_available(), reason='there is a GPU'
            ),
        ),
        (
            ['--cfg-options', 'train_dataloader.dataset.ann_file=none.txt'],
            3,
            ['none.txt', 'VOC_ROOT'],
        ),
        (
            ['--cfg-options', *WEIGHTS],
            4,
            ['gone.pth', '--no-pretrained'],
        ),
    ],
)
def test_train_ends_with_code_and_fix(
    output_of, tiny_file, options, code, words
):
    text = output_of('train', tiny_file, *options, code=code)
    assert all(word in text.split('ERROR: ')[-1] for word in words)


def test_a_missing_config_is_named(output_of):
    assert 'none.py' in output_of('train', 'none.py', code=2)


def test_tta_out_and_show_dir(output_of, toy_root, tmp_path):
    cfg = tiny_segmentor(toy_root, tmp_path)
    cfg.train_cfg.max_iters = 1
    Runner.from_cfg(cfg).train()
    for key in ('work_dir', 'launcher', 'experiment_name'):
        cfg.pop(key)
    cfg.dump(tmp_path / 'tiny.py')
    options = ['--tta', '--out', 'preds', '--show-dir', 'strips']
    options += ['--cfg-options', 'default_hooks.label_writer.crf=dense']
    words = ('test.py', 'tiny.py', 'iter_1.pth', *options)
    text = run_tool_process(*words, cwd=tmp_path)
    assert 'on scores' in text
    assert 'dexa' in text  # per class
    results = summary(tmp_path, 'tiny')
    split = VOCFolder.open(toy_root, 'val')
    assert results['images'] == len(split.ids)
    mean = np.nanmean(on_disk(toy_root, tmp_path / 'preds').iou)
    assert results['metrics']['labels/mIoU'] == pytest.approx(mean)
    assert 0 < results['metrics']['mIoU'] <= 100
    assert len(list((tmp_path / 'strips').glob('*.png'))) == len(split.ids)

    words = ('preds', 'out.tar.gz', '--data-root', toy_root, '--split', 'val')
    text = output_of('make_voc_submission', *words)
    assert f'{len(split.ids)} predictions in results/VOC2012' in text
    with tarfile.open(tmp_path / 'out.tar.gz') as archive:
        assert len(archive.getnames()) == len(split.ids)
