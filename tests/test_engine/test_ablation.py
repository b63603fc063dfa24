import json
import math

import pytest

from projects.amr.engine import ablation
from projects.amr.engine.progress import Reporter
from projects.amr.errors import UserError


def summary(seed, **metrics):
    return {'seed': seed, 'metrics': metrics}


def test_rows_hold_mean_and_sample_deviation():
    results = {
        'cam': [
            summary(s, **{'cam/mIoU_fixed': v, 'classification/mAP': 90.0})
            for s, v in enumerate((40.0, 42.0, 47.0))
        ]
    }
    (row,) = ablation.collect_rows(results)
    assert row['map'] == 'cam'
    assert row['seeds'] == [0, 1, 2]
    assert row['mIoU_fixed'] == pytest.approx((43.0, math.sqrt(13)))
    assert row['mAP'] == (90.0, 0.0)
    table = ablation.markdown_table([row])
    assert '43.0 ± 3.6' in table
    assert '| - |' in table  # no part recall measured


def test_each_map_has_its_row_in_the_papers_order():
    metrics = {
        f'cam/{name}/mIoU_fixed': value
        for name, value in (
            ('weighted', 3.0),
            ('compensation', 2.0),
            ('spotlight', 1.0),
        )
    }
    rows = ablation.collect_rows({'amr': [summary(0, **metrics)]})
    assert [r['map'] for r in rows] == [
        'spotlight',
        'compensation',
        'weighted',
    ]
    assert [r['mIoU_fixed'][0] for r in rows] == [1.0, 2.0, 3.0]
    assert math.isnan(rows[0]['mIoU_fixed'][1])


@pytest.fixture
def grid(tmp_path, monkeypatch):
    """A grid whose tools only write what the real ones write."""
    config = tmp_path / 'a.py'
    config.write_text('x = 1\n')
    calls = []

    def call(tool, arguments, log, reporter):
        folder = log.parent
        calls.append((tool, [str(a) for a in arguments]))
        if tool == 'train.py':
            (folder / 'last_checkpoint').write_text('epoch_1.pth')
        else:
            (folder / ablation.SUMMARY).write_text(json.dumps({'n': 1}))

    monkeypatch.setattr(ablation, 'call_tool', call)

    def run(**changes):
        calls.clear()
        ablation.run_grid([config], [0, 1], tmp_path / 'w', **changes)
        return list(calls)

    return run, config, tmp_path / 'w' / 'a'


def test_finished_runs_are_kept_and_changed_ones_redone(grid):
    run, config, folder = grid
    first = run()
    assert [tool for tool, _ in first] == ['train.py', 'test.py'] * 2
    assert 'randomness.seed=1' in first[2][1]
    assert run() == []
    config.write_text('x = 2\n')
    assert len(run()) == 4
    assert len(run(cfg_options=['x=3'])) == 4
    assert len(run(cfg_options=['x=3'], made_from='other seeds')) == 4


def test_interrupted_training_is_resumed(grid):
    run, _, folder = grid
    run()
    (folder / 'seed0' / ablation.SUMMARY).unlink()
    calls = run()
    assert len(calls) == 2
    assert '--resume' in calls[0][1]


def test_failing_tool_names_its_log(tmp_path):
    log = tmp_path / 'train.log'
    with pytest.raises(UserError, match=r'(?s)train\.log.*none\.py'):
        ablation.call_tool('train.py', [tmp_path / 'none.py'], log, Reporter())


def test_pseudo_labels_have_their_row():
    metrics = {'pseudo/mIoU_fixed': 66.0, 'pseudo/body_recall_best': 70.0}
    (row,) = ablation.collect_rows({'irnet': [summary(0, **metrics)]})
    assert row['map'] == 'pseudo'
    assert row['mIoU_fixed'][0] == 66.0
    assert row['body_recall_best'][0] == 70.0
