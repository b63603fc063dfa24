"""What a stage remembers of its files and values."""

import hashlib
import os

from projects.amr.workflow.pipeline.records import (
    DigestCache,
    listing_digest,
)


def test_digest_is_sha256_and_follows_the_content(tmp_path):
    cache = DigestCache(tmp_path / 'cache.json')
    path = tmp_path / 'a.txt'
    assert cache.file(path) == ''
    path.write_text('one')
    assert cache.file(path) == hashlib.sha256(b'one').hexdigest()
    path.write_text('other')
    assert cache.file(path) == hashlib.sha256(b'other').hexdigest()


def test_known_digests_are_not_computed_again(tmp_path, monkeypatch):
    path = tmp_path / 'a.txt'
    path.write_text('one')
    cache = DigestCache(tmp_path / 'cache.json')
    digest = cache.file(path)
    cache.save()
    again = DigestCache(tmp_path / 'cache.json')
    with monkeypatch.context() as patch:
        patch.setattr(
            'projects.amr.workflow.pipeline.records.file_digest', None
        )
        assert again.file(path) == digest
    status = path.stat()
    path.write_text('two')  # of the same size, at another time
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert again.file(path) == hashlib.sha256(b'two').hexdigest()


def test_a_folder_is_its_items(tmp_path):
    folder = tmp_path / 'items'
    (folder / 'sub').mkdir(parents=True)
    (folder / 'a.png').write_bytes(b'1')
    (folder / 'sub' / 'b.NPZ').write_bytes(b'2')
    cache = DigestCache(tmp_path / 'cache.json')
    before = cache.content(folder)
    assert list(cache.folder(folder)) == [
        'a.png',
        os.path.join('sub', 'b.NPZ'),
    ]
    (folder / 'generation.json').write_text('{}')
    (folder / '.a.png.x.tmp').write_text('half')
    assert cache.content(folder) == before
    (folder / 'a.png').rename(folder / 'c.png')
    assert cache.content(folder) != before
    assert cache.content(tmp_path / 'gone') == ''


def test_a_listing_sees_names_and_sizes(tmp_path):
    folder = tmp_path / 'images'
    assert listing_digest(folder) == ''
    folder.mkdir()
    found = [listing_digest(folder)]
    (folder / 'a.jpg').write_bytes(b'12')
    found.append(listing_digest(folder))
    (folder / 'a.jpg').write_bytes(b'123')
    found.append(listing_digest(folder))
    (folder / 'a.jpg').rename(folder / 'b.jpg')
    found.append(listing_digest(folder))
    assert len(set(found)) == 4
    (folder / 'b.jpg').write_bytes(b'321')
    assert listing_digest(folder) == found[-1]


def test_a_listing_takes_links_to_nowhere_and_odd_names(tmp_path):
    (tmp_path / 'a.jpg').symlink_to(tmp_path / 'gone')
    before = listing_digest(tmp_path)
    (tmp_path / os.fsdecode(b'\xff.jpg')).touch()
    assert before != listing_digest(tmp_path)
