"""What a grid runs and in which order; its tools only pretend."""

import json
import os
from pathlib import Path

import pytest

from projects.amr.errors import UserError
from projects.amr.runtime.files.progress import Reporter
from projects.amr.runtime.processes.work_dir_lock import (
    LockedError,
    work_dir_lock,
)
from projects.amr.workflow.ablation import SUMMARY, Experiment, Grid, grid
from projects.amr.workflow.ablation.plan import (
    in_words,
    parents_first,
    time_left,
)


@pytest.fixture
def calls(monkeypatch):
    """Tool, arguments and environment of each call; files as of real ones."""
    found = []

    def call(tool, arguments, log, reporter, env):
        folder = log.parent
        found.append((tool, [str(a) for a in arguments], env))
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
    path.write_text('x = 1\n')
    return path


@pytest.fixture
def run(calls, tmp_path):
    """Run a grid; returns the calls that it took."""

    def _run(*experiments, seeds=(0,), **more):
        calls.clear()
        Grid(experiments, seeds, tmp_path / 'w', **more).run()
        return list(calls)

    return _run


def test_finished_runs_are_kept_and_changed_ones_redone(run, config):
    plain = Experiment(config)
    first = run(plain, seeds=(0, 1))
    assert [tool for tool, *_ in first] == ['train.py', 'test.py'] * 2
    assert 'randomness.seed=1' in first[2][1]
    assert run(plain, seeds=(0, 1)) == []
    config.write_text('x = 2\n')
    assert len(run(plain, seeds=(0, 1))) == 4
    assert len(run(plain, seeds=(0, 1), cfg_options=['x=3'])) == 4
    amp = run(plain, cfg_options=['x=3'], train_options=['--amp=bf16'])
    assert [('--amp=bf16' in words) for _, words, _ in amp] == [True, False]


def test_interrupted_training_is_resumed(run, config, tmp_path):
    run(Experiment(config))
    (tmp_path / 'w' / 'a' / 'seed0' / SUMMARY).unlink()
    calls = run(Experiment(config))
    assert len(calls) == 2
    assert '--resume' in calls[0][1]


def test_changed_run_does_not_go_on_from_the_old_checkpoint(run, config):
    run(Experiment(config))
    config.write_text('x = 2\n')
    assert '--resume' not in run(Experiment(config))[0][1]


def test_test_only_row_takes_its_parents_checkpoint(run, config, tmp_path):
    xi = tmp_path / 'xi.py'
    xi.write_text('x = 5\n')
    row = Experiment(xi, weights_of=config)
    calls = run(row, seeds=(0, 1))
    assert [(tool, words[0]) for tool, words, _ in calls] == [
        ('train.py', str(config)),
        ('test.py', str(config)),
        ('test.py', str(xi)),
    ] * 2
    for seed, (_, words, _) in enumerate(calls[2::3]):
        folder = tmp_path / 'w' / 'a' / f'seed{seed}'
        assert words[1] == str(folder / 'epoch_1.pth')
        assert str(tmp_path / 'w' / 'xi' / f'seed{seed}') in words
    assert run(row, seeds=(0, 1)) == []
    xi.write_text('x = 6\n')
    assert [tool for tool, *_ in run(row)] == ['test.py']
    config.write_text('x = 2\n')
    assert len(run(row)) == 3  # the parent's weights are others now


def test_row_with_options_is_a_run_of_its_own(run, config, tmp_path):
    plain = Experiment(config)
    row = Experiment(config, options=('x=5',), variant='five')
    calls = run(plain, row)
    assert [('x=5' in words) for _, words, _ in calls] == [False] * 2 + [
        True
    ] * 2
    folder = tmp_path / 'w' / 'a_five' / 'seed0'
    assert calls[3][1][1] == str(folder / 'epoch_1.pth')
    assert run(row) == []
    changed = Experiment(config, options=('x=6',), variant='five')
    assert len(run(changed)) == 2


def test_row_with_options_may_test_the_checkpoint_of_its_config(run, config):
    row = Experiment(
        config, weights_of=config, options=('x=5',), variant='five'
    )
    calls = run(row)
    assert [tool for tool, *_ in calls] == ['train.py', 'test.py', 'test.py']
    assert calls[2][1][1] == calls[1][1][1]
    assert 'x=5' in calls[2][1]


def test_row_starts_from_the_checkpoint_of_the_same_seed(
    run, config, tmp_path, monkeypatch
):
    monkeypatch.setenv('START_HERE', 'elsewhere')
    child = tmp_path / 'child.py'
    child.write_text("y = '{{$START_HERE:nowhere.pth}}'\n")
    row = Experiment(child, starts_from=(('START_HERE', config),))
    calls = run(row, seeds=(0, 1))
    assert [words[0] for _, words, _ in calls[:4]] == [
        *[str(config)] * 2,
        *[str(child)] * 2,
    ]
    for seed, (_, _, env) in enumerate(calls[2::4]):
        folder = tmp_path / 'w' / 'a' / f'seed{seed}'
        assert env['START_HERE'] == str(folder / 'epoch_1.pth')
    assert os.environ['START_HERE'] == 'elsewhere'
    # Neither the variable outside nor the work dir's place is of the run.
    monkeypatch.setenv('START_HERE', 'another')
    assert run(row, seeds=(0, 1)) == []
    config.write_text('x = 2\n')
    assert len(run(row)) == 4


