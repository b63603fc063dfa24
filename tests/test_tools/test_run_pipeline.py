"""The whole chain as a user runs it, in processes, on a dozen images."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pipeline_configs import edited, figures, write_pipeline

from projects.amr.workflow.pipeline.records import MANIFEST

ROOT = Path(__file__).resolve().parents[2]
TOOL = 'run_pipeline.py'
STAGES = ('cam_train', 'cam_make', 'seeds', 'seg_train', 'seg_val')


@pytest.fixture(scope='module')
def pipeline(toy_root, tmp_path_factory):
    """Config of the tiny chain."""
    return write_pipeline(toy_root, tmp_path_factory.mktemp('pipeline'))


@pytest.fixture(scope='module')
def finished(call, pipeline):
    """Work dir of an undisturbed run, and the finished process."""
    folder = pipeline.parent / 'undisturbed'
    done = call(TOOL, pipeline, '--work-dir', folder, cwd=pipeline.parent)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    return folder, done


@pytest.fixture
def work(finished, tmp_path):
    """A copy of the finished work dir, at another place."""
    return shutil.copytree(finished[0], tmp_path / 'work', symlinks=True)


def items(folder, *patterns):
    """Bytes of the files of all stages that match."""
    patterns = patterns or ('seeds/labels/*.png', '*/labels/*.png')
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in patterns
        for path in sorted(folder.glob(pattern))
    }


def ran(text):
    """Stages that ran, by a run's output."""
    heads = re.findall(r'^\[\d/\d\] (\w+): (.*)$', text, re.MULTILINE)
    assert heads
    return [name for name, what in heads if what != 'finished before']


def test_outcome_is_printed_summarized_and_drawn(finished):
    folder, done = finished
    assert ran(done.stdout) == list(STAGES)
    summary = json.loads((folder / 'summary.json').read_text())
    assert [s['name'] for s in summary['stages']] == list(STAGES)
    assert all(s['status'] == 'ran' for s in summary['stages'])
    assert summary['seed'] == 0
    assert {'torch', 'python'} <= set(summary['versions'])
    cam = summary['stages'][1]
    assert cam['threshold_policy']['cam/mIoU_fixed'] == 'fixed beforehand'
    assert cam['threshold_policy']['cam/mIoU_best'].startswith('best on')
    assert cam['split'].endswith('train.txt')
    assert summary['stages'][0]['seconds'] > 0
    for entry in summary['headline']:
        stage = next(
            s for s in summary['stages'] if s['name'] == entry['stage']
        )
        assert entry['value'] == stage['metrics'][entry['metric']]
        assert f'{entry["value"]:4.1f}' in done.stdout
    assert str(folder / 'report.html') in done.stdout
    page = (folder / 'report.html').read_text(encoding='utf-8')
    assert 'Tiny' in page
    photos = list((folder / 'report_photos').iterdir())
    assert len(photos) > 10
    assert all(page.count(path.name) == 1 for path in photos)


