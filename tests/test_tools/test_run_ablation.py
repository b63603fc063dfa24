"""A table as a user runs it, in processes, on a dozen images."""

import csv
import json
import shlex
import signal
import time

import pytest
from tool_process import ROOT, ToolProcess, run_tool_process

TABLES = """
toy = True
work_dir = 'tables'
tables = dict(
    tiny=dict(
        title='Tiny',
        rows=[
            dict(name='xi 0.9', config='xi.py', weights_of='amr_tiny'),
            dict(name='xi 0.5', config='amr_tiny.py'),
            dict(
                name='warm start',
                config='warm.py',
                starts_from={
                    'model.spotlight.init_cfg.checkpoint': 'amr_tiny'
                },
            ),
        ],
    )
)
"""
WARM = """
_base_ = 'amr_tiny.py'
model = dict(
    spotlight=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='nowhere.pth',
            prefix='spotlight',
        )
    )
)
"""


@pytest.fixture(scope='module')
def folder(tiny_file, tmp_path_factory):
    """A folder with configs and a table file."""
    folder = tmp_path_factory.mktemp('ablation')
    (folder / tiny_file.name).write_text(tiny_file.read_text())
    xi = "_base_ = 'amr_tiny.py'\nmodel = dict(xi=0.9)\n"
    (folder / 'xi.py').write_text(xi)
    (folder / 'warm.py').write_text(WARM)
    (folder / 'tables.py').write_text(TABLES)
    return folder


@pytest.fixture(scope='module')
def run(folder):
    """Run the tool for the table; returns the output."""

    def _run(*flags, code=0):
        flags = ['--tables', 'tables.py', '--table', 'tiny', *flags]
        return run_tool_process(
            'run_ablation.py', *flags, cwd=folder, code=code
        )

    return _run


@pytest.fixture(scope='module')
def finished(run, folder):
    """Output of the finished process, and its work dir."""
    return run('--seeds', '3', '--amp', 'bf16'), folder / 'tables'


def test_rows_take_the_checkpoint_of_their_parent(finished):
    output, work = finished
    checkpoint = work / 'amr_tiny' / 'seed3' / 'epoch_1.pth'
    summary = json.loads((work / 'xi/seed3/test_summary.json').read_text())
    assert summary['checkpoint'] == str(checkpoint.relative_to(work.parent))
    assert not (work / 'xi/seed3/train.log').exists()
    loaded = f'load spotlight in model from: {checkpoint}'
    assert loaded in (work / 'warm/seed3/train.log').read_text()
    order = [line for line in output.splitlines() if line[:1] == '[']
    heads = [line.split(',')[0] for line in order]
    assert heads == ['[1/3] amr_tiny', '[2/3] xi', '[3/3] warm']


def test_table_holds_the_figures_of_the_tests(finished):
    output, work = finished
    with (work / 'table_tiny.csv').open() as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        path = work / line['config'] / 'seed3' / 'test_summary.json'
        metrics = json.loads(path.read_text())['metrics']
        want = metrics[f'cam/{line["map"]}/mIoU_best']
        assert (line['seed'], float(line['mIoU_best'])) == ('3', want)
    assert len(lines) == 9
    assert (work / 'table_tiny.md').read_text().strip() in output


def test_second_run_keeps_all_and_other_flags_do_not(run, finished):
    plan = run('--seeds', '3', '--amp', 'bf16', '--list')
    assert plan.count('seed 3: done') == 3
    plan = run('--seeds', '3', '4', '--list')
    assert plan.count('seed 3: made from other values') == 3


def test_tables_are_made_of_what_is_there(run, finished, folder):
    _, work = finished
    out = folder / 'elsewhere'
    run('--collect-only', '--out-dir', out)
    for name in ('table_tiny.md', 'table_tiny.csv'):
        assert (out / name).read_bytes() == (work / name).read_bytes()
    output = run('--collect-only', '--work-dir', out, code=2)
    assert f'no results in {out}' in output


def test_stopped_run_says_how_to_go_on(folder):
    flags = ['--tables', 'tables.py', '--table', 'tiny', '--work-dir', 'short']
    process = ToolProcess('run_ablation.py', *flags, cwd=folder)
    begun = folder / 'short/amr_tiny/seed0/run.json'
    end = time.monotonic() + 200
    while not begun.is_file():
        assert time.monotonic() < end, process.output
        time.sleep(0.1)
    process.send(signal.SIGINT)
    assert process.wait() == 130, process.output
    # As it was called: from another folder than the project's.
    tool = str(ROOT / 'tools' / 'run_ablation.py')
    command = shlex.join(['python', tool, *flags])
    assert command in process.output
    assert 'Traceback' not in process.output
    assert not (begun.parent / 'test_summary.json').exists()
