import io
from contextlib import redirect_stdout

from projects.amr.runtime.files import item_progress
from projects.amr.runtime.files.item_progress import show_progress
from projects.amr.runtime.files.progress import last_progress

LINES = (
    '11/23 00:31:16 - mmengine - INFO - Epoch(train)  [3][ 20/37]  '
    'lr: 1.0000e-02  eta: 0:01:12  time: 0.5  loss: 1.0\n'
    '11/23 00:31:20 - mmengine - INFO - Saving checkpoint\n'
)


def test_last_position_and_time_left_are_found(tmp_path):
    log = tmp_path / 'train.log'
    assert last_progress(log) is None
    log.write_text('no line of progress yet\n')
    assert last_progress(log) is None
    log.write_text('x' * 9000 + LINES.replace('0:01:12', '9:00:00') + LINES)
    assert last_progress(log) == 'Epoch(train) [3][20/37], 0:01:12 left'
    items = ''.join(show_lines(7))
    log.write_text(LINES + items)
    assert last_progress(log) == 'seeds: 7 of 7, 0:00 min left'
    log.write_text(items + LINES)
    assert last_progress(log) == 'Epoch(train) [3][20/37], 0:01:12 left'


def show_lines(total):
    """What show_progress prints without a terminal."""
    stream = io.StringIO()
    with redirect_stdout(stream):
        assert list(show_progress(range(total), total, 'seeds')) == list(
            range(total)
        )
    return stream.getvalue()


def test_time_left_does_not_count_the_start(monkeypatch, capsys):
    """100 s until processes have started, then 12 s an item."""
    clock = [0.0]
    monkeypatch.setattr(item_progress.time, 'monotonic', lambda: clock[0])

    def items():
        for number in range(4):
            clock[0] += 100 if number == 0 else 12
            yield number

    for _ in show_progress(items(), 4, 'seeds'):
        pass
    assert capsys.readouterr().out.splitlines() == [
        'seeds: 1 of 4',
        'seeds: 2 of 4, 0:24 min left',
        'seeds: 3 of 4, 0:12 min left',
        'seeds: 4 of 4, 0:00 min left',
    ]
