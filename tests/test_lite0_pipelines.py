"""Chains of other systems on EfficientNet-Lite: what feeds what."""

from pathlib import Path

import pytest
from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.workflow.pipeline.stages import read_stages

PIPELINES = Path(__file__).parents[1] / 'configs' / 'pipelines'


def chain(name):
    """Stages by name, and what each takes from others."""
    stages = read_stages(Config.fromfile(PIPELINES / f'amr_lite0_{name}.py'))
    return {stage.name: stage for stage in stages}


@pytest.mark.parametrize(
    ('name', 'configs', 'labels'),
    [
        (
            'affinitynet',
            {
                'seeds': 'seeds_voc_affinitynet',
                'affinity_train': 'affinitynet_lite0_voc',
                'affinity_make': 'affinitynet_lite0_voc',
            },
            'affinity_make',
        ),
        (
            'bes',
            {
                'seeds': 'seeds_voc_bes',
                'affinity_train': 'bes_lite0_voc',
                'affinity_make': 'bes_lite0_voc',
                'pseudo_labels': 'pseudo_labels_voc_bes',
            },
            'pseudo_labels',
        ),
        (
            'oaa',
            {'cam_train': 'cam_lite0_voc_oaa', 'seeds': 'seeds_voc'},
            'pseudo_labels',
        ),
        (
            'oaaplus',
            {
                'oaa_train': 'cam_lite0_voc_oaa',
                'cam_train': 'oaaplus_lite0_voc',
                'cam_make': 'oaaplus_lite0_voc',
            },
            'pseudo_labels',
        ),
        (
            'sccam',
            {
                'plain_train': 'cam_lite0_voc',
                'cam_train': 'sccam_lite0_voc',
                'cam_make': 'sccam_lite0_voc',
                'affinity_train': 'irnet_lite0_voc',
            },
            'pseudo_labels',
        ),
    ],
)
def test_the_chain_takes_the_systems_configs(name, configs, labels):
    stages = chain(name)
    assert {n: Path(stages[n].config).stem for n in configs} == configs
    env = stages['segmentor_train'].env
    assert env['LABEL_DIR'] == f'{{{labels}.labels}}'
    if labels == 'affinity_make':
        assert stages[labels].outputs.keys() == {'labels'}
        assert 'pseudo_labels' not in stages


def test_the_second_round_of_sc_cam_reads_the_first_one_s_clusters():
    stages = chain('sccam')
    order = list(stages)
    assert order.index('plain_train') < order.index('clusters')
    assert ('plain_train', 'checkpoint') in stages['clusters'].references()
    ((key, value),) = stages['cam_train'].cfg_options.items()
    assert value == '{clusters.file}'
    cfg = Config.fromfile(PIPELINES.parent / 'sccam_lite0_voc.py')
    for part in key.split('.'):
        cfg = cfg[int(part)] if part.isdigit() else cfg[part]
    assert str(cfg).endswith('.npz')


def test_accumulated_cams_take_the_place_of_those_of_a_test():
    stages = chain('oaa')
    assert 'cam_make' not in stages
    for name in ('seeds', 'affinity_train', 'affinity_make', 'pseudo_labels'):
        assert ('cam_train', 'accumulated_cams') in stages[name].references()
    found = chain('oaaplus')['cam_train'].references()
    assert found == [('oaa_train', 'accumulated_cams')]


def test_a_training_s_outputs_are_known_ones():
    config = PIPELINES.parent / 'cam_lite0_voc.py'
    stage = dict(name='a', kind='train', config=str(config), outputs=['cams'])
    with pytest.raises(UserError, match='cams'):
        read_stages(Config(dict(stages=[stage])))
    stage['outputs'] = ['accumulated_cams']
    (found,) = read_stages(Config(dict(stages=[stage])))
    assert found.outputs == {
        'accumulated_cams': '{stage}/accumulated_cams',
        'checkpoint': '{stage}/last_checkpoint',
    }
