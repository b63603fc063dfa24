"""prepare_voc.py as a user calls it, on archives of five images."""

import os
import signal
import time
from pathlib import Path

import pytest
from file_trees import tree
from tool_process import ToolProcess
from voc_archives import write_sbd_tar, write_voc_tar

TOOL = 'dataset_converters/prepare_voc'


@pytest.fixture(scope='module')
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp('archives')
    write_voc_tar(folder / 'voc.tar')
    write_sbd_tar(folder / 'sbd.tgz')
    return folder


def arguments(folder: Path) -> list:
    return ['--voc-tar', folder / 'voc.tar', '--sbd-tar', folder / 'sbd.tgz']


def test_prepared_counted_and_kept_the_second_time(
    output_of, archives, tmp_path
):
    text = output_of(TOOL, *arguments(archives), '--no-verify')
    root = tmp_path / 'data/VOCdevkit/VOC2012'
    assert 'train_aug.txt: 4 images' in text
    assert 'SegmentationClassAug: 5 (3 of VOC, 2 of SBD)' in text
    assert text.count('WARNING: ') == 3
    assert 'the real list 10,582' in text
    assert f'export VOC_ROOT={root}' in text
    before = tree(root)

    # VOC is there now, so its archive need not be named.
    again = output_of(TOOL, *arguments(archives)[2:], '--no-verify')
    assert ': 0 files made, 7 kept' in again
    assert tree(root) == before


def test_sigterm_ends_with_143_and_the_way_on(archives, tmp_path):
    """Stopped while it waits for an archive that does not end."""
    pipe = tmp_path / 'voc.tar'
    os.mkfifo(pipe)
    process = ToolProcess(
        f'{TOOL}.py',
        *('--no-verify', '--voc-tar', pipe, '--out-dir', 'out'),
        *('--sbd-tar', archives / 'sbd.tgz'),
        cwd=tmp_path,
    )
    lock = tmp_path / 'out/VOCdevkit/VOC2012/.lock'
    while not lock.exists() and process.process.is_alive():
        time.sleep(0.05)
    time.sleep(0.2)
    process.send(signal.SIGTERM)
    assert process.wait(60) == 143, process.output
    assert 'Traceback' not in process.output


def test_the_hash_is_looked_at_before_the_archive(
    output_of, archives, tmp_path
):
    text = output_of(TOOL, *arguments(archives), code=3)
    assert '1,999,639,040' in text
    assert not (tmp_path / 'data').exists()
