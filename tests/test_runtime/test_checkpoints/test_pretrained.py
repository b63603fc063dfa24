import pytest

from projects.amr.errors import MissingWeightsError
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    find_pretrained,
    require_pretrained,
)

URL = 'https://example.org/models/resnet50-0676ba61.pth'


def model(checkpoint=URL):
    init = {'type': 'Pretrained', 'checkpoint': checkpoint}
    return {
        'type': 'AMR',
        'spotlight': {'backbone': {'type': 'R', 'init_cfg': init}},
        'compensation': {
            'backbone': {
                'type': 'R',
                'init_cfg': [{'type': 'Kaiming'}, init],
                'frozen_stages': 1,
                'norm_eval': True,
            }
        },
        'other': {'pretrained': checkpoint},
    }


def test_every_place_is_found():
    assert dict(find_pretrained(model())) == {
        'model.spotlight.backbone.init_cfg.checkpoint': URL,
        'model.compensation.backbone.init_cfg.1.checkpoint': URL,
        'model.other.pretrained': URL,
    }


def test_dropping_leaves_nothing_and_unfreezes():
    config = model()
    changed = drop_pretrained(config)
    assert not list(find_pretrained(config))
    assert config['compensation']['backbone']['frozen_stages'] == -1
    assert config['compensation']['backbone']['norm_eval'] is False
    assert len(changed) == 5
    assert drop_pretrained(config) == []


def test_missing_local_file_names_key_and_switch(tmp_path):
    path = str(tmp_path / 'weights.pth')
    with pytest.raises(MissingWeightsError) as error:
        require_pretrained(model(path))
    text = str(error.value)
    assert path in text
    assert 'model.spotlight.backbone.init_cfg.checkpoint=FILE' in text
    assert '--no-pretrained' in text
    assert error.value.exit_code == 4
