"""A few hundred cases of tools/benchmarks/fuzz_inputs.py."""

import json

import fuzz_inputs
import numpy as np
import pytest
from fuzz_mutations import Bomb
from fuzz_targets import TARGETS, Target

from projects.amr.errors import DataError
from projects.amr.runtime.files.array_archive import load_arrays
from projects.amr.structures import (
    CAMRecord,
    load_boundary_map,
)
from projects.amr.workflow.pipeline.records import MANIFEST, StageRecord

CACHES = ('digests.json', 'scanned.json')


@pytest.mark.parametrize('target', TARGETS, ids=lambda t: t.name)
def test_what_is_sound_is_read(target, tmp_path):
    """Read, and not passed over: damaged, it would give something else."""
    path = tmp_path / target.name
    target.write(path)
    sound = target.read(path)
    path.write_bytes(b'\0')
    try:
        damaged = target.read(path)
    except DataError:
        return
    if target.name in CACHES:  # then it is found out again
        assert damaged == sound
        assert sound
    else:
        assert damaged != sound


def test_fault12_to_22_damaged_files_are_read_or_refused_by_name(tmp_path):
    counts, failed = fuzz_inputs.run_cases(range(420), 20, tmp_path)
    assert failed == []
    assert sum(counts.values()) == 420
    refused = sum(n for (_, how), n in counts.items() if how == 'refused')
    assert 150 < refused < 420


@pytest.mark.parametrize('suffix', ['npy', 'npz', 'pickle'])
def test_fault27_pickled_arrays_do_nothing(tmp_path, suffix):
    path, marker = tmp_path / 'a.npz', tmp_path / 'exploded'
    bomb = np.array([Bomb(marker)], dtype=object)
    if suffix == 'npz':
        np.savez(path, format=bomb, cam=bomb, boundary=bomb)
    elif suffix == 'npy':
        with path.open('wb') as file:
            np.save(file, bomb, allow_pickle=True)
    else:
        path.write_bytes(bomb.dumps())
    for load in (CAMRecord.load, load_boundary_map):
        with pytest.raises(DataError, match=r'a\.npz'):
            load(path)
    assert not marker.exists()


def test_fault27_a_compressed_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez_compressed(path, cam=np.zeros(2**24, np.uint8))
    assert path.stat().st_size < 2**17
    with pytest.raises(ValueError, match='compressed'):
        load_arrays(path)
    with pytest.raises(FileNotFoundError):
        load_arrays(tmp_path / 'none.npz')


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('seconds', '3'),
        ('seconds', None),
        ('seconds', 10**400),  # no float
        ('seconds', float('inf')),
        ('declared', []),
        ('inputs', 'x'),
        ('outputs', {'labels': ['a.png']}),
        ('figures', 3),
    ],
)
def test_fault05_a_damaged_stage_record_counts_as_none(tmp_path, key, value):
    record = StageRecord({'a': 1}, {'b': 'c'}, {'labels': {'a.png': 'd'}})
    record.save(tmp_path)
    assert StageRecord.load(tmp_path) == record
    path = tmp_path / MANIFEST
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, key: value}))
    assert StageRecord.load(tmp_path) is None


def test_a_case_is_the_same_each_time(tmp_path):
    for number in range(len(TARGETS)):
        name = TARGETS[number].name
        if name in ('generation.json', 'digests.json', 'scanned.json'):
            continue  # their readers write them anew
        contents = []
        for folder in (tmp_path / 'a', tmp_path / 'b'):
            folder.mkdir(exist_ok=True)
            with fuzz_inputs.quiet():
                fuzz_inputs.run_case(number, 3, folder)
            contents.append((folder / name).read_bytes())
        assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ('error', 'why'),
    [
        (DataError('of no file'), 'does not name the file'),
        (KeyError('x'), 'KeyError'),
    ],
)
def test_what_is_not_refused_by_name_fails(tmp_path, monkeypatch, error, why):
    def read(path):
        raise error

    target = Target(
        'a.bin', lambda path: path.write_bytes(b'abc'), read, (b'x',)
    )
    monkeypatch.setattr(fuzz_inputs, 'TARGETS', (target,))
    counts, failed = fuzz_inputs.run_cases([0], 0, tmp_path)
    assert counts == {('a.bin', 'failed'): 1}
    assert why in failed[0][2]


def test_a_pickle_that_runs_would_be_seen(tmp_path, monkeypatch):
    marker = tmp_path / 'exploded'
    target = Target(
        'a.bin',
        lambda path: path.write_bytes(b'abc'),
        lambda path: Bomb(marker).__reduce__()[0](marker, 'w').close(),
        (b'x',),
    )
    monkeypatch.setattr(fuzz_inputs, 'TARGETS', (target,))
    _, failed = fuzz_inputs.run_cases([0], 0, tmp_path)
    assert 'pickled' in failed[0][2]
    assert not marker.exists()
