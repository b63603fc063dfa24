"""What a stage remembers of its files and values."""

import hashlib
import json
import os

from projects.amr.workflow.pipeline.records import (
    MANIFEST,
    DigestCache,
    StageRecord,
    describe_changes,
    listing_digest,
    note_start,
    started_key,
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


def test_a_damaged_cache_is_ignored(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('one')
    for text in ('{"', '[1]', '3', ''):
        (tmp_path / 'cache.json').write_text(text)
        cache = DigestCache(tmp_path / 'cache.json')
        assert cache.file(path) == hashlib.sha256(b'one').hexdigest()


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


def test_record_survives_the_disk_and_ends_the_start_note(tmp_path):
    note_start(tmp_path, 'k')
    assert started_key(tmp_path) == 'k'
    record = StageRecord(
        {'a': 1}, {'in': 'x'}, {'labels': {'a.png': 'y'}}, {'m': 0.5}, 2.5
    )
    record.save(tmp_path)
    assert StageRecord.load(tmp_path) == record
    assert started_key(tmp_path) is None


def test_anything_else_is_no_record(tmp_path):
    assert StageRecord.load(tmp_path) is None
    for content in ('', '{"', '[]', '{}', '{"schema": 1}', '{"schema": 0}'):
        (tmp_path / MANIFEST).write_text(content)
        assert StageRecord.load(tmp_path) is None
    StageRecord({}, {}, {}).save(tmp_path)
    content = json.loads((tmp_path / MANIFEST).read_text())
    content['schema'] += 1
    (tmp_path / MANIFEST).write_text(json.dumps(content))
    assert StageRecord.load(tmp_path) is None


def test_changes_are_named_and_counted():
    before = {'a': 1, 'b': 2, 'c': 3, 'd': 'x' * 60, 'e': 5}
    after = {'a': 1, 'b': 4, 'd': 'y' * 60, 'e': 6, 'f': 7}
    assert describe_changes(before, before) == []
    assert describe_changes(before, after, limit=2) == [
        'b 2 -> 4',
        'c 3 (gone)',
        '3 more',
    ]
    assert describe_changes(before, after, limit=9)[2] == (
        f'd {"x" * 45}... -> {"y" * 45}...'
    )
