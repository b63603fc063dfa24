"""Published archives, from servers on this machine, and others' archives."""

import hashlib
import io
import socket
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from voc_archives import add

from projects.amr.errors import DataError
from projects.amr.workflow.data_preparation import archives
from projects.amr.workflow.data_preparation.archives import (
    DownloadError,
    KnownArchive,
    fetch_archive,
    tar_files,
    verify_archive,
)

DATA = bytes(range(256)) * 9000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        self.server.asked.append(self.path)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serves ``good/a.tar`` and ``bad/a.tar``."""
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    for name, data in (('good', DATA), ('bad', DATA[:-1])):
        (tmp_path / 'served' / name).mkdir(parents=True)
        (tmp_path / 'served' / name / 'a.tar').write_bytes(data)

    def handler(*args):
        return Quiet(*args, directory=str(tmp_path / 'served'))

    with ThreadingHTTPServer(('127.0.0.1', 0), handler) as running:
        running.asked = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def archive(server, *places) -> KnownArchive:
    host = f'http://127.0.0.1:{server.server_port}'
    urls = tuple(p if ':' in p else f'{host}/{p}/a.tar' for p in places)
    return KnownArchive(
        'tiny', 'a.tar', 'md5', hashlib.md5(DATA).hexdigest(), urls
    )


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return f'http://127.0.0.1:{probe.getsockname()[1]}/a.tar'


def test_places_are_asked_in_turn_until_one_is_right(server, tmp_path, capsys):
    known = archive(server, closed_port(), 'none', 'bad', 'good', 'unasked')
    path = fetch_archive(known, tmp_path / 'downloads')
    assert path == tmp_path / 'downloads' / 'a.tar'
    assert path.read_bytes() == DATA
    assert [p.name for p in path.parent.iterdir()] == ['a.tar']
    printed = capsys.readouterr().out
    for url in known.urls[:3]:
        assert f'not from {url}' in printed
    assert not any('unasked' in line for line in server.asked)


def test_no_place_gives_hash_path_and_the_way_to_bring_it(server, tmp_path):
    known = archive(server, closed_port(), 'bad')
    with pytest.raises(DownloadError) as caught:
        fetch_archive(known, tmp_path)
    text = str(caught.value)
    for part in (*known.urls, known.digest, '--voc-tar', 'a.tar'):
        assert part in text
    assert caught.value.exit_code == 4
    assert not (tmp_path / 'a.tar').exists()


@pytest.mark.parametrize(
    ('data', 'size', 'found'),
    [(DATA[:-1], len(DATA), '2,303,999'), (b'x' + DATA[1:], None, 'md5')],
)
def test_other_bytes_are_refused(tmp_path, data, size, found):
    digest = hashlib.md5(DATA).hexdigest()
    known = KnownArchive('tiny', 'a.tar', 'md5', digest, (), size)
    path = tmp_path / 'any name'
    path.write_bytes(DATA)
    verify_archive(path, known)
    path.write_bytes(data)
    with pytest.raises(DataError, match=found) as caught:
        verify_archive(path, known)
    assert str(path) in str(caught.value)
    assert '--no-verify' in str(caught.value)
    path.unlink()
    with pytest.raises(DataError, match=str(path)):
        verify_archive(path, known)


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
    monkeypatch.setattr(archives, 'MAX_FILE_BYTES', 11)
    assert walk(tmp_path / 'a.tar') == {'a': bytes(11)}
    monkeypatch.setattr(archives, 'MAX_FILE_BYTES', 10)
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
