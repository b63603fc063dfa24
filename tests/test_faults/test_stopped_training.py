"""Row 6 of the faults: a training that is stopped or killed ends alike."""

import signal

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.runner.loops import ValLoop
from tool_process import state_digest
from training_faults import (
    classifier_file,
    killed_after,
    segmentor_file,
    signal_group,
    signalled_after,
    train,
    train_on_two_ranks,
)

from projects.amr.engine.hooks.exact_resume_hook import lost_gradients


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
    stop = signalled_after(step, number)
    output = undisturbed.again(tmp_path, patch=stop, code=code)
    assert 'STOPPED: stopped after step' in output
    command = output.strip().splitlines()[-1].strip()
    assert command.startswith('python ')
    assert f'tools/train.py {undisturbed.config} ' in command
    assert command.endswith('--work-dir work --resume')
    work = tmp_path / 'work'
    assert name in {path.name for path in work.glob('*.pth')}
    assert 'resumes after' in undisturbed.resumed(tmp_path)
    assert state_digest(work / 'epoch_3.pth') == undisturbed.digest
    assert {path.name for path in work.glob('*.pth')} == {'epoch_3.pth'}


@pytest.fixture(scope='module')
def whole(undisturbed, toy_root, tmp_path_factory):
    """Last checkpoints of undisturbed trainings without workers."""
    folder = tmp_path_factory.mktemp('segmentor')
    train(segmentor_file(toy_root, folder), 'whole', cwd=folder)
    return {
        classifier_file: undisturbed.folder / 'epoch_3.pth',
        segmentor_file: folder / 'whole/iter_9.pth',
    }


@pytest.mark.parametrize('make', [classifier_file, segmentor_file])
def test_fault06_workers_outlive_a_signal_to_all(
    toy_root, tmp_path, whole, make
):
    config = make(toy_root, tmp_path, workers=2)
    stop = signalled_after(4, signal.SIGTERM)
    train(config, 'work', cwd=tmp_path, patch=stop, code=143)
    train(config, 'work', '--resume', cwd=tmp_path)
    last = tmp_path / 'work' / whole[make].name
    assert state_digest(last) == state_digest(whole[make])


def test_fault06_second_signal_stops_at_once(undisturbed, tmp_path):
    stop = signalled_after(2, signal.SIGINT, 2)
    output = undisturbed.again(tmp_path, patch=stop, code=130)
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
    stop = signal_in_validation
    output = undisturbed.again(tmp_path, patch=stop, code=143)
    assert 'stopped after step 8 of 12, saved in' in output
    work = tmp_path / 'work'
    saved = torch.load(work / 'epoch_2.pth', weights_only=True)
    assert (saved['meta']['epoch'], saved['meta']['iter']) == (2, 8)
    undisturbed.resumed(tmp_path)
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


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize(
    ('make', 'step'), [(classifier_file, 10), (segmentor_file, 5)]
)
def test_killed_and_undisturbed_trainings_end_alike(
    whole, toy_root, tmp_path, make, step, workers
):
    config = make(toy_root, tmp_path, workers)
    train(config, 'work', cwd=tmp_path, patch=killed_after(step), code=137)
    output = train(config, 'work', '--resume', cwd=tmp_path)
    assert 'resumed epoch' in output
    last = tmp_path / 'work' / whole[make].name
    assert state_digest(last) == state_digest(whole[make])
    # Not only weights: momentum, schedule and random numbers too.
    ends = [torch.load(f, weights_only=True) for f in (last, whole[make])]
    for key in ('optimizer', 'param_schedulers', 'random_state'):
        assert repr(ends[0][key]) == repr(ends[1][key])


@pytest.mark.parametrize(
    ('counts', 'steps', 'lost'), [(1, 7, 0), (4, 8, 0), (4, 10, 2), (3, 5, 2)]
)
def test_a_stop_in_mid_accumulation_is_told(counts, steps, lost):
    weight = torch.nn.Parameter(torch.zeros(1))
    wrapper = OptimWrapper(
        torch.optim.SGD([weight], lr=0.1), accumulative_counts=counts
    )
    note = lost_gradients(wrapper, {'meta': {'iter': steps}})
    assert note == '' if not lost else f'{lost} of {counts} steps' in note