def test_second_run_keeps_all_even_when_moved(call, pipeline, work):
    before = items(work, '**/*.pth', f'*/{MANIFEST}', '*/*/*.png')
    assert len(before) > 15
    done = call(TOOL, pipeline, '--work-dir', work, cwd=work.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ran(done.stdout) == []
    assert items(work, '**/*.pth', f'*/{MANIFEST}', '*/*/*.png') == before
    summary = json.loads((work / 'summary.json').read_text())
    assert {s['status'] for s in summary['stages']} == {'kept'}


def test_fault10_changed_threshold_reruns_what_depends_on_it(
    call, pipeline, work, finished
):
    config = edited(pipeline, ("bg_thr': 0.1", "bg_thr': 0.25"))
    cams = items(work, 'cam_make/cams/*.npz')
    flags = ['--work-dir', work]
    dry = call(TOOL, config, *flags, '--dry-run', cwd=work.parent)
    assert dry.returncode == 0, dry.stderr[-2000:]
    lines = dict(line.split(': ', 1) for line in dry.stdout.splitlines())
    assert lines == {
        'cam_train': 'kept',
        'cam_make': 'kept',
        'seeds': 'would run: label_transform.bg_thr 0.1 -> 0.25 changed',
        'seg_train': 'kept unless seeds give something else',
        'seg_val': 'kept unless seg_train give something else',
    }
    assert figures(work) == figures(finished[0])
    done = call(TOOL, config, *flags, cwd=work.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ran(done.stdout) == ['seeds', 'seg_train', 'seg_val']
    assert 'seeds: label_transform.bg_thr 0.1 -> 0.25 changed' in done.stdout
    assert 'where its outputs change, seg_train, seg_val' in done.stdout
    assert 'seeds.labels changed' in done.stdout
    assert items(work, 'cam_make/cams/*.npz') == cams
    assert figures(work)['seeds'] != figures(finished[0])['seeds']
    assert (work / 'seg_train.previous' / 'last_checkpoint').is_file()


def test_fault05_damaged_item_is_made_again_alone(
    call, pipeline, work, finished
):
    path = sorted((work / 'seeds' / 'labels').glob('*.png'))[0]
    path.write_bytes(path.read_bytes()[:40])
    done = call(TOOL, pipeline, '--work-dir', work, cwd=work.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ran(done.stdout) == ['seeds']
    total = len(list((work / 'seeds' / 'labels').glob('*.png')))
    assert f'1 of {total} files of labels missing or damaged' in done.stdout
    log = (work / 'seeds' / 'test.log').read_text()
    assert f'{total - 1:,} done, 1 to do' in log
    assert items(work) == items(finished[0])


def test_fault11_replaced_checkpoint_makes_the_cams_stale(
    call, pipeline, work, finished
):
    import torch

    path = work / 'cam_train' / 'epoch_1.pth'
    content = torch.load(path, weights_only=False)
    for tensor in content['state_dict'].values():
        if tensor.dtype == torch.float32:
            tensor.mul_(1.01)
    torch.save(content, path)
    flags = ['--work-dir', work, '--to', 'cam_make']
    done = call(TOOL, pipeline, *flags, cwd=work.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert ran(done.stdout) == ['cam_train', 'cam_make']
    assert 'cam_train.checkpoint changed' in done.stdout
    cams = 'cam_make/cams/*.npz'
    assert items(work, cams) != items(finished[0], cams)


def test_a_stretch_needs_what_comes_before(call, pipeline, tmp_path):
    flags = ['--work-dir', tmp_path / 'new', '--from', 'seeds']
    done = call(TOOL, pipeline, *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert 'run that stage first (--from cam_make)' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_failing_stage_names_its_log_and_keeps_its_code(
    call, pipeline, work
):
    config = edited(pipeline, ("fg_thr': 0.3", "fg_thr': 7"))
    done = call(TOOL, config, '--work-dir', work, cwd=work.parent)
    log = work / 'seeds' / 'test.log'
    assert done.returncode == 2
    assert str(log) in done.stderr
    assert 'bg_thr <= fg_thr <= 1, got 0.1 and 7' in done.stderr
    assert (work / 'cam_make' / MANIFEST).is_file()


def start(pipeline, folder):
    """Start the chain in the background; its output can be read."""
    return subprocess.Popen(
        [
            sys.executable,
            str(ROOT / 'tools' / TOOL),
            str(pipeline),
            '--work-dir',
            str(folder),
        ],
        cwd=folder.parent,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONUNBUFFERED': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process, stage):
    """Read the output until a stage begins."""
    for line in process.stdout:
        if re.match(rf'\[\d/\d\] {stage}: (?!finished)', line):
            return
    raise AssertionError(process.stderr.read()[-3000:])


def test_fault04_killed_in_every_stage_ends_as_undisturbed(
    call, pipeline, finished, tmp_path
):
    folder = tmp_path / 'killed'
    for number, stage in enumerate(STAGES):
        process = start(pipeline, folder)
        wait_for(process, stage)
        time.sleep(2.5 + 0.7 * number)
        process.kill()
        process.communicate()
    done = call(TOOL, pipeline, '--work-dir', folder, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert figures(folder) == figures(finished[0])
    assert items(folder) == items(finished[0])
    assert not list(folder.rglob('*.tmp'))


def test_fault06_sigterm_says_how_to_go_on_and_leaves_no_process(
    pipeline, tmp_path
):
    folder = tmp_path / 'stopped here'
    process = start(pipeline, folder)
    wait_for(process, 'cam_train')
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 143, errors
    command = shlex.split(errors.strip().splitlines()[-1])
    # As it was called: from another folder than the project's.
    assert command[:3] == ['python', str(ROOT / 'tools' / TOOL), str(pipeline)]
    assert str(folder) in command  # quoted, as it has a space
    assert 'Traceback' not in errors
    running = subprocess.run(
        ['pgrep', '-f', str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert running.stdout == ''
