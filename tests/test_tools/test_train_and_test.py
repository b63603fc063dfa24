import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from projects.amr.structures import CAMRecord

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def tested(call, tiny_file, trained):
    folder, _ = trained
    done = call(
        'test.py',
        tiny_file,
        'work_dirs/amr_tiny/epoch_1.pth',
        '--show-dir',
        'strips',
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, done


def summary(folder, name='amr_tiny'):
    path = folder / 'work_dirs' / name / 'test_summary.json'
    return json.loads(path.read_text())


def test_testing_writes_records_strips_and_a_summary(tested):
    folder, done = tested
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
    text = done.stdout + done.stderr
    printed = re.search(r'cam/mIoU_best: ([\d.]+)', text).group(1)
    assert float(printed) == pytest.approx(metrics['cam/mIoU_best'], abs=1e-3)
    sizes = {CAMRecord.load(path).size for path in records}
    assert len(sizes) > 1


def test_two_ranks_give_the_records_and_metrics_of_one(
    tested, call, tiny_file
):
    folder, _ = tested
    done = call(
        'dist_test.sh',
        tiny_file,
        'work_dirs/amr_tiny/epoch_1.pth',
        2,
        '--work-dir',
        'work_dirs/two',
        cwd=folder,
        PORT='29611',
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert '8 made' in done.stdout + done.stderr
    assert summary(folder, 'two')['metrics'] == pytest.approx(
        summary(folder)['metrics'], abs=1e-6
    )
    for path in (folder / 'work_dirs/amr_tiny/cams').glob('*.npz'):
        twin = folder / 'work_dirs/two/cams' / path.name
        assert twin.read_bytes() == path.read_bytes()


def test_fault06_a_stopped_test_says_how_to_go_on(tiny_file, trained):
    folder, _ = trained
    options = ['test_dataloader.batch_size=1', 'model.test_cfg.flip=False']
    command = [
        *(sys.executable, str(ROOT / 'tools' / 'test.py'), str(tiny_file)),
        *('work_dirs/amr_tiny/epoch_1.pth', '--work-dir', 'work_dirs/stop'),
        *('--cfg-options', *options),
    ]
    cams = folder / 'work_dirs' / 'stop' / 'cams'
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not cams.is_dir():
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 143
    assert '--work-dir work_dirs/stop' in errors
    assert 'Traceback' not in errors
    assert not list(cams.glob('.*.tmp'))


def test_rerun_keeps_all_records_and_metrics(tested, call, tiny_file):
    folder, _ = tested
    before = summary(folder)['metrics']
    done = call(
        'test.py', tiny_file, 'work_dirs/amr_tiny/epoch_1.pth', cwd=folder
    )
    assert '0 made, 8 kept' in done.stdout + done.stderr
    assert summary(folder)['metrics'] == before


@pytest.mark.parametrize(
    ('options', 'code', 'words'),
    [
        (['none.py'], 2, ['none.py']),
        pytest.param(
            ['CONFIG', '--amp'],
            2,
            ['--amp', 'GPU'],
            marks=pytest.mark.skipif(
                torch.cuda.is_available(), reason='there is a GPU'
            ),
        ),
        (
            [
                'CONFIG',
                '--cfg-options',
                'train_dataloader.dataset.ann_file=none.txt',
            ],
            3,
            ['none.txt', 'VOC_ROOT'],
        ),
        (
            [
                'CONFIG',
                '--cfg-options',
                'model.spotlight.init_cfg.type=Pretrained',
                'model.spotlight.init_cfg.checkpoint=gone.pth',
            ],
            4,
            ['gone.pth', '--no-pretrained'],
        ),
    ],
)
def test_train_ends_with_code_and_fix(
    call, tiny_file, tmp_path, options, code, words
):
    options = [tiny_file if o == 'CONFIG' else o for o in options]
    done = call('train.py', *options, cwd=tmp_path)
    assert done.returncode == code, done.stderr[-2000:]
    message = done.stderr.split('ERROR: ')[-1]
    for word in words:
        assert word in message
    assert 'Traceback' not in message
