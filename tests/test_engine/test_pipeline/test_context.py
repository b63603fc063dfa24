"""What a stage reads is known before it runs."""

from runner_configs import tiny_config

from projects.amr.engine.pipeline import Stage, StageContext, Workspace
from projects.amr.engine.pipeline.digests import DigestCache


def test_weights_that_a_training_begins_with_are_an_input(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path)
    cfg.dump(tmp_path / 'tiny.py')
    weights = tmp_path / 'weights.pth'

    def inputs(**options):
        stage = Stage(
            'a',
            'train',
            str(tmp_path / 'tiny.py'),
            cfg_options=options,
        )
        cache = DigestCache(tmp_path / 'digests.json')
        space = Workspace(tmp_path, [stage], cache)
        return StageContext(stage, space).inputs()

    assert 'load_from' not in inputs()
    found = []
    for content in (b'one', b'another'):
        weights.write_bytes(content)
        found.append(inputs(load_from=str(weights))['load_from'])
    assert len(set(found)) == 2
