from copy import deepcopy

import pytest
from mmengine.config import Config

from projects.amr.errors import UserError
from projects.amr.workflow.pipeline.own_data import use_own_data

PIPELINE = {
    'data_root': 'data/voc',
    'stages': [
        {'name': 'train', 'kind': 'train', 'config': 'a.py'},
        {
            'name': 'seeds',
            'kind': 'tool',
            'tool': 'make_seeds.py',
            'arguments': ['{cam.cams}', '--data-root', 'data/voc', '--n', 3],
            'inputs': ['data/voc/labels.csv', 'data/voc2'],
            'env': {'VOC_ROOT': 'data/voc', 'CAM_DIR': '{cam.cams}'},
        },
    ],
    'roles': {'images': 'data/voc/JPEGImages', 'cams': '{cam.cams}'},
}


@pytest.fixture
def photos(tmp_path):
    (tmp_path / 'my photos').mkdir()
    (tmp_path / 'labels.csv').write_text('image,labels\n')
    return {
        'image_dir': str(tmp_path / 'my photos'),
        'label_file': str(tmp_path / 'labels.csv'),
    }


def pipeline(**own):
    return Config({**deepcopy(PIPELINE), 'own_data': own})


def test_import_comes_first_and_all_stages_use_its_folder(photos):
    cfg = pipeline(**photos)
    use_own_data(cfg)
    first, train, seeds = cfg.stages
    assert first.name == 'import_images'
    assert first.tool == 'dataset_converters/import_images.py'
    assert first.arguments == [*photos.values(), '{stage}/VOC2012']
    assert first.inputs == list(photos.values())
    env = {
        'VOC_ROOT': '{import_images.root}',
        'CLASS_FILE': '{import_images.classes}',
    }
    assert train.env == env
    assert seeds.env == {**env, 'CAM_DIR': '{cam.cams}'}
    assert seeds.arguments[2] == '{import_images.root}'
    assert seeds.arguments[-1] == 3
    assert seeds.inputs == ['{import_images.root}/labels.csv', 'data/voc2']
    assert cfg.roles.images == '{import_images.root}/JPEGImages'
    assert cfg.roles.cams == '{cam.cams}'
    assert cfg.roles.classes == '{import_images.classes}'
    assert 'own_data' not in cfg


def test_further_keys_become_flags_of_the_tool(photos, tmp_path):
    (tmp_path / 'val.txt').write_text('a\n')
    cfg = pipeline(
        **photos,
        val_list=str(tmp_path / 'val.txt'),
        no_label='keep',
        skip_bad=True,
        copy=False,
    )
    use_own_data(cfg)
    assert cfg.stages[0].arguments[3:] == [
        '--val-list',
        str(tmp_path / 'val.txt'),
        '--no-label',
        'keep',
        '--skip-bad',
    ]
    assert cfg.stages[0].inputs[2:] == [str(tmp_path / 'val.txt')]
    cfg = pipeline(**photos, val_share=0.5)
    use_own_data(cfg)
    assert cfg.stages[0].arguments[3:] == ['--val-share', '0.5']


def test_the_check_accepts_what_the_import_accepts(photos):
    cfg = pipeline(**photos, max_contradictions=0.4)
    cfg.stages[0].tool = 'check_dataset.py'
    use_own_data(cfg)
    flag = ['--max-contradictions', '0.4']
    assert cfg.stages[0].arguments[3:] == flag
    assert cfg.stages[1].arguments == flag


def test_own_data_that_is_no_dict_is_named():
    with pytest.raises(UserError, match='own_data'):
        use_own_data(Config({**deepcopy(PIPELINE), 'own_data': 'photos'}))


@pytest.mark.parametrize(
    ('changes', 'key'),
    [
        ({'label_file': None}, 'label_file'),
        ({'image_dir': 'gone'}, 'image_dir'),
        ({'images': 'x'}, 'images'),
        ({'mask_dir': 'gone'}, 'mask_dir'),
    ],
)
def test_faults_are_found_before_anything_runs(photos, changes, key):
    with pytest.raises(UserError) as caught:
        use_own_data(pipeline(**{**photos, **changes}))
    assert key in str(caught.value)
