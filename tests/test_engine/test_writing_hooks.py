"""Files of the generating hooks, written in threads, in real test loops."""

import errno
import json
import os
import time
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner
from runner_configs import contents, tiny_config
from segmentor_configs import tiny_segmentor

from projects.amr.engine import CAMGenerationHook
from projects.amr.engine.hooks.picture_strip_hook import CAMVisualizationHook
from projects.amr.errors import DiskFullError, UserError
from projects.amr.runtime.files import atomic_write
from projects.amr.runtime.files.fingerprint import note_origin
from projects.amr.runtime.processes import background_writer
from projects.amr.structures import CAMRecord


class FilesAtTheEnd(Hook):
    """Counts the files when the metrics are reported."""

    priority = 'BELOW_NORMAL'  # that of LoggerHook, which reports them

    def __init__(self, folder):
        self.folder = folder

    def after_test_epoch(self, runner, metrics=None):
        self.found = contents(self.folder, '.npz')


@pytest.fixture
def run(toy_root, tmp_path):
    """Make CAM records with a seeded model."""

    def _run(name, grouped=True, batch_size=2, fp16=False, **hook):
        folder = tmp_path / name
        cfg = tiny_config(toy_root, tmp_path / 'work')
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.randomness = {'seed': 0}
        cfg.default_hooks.cam_writer.update(out_dir=str(folder), **hook)
        cfg.test_dataloader.batch_size = batch_size
        cfg.test_cfg.fp16 = fp16
        if not grouped:
            cfg.test_dataloader.batch_sampler = None
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        end = FilesAtTheEnd(folder)
        runner.register_hook(end)
        return runner.test(), end.found

    return _run


def test_strips_replace_no_masks(tmp_path):
    loader = SimpleNamespace(dataset=())
    runner = SimpleNamespace(test_dataloader=loader)
    hook = CAMVisualizationHook(out_dir=str(tmp_path / 'strips'))
    hook.before_test(runner)
    (tmp_path / 'strips' / 'a.png').touch()
    hook.before_test(runner)  # again, with strips
    hook.out_dir = str(tmp_path)
    (tmp_path / 'a.png').touch()
    with pytest.raises(UserError):
        hook.before_test(runner)


def test_threads_and_order_change_neither_records_nor_metrics(
    run, monkeypatch
):
    metrics, in_order = run('a')
    assert len(in_order) == 8
    rename = os.replace

    def slowly(*names):
        time.sleep(0.05)
        rename(*names)

    monkeypatch.setattr(atomic_write.os, 'replace', slowly)
    assert run('b') == (metrics, in_order)
    assert run('c', grouped=False) == (metrics, in_order)
    monkeypatch.setattr(background_writer, 'MAX_WAITING', 1)
    assert run('d', batch_size=4) == (metrics, in_order)


def test_fault09_records_of_two_runs_do_not_mix_unseen(
    run, tmp_path, monkeypatch
):
    """One of half precision began in the folder of one of full precision."""
    write = CAMGenerationHook.after_test_iter
    begun = []

    def meanwhile(hook, *args, **kwargs):
        if not begun:
            begun.append(note_origin(tmp_path / 'a', made_from))
        write(hook, *args, **kwargs)

    run('half', fp16=True)
    content = json.loads((tmp_path / 'half' / 'generation.json').read_text())
    made_from = content['made_from']
    monkeypatch.setattr(CAMGenerationHook, 'after_test_iter', meanwhile)
    with pytest.raises(UserError, match='a: another run with another prec'):
        run('a')
    assert begun == [['precision']]


def test_half_precision_is_part_of_the_key(run, tmp_path):
    """``--cfg-options test_cfg.fp16=True`` is mmengine's own switch."""
    run('a')
    folder = tmp_path / 'a'
    full = {p.name: CAMRecord.load(p) for p in folder.glob('*.npz')}
    run('a', fp16=True)
    for name, record in full.items():
        half = CAMRecord.load(folder / name)
        assert half.key != record.key
        assert (half.scores != record.scores).any()
        np.testing.assert_allclose(half.scores, record.scores, atol=0.02)
    made_from = json.loads((folder / 'generation.json').read_text())
    assert 'precision' in made_from['made_from']


def test_crf_in_threads_gives_the_same_labels_scores_and_pictures(
    toy_root, tmp_path, monkeypatch
):
    results = {}
    for name in ('threads', 'drawn', 'one by one'):
        if name == 'one by one':
            monkeypatch.setattr(background_writer, 'NUM_THREADS', 1)
        work_dir = tmp_path / name
        cfg = tiny_segmentor(toy_root, work_dir, randomness={'seed': 0})
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.default_hooks.label_writer.crf = 'dense'
        if name != 'threads':
            cfg.default_hooks.visualization.out_dir = str(work_dir / 'strips')
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        metrics = runner.test()
        results[name] = (metrics, contents(work_dir / 'labels', '.png'))
        strips = contents(work_dir / 'strips', '.png')
        assert len(strips) == (4 if name != 'threads' else 0)
        results[f'strips {name}'] = strips
    assert results['one by one'] == results['threads'] == results['drawn']
    assert len(results['threads'][1]) == 4
    assert results['strips one by one'] == results['strips drawn']


def test_a_full_disk_stops_the_test_and_names_the_file(
    run, tmp_path, monkeypatch
):
    rename = os.replace

    def full(source, target):
        if os.path.basename(target) == 'toy_train_000003.npz':
            raise OSError(errno.ENOSPC, 'no space')
        rename(source, target)

    monkeypatch.setattr(atomic_write.os, 'replace', full)
    with pytest.raises(DiskFullError, match=r'a/toy_train_000003\.npz'):
        run('a')
    assert not list((tmp_path / 'a').glob('*toy_train_000003*'))
    monkeypatch.setattr(atomic_write.os, 'replace', rename)
    _, found = run('a')
    assert len(found) == 8


def test_files_of_others_are_not_written_over(run, tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / 'notes.txt').write_text('mine')
    mine = tmp_path / 'a' / 'toy_train_000001.npz'
    mine.write_bytes(b'mine')
    with pytest.raises(UserError, match=r'1 files .* such as toy_train_00000'):
        run('a')
    assert mine.read_bytes() == b'mine'
    assert len(list((tmp_path / 'a').iterdir())) == 2
    mine.unlink()
    _, found = run('a')
    assert len(found) == 8