def test_results_of_unknown_origin_are_not_deleted(run, config, tmp_path):
    folder = tmp_path / 'w' / 'a' / 'seed1'
    folder.mkdir(parents=True)
    (folder / SUMMARY).write_text('{}')
    with pytest.raises(UserError, match=r'seed1 has results without a run\.'):
        run(Experiment(config), seeds=(0, 1))
    assert (folder / SUMMARY).read_text() == '{}'
    assert not (tmp_path / 'w' / 'a' / 'seed0').exists()


def test_parent_without_its_checkpoint_is_an_error(run, config, tmp_path):
    run(Experiment(config))
    checkpoint = tmp_path / 'w' / 'a' / 'seed0' / 'epoch_1.pth'
    checkpoint.unlink()
    xi = tmp_path / 'xi.py'
    xi.write_text('x = 5\n')
    with pytest.raises(UserError, match=r'(?s)seed0 has no checkpoint.*remo'):
        run(Experiment(xi, weights_of=config))


def test_two_grids_do_not_work_in_one_folder(run, config, tmp_path):
    with (
        work_dir_lock(tmp_path / 'w' / 'a', '.seed0.lock'),
        pytest.raises(LockedError),
    ):
        run(Experiment(config))


def test_run_that_finished_in_the_meantime_is_kept(run, config):
    assert len(run(Experiment(config), seeds=(0, 0))) == 2


def test_explain_tells_and_changes_nothing(run, config, tmp_path):
    other = tmp_path / 'b.py'
    other.write_text('x = 1\n')
    run(Experiment(config), Experiment(other))
    (tmp_path / 'w' / 'b' / 'seed0' / SUMMARY).unlink()
    xi = Experiment(tmp_path / 'xi.py', weights_of=config)
    xi.config.write_text('x = 5\n')
    before = sorted(tmp_path.rglob('*'))
    rows = [xi, Experiment(config), Experiment(other)]
    plan = Grid(rows, (0, 1), tmp_path / 'w').explain()
    assert [(e.stem, list(seeds.values())) for e, seeds in plan] == [
        ('a', [[0], [1]]),
        ('xi', [[0, 1]]),
        ('b', [[0], [1]]),
    ]
    told = [list(seeds) for _, seeds in plan]
    assert told[0] == ['done', 'to be trained and tested']
    assert told[1] == ["to be tested with its parent's checkpoint"]
    assert told[2][0].startswith('to go on from its last checkpoint')
    other.write_text('x = 2\n')
    ((_, seeds),) = Grid([Experiment(other)], (0,), tmp_path / 'w').explain()
    assert 'to be deleted and run anew' in next(iter(seeds))
    assert sorted(tmp_path.rglob('*')) == before


def test_ceiling_of_other_values_is_not_shown(run, config, tmp_path):
    ceiling = Experiment(config)
    run(ceiling)

    def finished(**more):
        own = Grid([], (0, 1), tmp_path / 'w', **more)
        return own.finished([ceiling])['a']

    assert list(finished()) == [0]
    assert finished(cfg_options=['x=2']) == {}


def test_parents_come_first_and_each_experiment_once():
    a, b, c = (Experiment(Path(f'{name}.py')) for name in 'abc')
    xi = Experiment(Path('xi.py'), weights_of=b.config)
    child = Experiment(Path('child.py'), starts_from=(('V', c.config),))
    order = parents_first([a, xi, b, child, a])
    assert order == (a, b, xi, c, child)
    # A parent is run as its own row says.
    chain = Experiment(b.config, starts_from=(('V', c.config),))
    assert parents_first([xi, chain]) == (c, chain, xi)


def test_impossible_grids_are_refused():
    a, b = Path('a.py'), Path('b.py')
    with pytest.raises(UserError, match='needs its own checkpoint'):
        parents_first([Experiment(a, b), Experiment(b, a)])
    with pytest.raises(UserError, match=r'x/a\.py and y/a\.py would share'):
        parents_first([Experiment(Path('x/a.py')), Experiment(Path('y/a.py'))])


def test_time_left_counts_trainings_and_tests_apart():
    ahead = [True, False, False]
    assert time_left(ahead, {True: [], False: []}) is None
    # (60 + 80) / 2 + 2 * 10
    assert time_left(ahead, {True: [60.0, 80.0], False: [10.0]}) == 90.0
    assert time_left(ahead, {True: [50.0], False: []}) == 150.0
    assert in_words(None) == ''
    assert in_words(3900.0) == '; about 1:05 h left'


def test_failing_tool_names_its_log(tmp_path):
    log = tmp_path / 'train.log'
    with pytest.raises(UserError, match=r'(?s)train\.log.*none\.py'):
        grid.call_tool('train.py', [tmp_path / 'none.py'], log, Reporter())
