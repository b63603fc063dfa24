"""faults.md, row 7: no space left, foreseen or met."""

import os
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
from cam_files import write_cam_files, write_label_config
from mmengine.config import Config

from projects.amr.errors import DiskFullError
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.runtime.files.disk_space import estimate_bytes, require_space
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.structures import CAMRecord, save_label_map
from projects.amr.workflow.labels.label_job import LabelMapJob


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MiB with 100 KiB left, where one can be mounted."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', str(folder)]
    try:
        subprocess.run(mount, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip('no small file system can be mounted here')
    (folder / 'filler').write_bytes(bytes(8 * 2**20 - 100 * 2**10))
    yield folder
    subprocess.run(['umount', str(folder)], check=True)


def names(folder):
    return sorted(os.listdir(folder))


def test_estimate_is_exact_for_few_and_close_for_many():
    sizes = list(range(37))
    assert estimate_bytes(sizes, lambda s: s) == sum(sizes)
    assert estimate_bytes([], lambda s: s) == 0
    many = list(range(10_000))
    assert abs(estimate_bytes(many, lambda s: s) / sum(many) - 1) < 0.02


def test_fault07_no_room_is_foreseen_with_both_figures(tmp_path, monkeypatch):
    usage = SimpleNamespace(free=3 * 2**20)
    monkeypatch.setattr('shutil.disk_usage', lambda path: usage)
    require_space(tmp_path, 3 * 2**20, 'CAM records of 7 images')
    with pytest.raises(DiskFullError) as caught:
        require_space(tmp_path, 3 * 2**20 + 1, 'CAM records of 7 images')
    for words in ('CAM records of 7 images', str(tmp_path), 'free are 3.1'):
        assert words in str(caught.value)
    assert caught.value.exit_code == 5
    # Folders that are made later, and what many small files waste.
    later = tmp_path / 'not' / 'yet'
    require_space(later, 2**20, files=512)
    with pytest.raises(DiskFullError):
        require_space(later, 2**20, files=513)


def test_fault07_full_disk_leaves_nothing_half_published(small_disk):
    noise = np.random.default_rng(0)
    record = CAMRecord(np.array([0]), noise.random((1, 300, 300)), (300, 300))
    with pytest.raises(DiskFullError, match=r'a\.npz: [\d,]+ bytes are free'):
        record.save(small_disk / 'a.npz')
    assert names(small_disk) == ['filler']
    labels = noise.integers(0, 20, (500, 600)).astype(np.uint8)
    with pytest.raises(DiskFullError, match=r'b\.png'):
        save_label_map(small_disk / 'b.png', labels)
    (small_disk / 'c.txt').write_text('old')
    with (
        pytest.raises(DiskFullError),
        atomic_write(small_disk / 'c.txt') as file,
    ):
        file.write(bytes(2**20))
    assert (small_disk / 'c.txt').read_text() == 'old'
    assert names(small_disk) == ['c.txt', 'filler']


class _Writer:
    """Writes 40 KiB an item."""

    def __init__(self, folder):
        self.folder = folder

    def load(self, item):
        path = self.folder / item
        return path.stat().st_size if path.is_file() else None

    def make(self, item):
        with atomic_write(self.folder / item) as file:
            file.write(bytes(40 * 2**10))
        return self.load(item)


def test_fault07_run_stops_when_full_and_goes_on_with_room(small_disk):
    job = _Writer(small_disk)
    with pytest.raises(DiskFullError):
        run_items(job, list('abcdef'))
    assert names(small_disk) == ['a', 'b', 'filler']
    (small_disk / 'filler').unlink()
    results, kept = run_items(job, list('abcdef'))
    assert (set(results.values()), kept) == ({40 * 2**10}, 2)


def test_fault07_label_maps_that_will_not_fit_are_not_begun(
    small_disk, toy_root, tmp_path, monkeypatch
):
    write_cam_files(toy_root, tmp_path)
    cfg = write_label_config(tmp_path / 'a.py', toy_root, tmp_path)
    cfg = Config.fromfile(cfg)
    job = LabelMapJob(
        cfg.test_dataloader.dataset, cfg.label_transform, small_disk / 'labels'
    )
    assert job.prepare(job.infos) == []
    monkeypatch.setattr(
        'projects.amr.workflow.labels.label_job.png_bytes',
        lambda h, w: h * w * 30,
    )
    with pytest.raises(DiskFullError, match=f'of {len(job.infos)} images'):
        job.prepare(job.infos)
