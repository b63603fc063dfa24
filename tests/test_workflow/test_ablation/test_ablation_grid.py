"""What a grid runs and in which order; its tools only pretend."""

import json
from pathlib import Path

import pytest

from projects.amr.errors import UserError
from projects.amr.runtime.processes.tool_process import ToolError
from projects.amr.runtime.processes.work_dir_lock import (
    LockedError,
    work_dir_lock,
)
from projects.amr.workflow.ablation import grid
from projects.amr.workflow.ablation.grid import SUMMARY, Grid, State
from projects.amr.workflow.ablation.spec import Experiment, parents_first


@pytest.fixture
def calls(monkeypatch):
    """Tool and arguments of each call; files as of real ones."""
    found = []

    def call(tool, arguments, log, reporter):
        folder = log.parent
        found.append((tool, [str(a) for a in arguments]))
        if tool == 'train.py':
            (folder / 'last_checkpoint').write_text('epoch_1.pth')
            (folder / 'epoch_1.pth').touch()
        else:
            (folder / SUMMARY).write_text(json.dumps({'metrics': {}}))

    monkeypatch.setattr(grid, 'call_tool', call)
    return found


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'a.py'
    path.write_text('model = dict(x=1)\n')
    return path


@pytest.fixture
def run(calls, tmp_path):
    """Run a grid; returns the calls that it took."""

    def _run(*experiments, seeds=(0,), **more):
        calls.clear()
        assert Grid(experiments, seeds, tmp_path / 'w', **more).run() == []
        return list(calls)

    return _run


def test_finished_runs_are_kept_and_changed_ones_redone(run, config):
    plain = Experiment(config)
    first = run(plain, seeds=(0, 1))
    assert [tool for tool, *_ in first] == ['train.py', 'test.py'] * 2
    assert 'randomness.seed=1' in first[2][1]
    assert run(plain, seeds=(0, 1)) == []
    config.write_text('model = dict(x=2)\n')
    assert len(run(plain, seeds=(0, 1))) == 4
    assert len(run(plain, seeds=(0, 1), cfg_options=['model.x=3'])) == 4
    amp = run(plain, cfg_options=['model.x=3'], train_options=['--amp=bf16'])
    assert [('--amp=bf16' in words) for _, words in amp] == [True, False]


def test_what_changes_the_test_alone_trains_nothing_again(run, config):
    plain = Experiment(config)
    row = Experiment(config, variant='x', weights_of=plain)
    run(plain, row)
    config.write_text('lr = 1\nmodel = dict(x=1)\ntest_pipeline = []\n')
    assert run(plain, row) == []  # variables that nothing reads
    config.write_text('model = dict(x=1)\ntest_evaluator = dict(thr=0.5)\n')
    calls = run(plain, row)
    assert [tool for tool, _ in calls] == ['train.py', 'test.py', 'test.py']
    assert '--resume' in calls[0][1]
    assert run(plain, row) == []


def test_changed_run_starts_again_and_keeps_the_old_one(run, config, tmp_path):
    run(Experiment(config))
    config.write_text('model = dict(x=2)\n')
    assert '--resume' not in run(Experiment(config))[0][1]
    for name in ('seed0', 'seed0.old'):
        assert (tmp_path / 'w' / 'a' / name / SUMMARY).is_file()


def test_values_set_back_bring_the_finished_run_back(run, config, tmp_path):
    plain = Experiment(config)
    run(plain)
    folder = tmp_path / 'w' / 'a' / 'seed0'
    (folder / 'mark').touch()
    config.write_text('model = dict(x=2)\n')
    run(plain)
    (folder / SUMMARY).unlink()  # stopped before its test
    config.write_text('model = dict(x=3)\n')
    run(plain)  # an unfinished run does not replace the finished one
    config.write_text('model = dict(x=1)\n')
    assert run(plain) == []
    assert (folder / 'mark').is_file()


def test_a_changed_list_of_images_is_another_run(run, config, tmp_path):
    names = tmp_path / 'train.txt'
    names.write_text('a\n')
    dataset = {'ann_file': str(names)}
    config.write_text(f'train_dataloader = dict(dataset={dataset})\n')
    run(Experiment(config))
    assert run(Experiment(config)) == []
    names.write_text('a\nb\n')
    assert len(run(Experiment(config))) == 2


def test_a_damaged_note_is_another_run(run, config, tmp_path):
    run(Experiment(config))
    for text in ('{}', '', '[1]'):
        (tmp_path / 'w' / 'a' / 'seed0' / 'run.json').write_text(text)
        assert len(run(Experiment(config))) == 2


