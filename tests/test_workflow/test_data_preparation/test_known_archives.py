import hashlib
from dataclasses import replace

import pytest

from projects.amr.errors import DataError
from projects.amr.workflow.data_preparation.known_archives import (
    SBD,
    VOC2012,
    KnownArchive,
    verify_archive,
)

DATA = bytes(range(256)) * 5000  # more than a megabyte


def known(**changes) -> KnownArchive:
    archive = KnownArchive(
        'tiny', 'a.tar', 'md5', hashlib.md5(DATA).hexdigest(), (), len(DATA)
    )
    return replace(archive, **changes)


@pytest.mark.parametrize('algorithm', ['md5', 'sha256'])
def test_the_right_bytes_pass_and_are_counted(tmp_path, algorithm):
    path = tmp_path / 'any name'
    path.write_bytes(DATA)
    digest = hashlib.new(algorithm, DATA).hexdigest()
    archive = known(algorithm=algorithm, digest=digest)
    assert list(verify_archive(path, archive)) == [1 << 20, len(DATA)]


@pytest.mark.parametrize(
    ('data', 'size', 'message'),
    [
        (DATA[:-1], len(DATA), '1,279,999 bytes in place of 1,280,000'),
        (b'x' + DATA[1:], len(DATA), 'md5 '),
        (DATA[:-1], None, 'md5 '),
    ],
)
def test_other_bytes_are_refused_with_remedy(tmp_path, data, size, message):
    path = tmp_path / 'a.tar'
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        list(verify_archive(path, known(size=size)))
    assert str(path) in str(caught.value)
    assert '--no-verify' in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match='archive of tiny not found'):
        list(verify_archive(tmp_path / 'none', known()))


def test_facts_of_the_real_archives():
    assert VOC2012.size == 1_999_639_040
    assert VOC2012.digest.startswith('e14f7632')
    assert len(VOC2012.digest) == 64
    assert SBD.digest == '82b4d87ceb2ed10f6038a1cba92111cb'
    for archive in (VOC2012, SBD):
        assert len(archive.urls) == len(set(archive.urls)) > 1
        assert all(url.endswith(archive.name) for url in archive.urls)
