"""OAA's accumulation in a real training: maxima, resumes, order."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from runner_configs import tiny_config

from model_configs import branch
from projects.amr.engine.hooks import CAMAccumulationHook
from projects.amr.errors import UserError
from projects.amr.structures import CAMRecord


@pytest.fixture
def train(toy_root, tmp_path):
    """Train a tiny classifier for some epochs with the hook."""

    def _train(name, epochs=2, resume=False, **hook):
        cfg = tiny_config(toy_root, tmp_path / name, branch())
        cfg.experiment_name = f'{tmp_path.name}_{name}_{epochs}'
        cfg.randomness = dict(seed=3)
        cfg.train_cfg.max_epochs = epochs
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.resume = resume
        if hook.pop('on', True):
            hook = dict(type='CAMAccumulationHook', **hook)
            cfg.default_hooks.accumulation = hook
        runner = Runner.from_cfg(cfg)
        runner.train()
        return runner, tmp_path / name / 'accumulated_cams'

    return _train


def records(folder):
    return {p.stem: CAMRecord.load(p) for p in sorted(folder.glob('*.npz'))}


def test_records_are_the_maxima_of_the_states(train, monkeypatch):
    made = []  # of every pass, before it is accumulated
    accumulate = CAMAccumulationHook._accumulate

    def spied(self, sample, last):
        pred = sample.pred_cam
        made.append(
            (
                sample.img_id,
                sample.gt_label.nonzero()[:, 0],
                dict(zip(pred.classes, pred.get(pred.final), strict=True)),
                sample.pred_score,
                last,
            )
        )
        accumulate(self, sample, last)

    monkeypatch.setattr(CAMAccumulationHook, '_accumulate', spied)
    _, folder = train('a', epochs=3)
    found = records(folder)
    assert len(made) == 3 * len(found) == 24
    for img_id, record in found.items():
        own = [pass_ for pass_ in made if pass_[0] == img_id]
        for k, cam in zip(record.classes, record.cam, strict=True):
            best = np.zeros_like(cam)
            for _, labelled, maps, scores, last in own:
                seen = scores[k] >= scores.sort().values[-len(labelled)]
                if k in maps and (seen or (last and not best.any())):
                    best = np.maximum(best, maps[k].numpy())
            np.testing.assert_allclose(cam, best, atol=1e-3)
        assert set(record.classes) | set(record.dropped) == set(
            own[0][1].tolist()
        )


def test_training_is_the_same_with_and_without(train):
    runner, _ = train('with')
    plain, _ = train('without', on=False)
    for a, b in zip(
        runner.model.state_dict().values(),
        plain.model.state_dict().values(),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_a_resumed_training_has_the_records_of_an_undisturbed_one(train):
    _, whole = train('whole', epochs=3)
    train('parts', epochs=2)
    _, parts = train('parts', epochs=3, resume=True)
    a, b = records(whole), records(parts)
    assert a.keys() == b.keys()
    for img_id, record in a.items():
        # The last epoch of the short run fills classes that were never seen.
        shared = np.isin(b[img_id].classes, record.classes)
        assert (b[img_id].cam[shared] >= record.cam - 1e-3).all()
        assert (b[img_id].classes == record.classes).all()


def test_a_new_training_keeps_an_earlier_one_s_records_aside(train):
    _, folder = train('again', epochs=1)
    first = {p.name: p.read_bytes() for p in folder.glob('*.npz')}
    train('again', epochs=1)
    aside = folder.with_name('accumulated_cams.previous')
    assert {p.name: p.read_bytes() for p in aside.glob('*.npz')} == first
    assert len(records(folder)) == len(first)
    (aside / 'notes.txt').write_text('of somebody else')
    with pytest.raises(UserError):
        train('again', epochs=1)
    assert (aside / 'notes.txt').exists()
    assert len(records(folder)) == len(first)


@pytest.mark.parametrize('by_epoch', [True, False])
@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({'interval': 2}, [2, 4, 5]),
        ({'interval': 2, 'begin': 1}, [1, 3, 5]),
        ({'interval': 2, 'begin': 2}, [2, 4, 5]),
    ],
)
def test_passes_are_due_from_begin_and_at_the_end(
    monkeypatch, by_epoch, options, expected
):
    made = []
    monkeypatch.setattr(
        CAMAccumulationHook,
        '_make_pass',
        lambda hook, runner, last: made.append((runner.epoch + 1, last)),
    )
    hook = CAMAccumulationHook(by_epoch=by_epoch, **options)
    for done in range(5):
        runner = SimpleNamespace(
            epoch=done, iter=done, max_epochs=5, max_iters=5
        )
        hook.after_train_iter(runner, 0)
        hook.after_train_epoch(runner)
    assert made == [(done, done == 5) for done in expected]


def test_passes_by_iteration_and_scores(train):
    runner, folder = train(
        'iterations',
        epochs=1,
        interval=3,
        by_epoch=False,
        evaluator=dict(type='CAMIoUMetric', bg_thr=0.2),
    )
    assert len(records(folder)) == 8
    (log,) = Path(runner.log_dir).rglob('*.log')
    (line,) = re.findall(
        r'accumulated/cam/mIoU_fixed: ([\d.]+)', log.read_text()
    )
    assert 0 < float(line) <= 100