def test_test_only_row_takes_its_parents_checkpoint(run, config, tmp_path):
    xi = tmp_path / 'xi.py'
    xi.write_text('model = dict(x=5)\n')
    row = Experiment(xi, weights_of=Experiment(config))
    calls = run(row, seeds=(0, 1))
    assert [(tool, words[0]) for tool, words in calls] == [
        ('train.py', str(config)),
        ('test.py', str(config)),
        ('test.py', str(xi)),
    ] * 2
    for seed, (_, words) in enumerate(calls[2::3]):
        folder = tmp_path / 'w' / 'a' / f'seed{seed}'
        assert words[1] == str(folder / 'epoch_1.pth')
        assert str(tmp_path / 'w' / 'xi' / f'seed{seed}') in words
    assert run(row, seeds=(0, 1)) == []
    xi.write_text('model = dict(x=6)\n')
    assert [tool for tool, *_ in run(row)] == ['test.py']
    config.write_text('model = dict(x=2)\n')
    assert len(run(row)) == 3  # the parent's weights are others now


def test_row_starts_from_the_checkpoint_of_the_same_seed(
    run, config, tmp_path
):
    child = tmp_path / 'child.py'
    child.write_text("model = dict(y='nowhere.pth')\n")
    row = Experiment(child, starts_from=(('model.y', Experiment(config)),))
    calls = run(row, seeds=(0, 1))
    assert [words[0] for _, words in calls[:4]] == [
        *[str(config)] * 2,
        *[str(child)] * 2,
    ]
    for seed, (_, words) in enumerate(calls[2::4]):
        folder = tmp_path / 'w' / 'a' / f'seed{seed}'
        assert f'model.y={folder / "epoch_1.pth"}' in words
    assert run(row, seeds=(0, 1)) == []
    config.write_text('model = dict(x=2)\n')
    assert len(run(row)) == 4


def test_results_of_unknown_origin_are_not_deleted(run, config, tmp_path):
    folder = tmp_path / 'w' / 'a' / 'seed1'
    folder.mkdir(parents=True)
    (folder / SUMMARY).write_text('{}')
    with pytest.raises(UserError, match=r'seed1 has results without a run\.'):
        run(Experiment(config), seeds=(0, 1))
    assert (folder / SUMMARY).read_text() == '{}'
    assert not (tmp_path / 'w' / 'a' / 'seed0').exists()


def test_two_grids_do_not_work_in_one_folder(run, config, tmp_path):
    run(Experiment(config))
    config.write_text('model = dict(x=2)\n')
    with work_dir_lock(tmp_path / 'w' / 'a', '.seed0.lock'):
        (error,) = Grid([Experiment(config)], (0,), tmp_path / 'w').run()
    assert isinstance(error, LockedError)


def test_a_failed_run_stops_only_those_that_need_it(
    calls, config, tmp_path, monkeypatch
):
    pretended = grid.call_tool

    def call(tool, arguments, log, reporter):
        if str(arguments[0]) == str(config):
            raise ToolError('it fails', 3)
        pretended(tool, arguments, log, reporter)

    monkeypatch.setattr(grid, 'call_tool', call)
    xi, other = (tmp_path / name for name in ('xi.py', 'b.py'))
    for path in (xi, other):
        path.write_text('model = dict(x=5)\n')
    plain = Experiment(config)
    experiments = (plain, Experiment(xi, weights_of=plain), Experiment(other))
    failed = Grid(experiments, (0,), tmp_path / 'w').run()
    assert [error.exit_code for error in failed] == [3, 2]
    assert [words[0] for _, words in calls] == [str(other)] * 2


def test_states_are_told_without_a_change(run, config, tmp_path):
    other = tmp_path / 'b.py'
    other.write_text('model = dict(x=1)\n')
    run(Experiment(config), Experiment(other))
    (tmp_path / 'w' / 'b' / 'seed0' / SUMMARY).unlink()
    xi = Experiment(tmp_path / 'xi.py', weights_of=Experiment(config))
    xi.config.write_text('model = dict(x=5)\n')
    before = sorted(tmp_path.rglob('*'))
    own = Grid([xi, Experiment(other)], (0, 1), tmp_path / 'w')
    assert [e.stem for e in own.experiments] == ['a', 'xi', 'b']
    states = [[own.state(e, seed) for seed in (0, 1)] for e in own.experiments]
    assert states == [
        [State.DONE, State.TRAIN],
        [State.TEST, State.TEST],
        [State.RESUME, State.TRAIN],
    ]
    other.write_text('model = dict(x=2)\n')
    changed = Grid([Experiment(other)], (0,), tmp_path / 'w')
    assert changed.state(Experiment(other), 0) is State.CHANGED
    assert sorted(tmp_path.rglob('*')) == before


def test_parents_come_first_and_each_experiment_once():
    a, b, c = (Experiment(Path(f'{name}.py')) for name in 'abc')
    xi = Experiment(Path('xi.py'), weights_of=b)
    child = Experiment(Path('child.py'), starts_from=(('v', c),))
    order = parents_first([a, xi, b, child, a])
    assert order == (a, b, xi, c, child)
