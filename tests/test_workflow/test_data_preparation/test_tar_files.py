import io
import tarfile

import pytest
from voc_archives import add

from projects.amr.errors import DataError
from projects.amr.workflow.data_preparation import tar_files as module
from projects.amr.workflow.data_preparation.tar_files import tar_files


def walk(path) -> dict:
    return {str(file.path): file.read() for file in tar_files(path)}


@pytest.mark.parametrize('mode', ['w', 'w:gz'])
def test_plain_files_come_in_order_packed_or_not(tmp_path, mode):
    with tarfile.open(tmp_path / 'a.tar', mode) as archive:
        add(archive, './b/x.txt', b'one')
        add(archive, 'a.txt', b'')
    assert list(walk(tmp_path / 'a.tar').items()) == [
        ('b/x.txt', b'one'),
        ('a.txt', b''),
    ]


@pytest.mark.parametrize(
    'name', ['../x', 'a/../../x', '/etc/x', 'a\\..\\..\\x']
)
def test_members_that_lead_out_end_the_walk(tmp_path, name):
    with tarfile.open(tmp_path / 'a.tar', 'w') as archive:
        add(archive, name, b'bad')
    with pytest.raises(DataError, match='member'):
        walk(tmp_path / 'a.tar')


@pytest.mark.parametrize(
    'kind', [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_end_the_walk(tmp_path, kind):
    with tarfile.open(tmp_path / 'a.tar', 'w') as archive:
        add(archive, 'good', b'1')
        member = tarfile.TarInfo('folder')
        member.type, member.linkname = kind, 'good'
        archive.addfile(member)
    with pytest.raises(DataError, match='folder'):
        walk(tmp_path / 'a.tar')


def test_a_file_larger_than_any_of_the_sets_ends_the_walk(
    tmp_path, monkeypatch
):
    with tarfile.open(tmp_path / 'a.tar', 'w') as archive:
        add(archive, 'a', bytes(11))
    monkeypatch.setattr(module, 'MAX_FILE_BYTES', 11)
    assert walk(tmp_path / 'a.tar') == {'a': bytes(11)}
    monkeypatch.setattr(module, 'MAX_FILE_BYTES', 10)
    with pytest.raises(DataError, match='11'):
        walk(tmp_path / 'a.tar')


@pytest.mark.parametrize('mode', ['w', 'w:gz'])
@pytest.mark.parametrize('share', [0.0, 0.3, 0.6])
def test_a_cut_archive_is_named(tmp_path, mode, share):
    file = io.BytesIO()
    noise = bytes(range(256)) * 40
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for index in range(4):
            add(archive, f'{index}', noise[index:])
    data = file.getvalue()
    (tmp_path / 'cut.tar').write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=r'cut\.tar'):
        walk(tmp_path / 'cut.tar')
