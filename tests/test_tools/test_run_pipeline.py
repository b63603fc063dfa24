"""The whole chain as a user runs it, in processes, on a dozen images."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import time

import pytest
import torch
from pipeline_configs import edited, figures, write_pipeline
from tool_process import ROOT, ToolProcess

from projects.amr.workflow.pipeline.records import MANIFEST

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
    return folder, done


@pytest.fixture
def work(finished, tmp_path):
    """A copy of the finished work dir, at another place."""
    return shutil.copytree(finished[0], tmp_path / 'work', symlinks=True)


@pytest.fixture
def run(output_of, pipeline, work):
    """Run the chain, or another config, in the copy; what it prints."""

    def _run(*flags, config=pipeline, code=0):
        words = (config, '--work-dir', work, *flags)
        return output_of('run_pipeline', *words, code=code)

    return _run


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


def test_second_run_keeps_all_even_when_moved(run, work):
    before = items(work, '**/*.pth', f'*/{MANIFEST}', '*/*/*.png')
    assert len(before) > 15
    assert ran(run()) == []
    assert items(work, '**/*.pth', f'*/{MANIFEST}', '*/*/*.png') == before
    summary = json.loads((work / 'summary.json').read_text())
    assert {s['status'] for s in summary['stages']} == {'kept'}


def test_fault10_changed_threshold_reruns_what_depends_on_it(
    run, pipeline, work, finished
):
    config = edited(pipeline, ("bg_thr': 0.1", "bg_thr': 0.25"))
    cams = items(work, 'cam_make/cams/*.npz')
    lines = run('--dry-run', config=config).splitlines()
    pairs = [line.split(': ', 1) for line in lines if ': ' in line]
    assert {name: what for name, what in pairs if name in STAGES} == {
        'cam_train': 'kept',
        'cam_make': 'kept',
        'seeds': 'would run: label_transform.bg_thr 0.1 -> 0.25 changed',
        'seg_train': 'kept unless seeds give something else',
        'seg_val': 'kept unless seg_train give something else',
    }
    assert figures(work) == figures(finished[0])
    text = run(config=config)
    assert ran(text) == ['seeds', 'seg_train', 'seg_val']
    assert 'seeds: label_transform.bg_thr 0.1 -> 0.25 changed' in text
    assert 'seeds.labels changed' in text
    assert items(work, 'cam_make/cams/*.npz') == cams
    assert figures(work)['seeds'] != figures(finished[0])['seeds']
    assert (work / 'seg_train.previous' / 'last_checkpoint').is_file()


def test_fault05_damaged_item_is_made_again_alone(run, work, finished):
    path = sorted((work / 'seeds' / 'labels').glob('*.png'))[0]
    path.write_bytes(path.read_bytes()[:40])
    text = run()
    assert ran(text) == ['seeds']
    total = len(list((work / 'seeds' / 'labels').glob('*.png')))
    assert f'1 of {total} files of labels missing or damaged' in text
    log = (work / 'seeds' / 'test.log').read_text()
    assert f'{total - 1:,} done, 1 to do' in log
    assert items(work) == items(finished[0])


def test_fault11_replaced_checkpoint_makes_the_cams_stale(run, work, finished):
    path = work / 'cam_train' / 'epoch_1.pth'
    content = torch.load(path, weights_only=False)
    for tensor in content['state_dict'].values():
        if tensor.dtype == torch.float32:
            tensor.mul_(1.01)
    torch.save(content, path)
    text = run('--to', 'cam_make')
    assert ran(text) == ['cam_train', 'cam_make']
    assert 'cam_train.checkpoint changed' in text
    cams = 'cam_make/cams/*.npz'
    assert items(work, cams) != items(finished[0], cams)


def test_a_stretch_needs_what_comes_before(output_of, pipeline):
    flags = ['--work-dir', 'new', '--from', 'seeds']
    text = output_of('run_pipeline', pipeline, *flags, code=2)
    assert 'run that stage first (--from cam_make)' in text


def test_a_failing_stage_names_its_log_and_keeps_its_code(run, pipeline, work):
    config = edited(pipeline, ("fg_thr': 0.3", "fg_thr': 7"))
    text = run(config=config, code=2)
    assert str(work / 'seeds' / 'test.log') in text
    assert 'got 7' in text
    assert (work / 'cam_make' / MANIFEST).is_file()


def start(pipeline, folder, stage):
    """Start the chain in the background, up to where a stage begins."""
    process = ToolProcess(
        TOOL, pipeline, '--work-dir', folder, cwd=folder.parent
    )
    begun = re.compile(rf'^\[\d/\d\] {stage}: (?!finished)', re.MULTILINE)
    while not begun.search(process.output):
        assert process.process.is_alive(), process.output[-3000:]
        time.sleep(0.1)
    return process


def test_fault04_killed_in_every_stage_ends_as_undisturbed(
    output_of, pipeline, finished, tmp_path
):
    folder = tmp_path / 'killed'
    for stage in STAGES:
        process = start(pipeline, folder, stage)
        record = json.loads((finished[0] / stage / 'stage.json').read_text())
        time.sleep(record['seconds'] / 2)  # machines differ
        process.send(signal.SIGKILL)
        process.wait()
    output_of('run_pipeline', pipeline, '--work-dir', folder)
    assert figures(folder) == figures(finished[0])
    assert items(folder) == items(finished[0])
    assert not list(folder.rglob('*.tmp'))


def test_fault06_sigterm_says_how_to_go_on_and_leaves_no_process(
    pipeline, tmp_path
):
    folder = tmp_path / 'stopped here'
    process = start(pipeline, folder, 'cam_train')
    time.sleep(1)
    process.send(signal.SIGTERM)
    assert process.wait(120) == 143, process.output
    command = shlex.split(process.output.strip().splitlines()[-1])
    # As it was called: from another folder than the project's.
    assert command[:3] == ['python', str(ROOT / 'tools' / TOOL), str(pipeline)]
    assert str(folder) in command  # quoted, as it has a space
    assert 'Traceback' not in process.output
    running = subprocess.run(
        ['pgrep', '-f', str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert running.stdout == ''
