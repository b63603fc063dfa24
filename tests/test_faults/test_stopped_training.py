"""Row 6 of the faults: Ctrl-C and SIGTERM end a training between steps."""

import signal
from functools import partial

import pytest
import torch
from mmengine.config import Config
from mmengine.runner.loops import ValLoop
from tool_process import state_digest
from training_faults import (
    classifier_file,
    segmentor_file,
    signal_group,
    signalled_after,
    train,
    train_on_two_ranks,
)


@pytest.mark.parametrize(
    ('number', 'code', 'step', 'name'),
    [
        (signal.SIGTERM, 143, 5, 'epoch_1_iter_6.pth'),
        (signal.SIGINT, 130, 7, 'epoch_1_iter_8.pth'),  # the epoch's last
        (signal.SIGTERM, 143, 1, 'epoch_0_iter_2.pth'),
    ],
)
def test_fault06_stopped_within_an_epoch(
    undisturbed, tmp_path, number, code, step, name
):
    output = train(
        undisturbed.config,
        'work',
        cwd=tmp_path,
        patch=signalled_after(step, number),
        code=code,
    )
    assert 'STOPPED: stopped after step' in output
    command = output.strip().splitlines()[-1].strip()
    assert command.startswith('python ')
    assert f'tools/train.py {undisturbed.config} ' in command
    assert command.endswith('--work-dir work --resume')
    work = tmp_path / 'work'
    assert name in {path.name for path in work.glob('*.pth')}
    output = train(undisturbed.config, 'work', '--resume', cwd=tmp_path)
    assert 'resumes after' in output
    assert state_digest(work / 'epoch_3.pth') == undisturbed.digest
    assert {path.name for path in work.glob('*.pth')} == {'epoch_3.pth'}


@pytest.mark.parametrize(
    ('make', 'last'),
    [(classifier_file, 'epoch_3.pth'), (segmentor_file, 'iter_9.pth')],
)
def test_fault06_workers_outlive_a_signal_to_all(
    toy_root, tmp_path, undisturbed, make, last
):
    config = make(toy_root, tmp_path, workers=2)
    stop = signalled_after(4, signal.SIGTERM)
    train(config, 'work', cwd=tmp_path, patch=stop, code=143)
    train(config, 'work', '--resume', cwd=tmp_path)
    digest = undisturbed.digest
    if make is segmentor_file:
        train(config, 'whole', cwd=tmp_path)
        digest = state_digest(tmp_path / 'whole' / last)
    assert state_digest(tmp_path / 'work' / last) == digest


def test_fault06_second_signal_stops_at_once(undisturbed, tmp_path):
    output = train(
        undisturbed.config,
        'work',
        cwd=tmp_path,
        patch=signalled_after(2, signal.SIGINT, 2),
        code=130,
    )
    assert 'STOPPED' not in output
    assert not list((tmp_path / 'work').glob('*.pth'))


def signal_in_validation() -> None:
    """A patch: SIGTERM during the first batch of a validation."""
    run_iter = ValLoop.run_iter

    def run(loop, idx, data_batch):
        if idx == 0:
            signal_group(signal.SIGTERM)
        run_iter(loop, idx, data_batch)

    ValLoop.run_iter = run


def test_fault06_stopped_in_validation(undisturbed, tmp_path):
    stop = partial(train, undisturbed.config, 'work', cwd=tmp_path)
    output = stop(patch=signal_in_validation, code=143)
    assert 'stopped after step 8 of 12, saved in' in output
    work = tmp_path / 'work'
    saved = torch.load(work / 'epoch_2.pth', weights_only=True)
    assert (saved['meta']['epoch'], saved['meta']['iter']) == (2, 8)
    train(undisturbed.config, 'work', '--resume', cwd=tmp_path)
    assert state_digest(work / 'epoch_3.pth') == undisturbed.digest


@pytest.fixture
def uneven(undisturbed, toy_root, tmp_path):
    """A config whose two ranks have two and one batch to validate on."""
    cfg = Config.fromfile(undisturbed.config)
    lists = toy_root / 'ImageSets' / 'Segmentation'
    ids = (lists / 'train.txt').read_text().split()[:3]
    (tmp_path / 'three.txt').write_text('\n'.join(ids))
    cfg.train_cfg.val_interval = 1
    loader = cfg.val_dataloader
    loader.update(batch_size=1, num_workers=0, persistent_workers=False)
    loader.dataset.ann_file = str(tmp_path / 'three.txt')
    # The ranks of a test have folders of their own.
    cfg.val_evaluator = cfg.val_evaluator[:1]
    cfg.val_evaluator[0].collect_dir = str(tmp_path / 'collected')
    cfg.dump(tmp_path / 'uneven.py')
    return tmp_path / 'uneven.py'


def test_fault06_uneven_validations_wait_for_no_signal(uneven, tmp_path):
    ranks = train_on_two_ranks(uneven, tmp_path, 29642)
    assert [rank.wait() for rank in ranks] == [0, 0], ranks[0].output[-3000:]
    assert (tmp_path / 'work' / 'epoch_3.pth').is_file()


def test_fault06_ranks_stop_together_after_a_validation(uneven, tmp_path):
    ranks = train_on_two_ranks(
        uneven, tmp_path, 29643, patch=signal_in_validation
    )
    assert [rank.wait() for rank in ranks] == [143, 143]
    assert 'stopped after step 2 of 6, saved in' in ranks[0].output
    assert 'cam/mIoU_fixed' in ranks[0].output
