import json
import re
import signal
import time

import pytest
import torch
from tool_process import ToolProcess

from projects.amr.structures import CAMRecord


@pytest.fixture(scope='module')
def tested(call, tiny_file, trained):
    folder, _ = trained
    arguments = ['work_dirs/amr_tiny/epoch_1.pth', '--show-dir', 'strips']
    done = call('test.py', tiny_file, *arguments, cwd=folder)
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
    folder, _ = trained
    options = ['test_dataloader.batch_size=1', 'model.test_cfg.flip=False']
    cams = folder / 'work_dirs' / 'stop' / 'cams'
    process = ToolProcess(
        'test.py',
        *(tiny_file, 'work_dirs/amr_tiny/epoch_1.pth'),
        *('--work-dir', 'work_dirs/stop', '--cfg-options', *options),
        cwd=folder,
    )
    while process.process.is_alive() and not cams.is_dir():
        time.sleep(0.02)
    process.send(signal.SIGTERM)
    assert process.wait(120) == 143, process.output
    assert '--work-dir work_dirs/stop' in process.output
    assert 'Traceback' not in process.output
    assert not list(cams.glob('.*.tmp'))


def test_rerun_keeps_all_records_and_metrics(tested, call, tiny_file):
    folder, _ = tested
    before = summary(folder)['metrics']
    done = call(
        'test.py', tiny_file, 'work_dirs/amr_tiny/epoch_1.pth', cwd=folder
    )
    assert '0 made, 8 kept' in done.stdout + done.stderr
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
