import json

from projects.amr.workflow.pipeline.manifest import (
    MANIFEST,
    StageRecord,
    note_start,
    started_key,
)


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
