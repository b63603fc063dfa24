import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from PIL import Image
from torch_versions import needs_safe_globals
from training_faults import write_trap

from model_configs import amr, build
from projects.amr.errors import UserError
from projects.amr.workflow.deploy.prediction import cams_of_photo
from projects.amr.workflow.deploy.trained_model import load_trained

NAMES = ('background', 'ant', 'big cat', 'zebra')


def config(model=None, classes=None):
    cfg = {
        'default_scope': 'mmseg',
        'model': {
            **(model or amr()),
            'data_preprocessor': {
                'type': 'WeakLabelDataPreprocessor',
                'mean': [123.675, 116.28, 103.53],
                'std': [58.395, 57.12, 57.375],
                'bgr_to_rgb': True,
            },
        },
    }
    if classes:
        cfg['test_dataloader'] = {
            'dataset': {'metainfo': {'classes': classes}}
        }
    return Config(cfg)


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint as a Runner stores it, with classes and a log history."""
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    content = {
        'state_dict': build(config().model, training=False).state_dict(),
        'meta': {'dataset_meta': {'classes': NAMES}},
        'message_hub': {'log_scalars': {'loss': history}},
    }
    torch.save(content, tmp_path / 'a.pth')
    return tmp_path / 'a.pth'


@pytest.fixture
def picture(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (33, 47, 3), np.uint8)
    Image.fromarray(values).save(tmp_path / 'a.png')
    return tmp_path / 'a.png'


@needs_safe_globals
def test_maps_are_those_of_the_classifier_s_own_predict(checkpoint, picture):
    trained = load_trained(config(), checkpoint)
    assert trained.classes == NAMES
    sample = cams_of_photo(trained, picture, ['zebra', 'ant'])
    assert sample.pred_cam.classes == [0, 2]
    assert sample.pred_cam.size == (33, 47)
    pixels = np.asarray(Image.open(picture))
    np.testing.assert_array_equal(sample.img, pixels[..., ::-1])
    model = build(config().model, training=False)
    model.load_state_dict(
        torch.load(checkpoint, weights_only=False)['state_dict']
    )
    mean = torch.tensor([123.675, 116.28, 103.53])[:, None, None]
    std = torch.tensor([58.395, 57.12, 57.375])[:, None, None]
    image = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
    with torch.no_grad():
        (want,) = model.predict([(image - mean) / std])
    torch.testing.assert_close(sample.pred_score, want.pred_score)
    best = cams_of_photo(trained, picture)
    above = (want.pred_score > 0.5).nonzero()[:, 0].tolist()
    top = [int(want.pred_score.argmax())]
    assert best.pred_cam.classes == (above or top)
    assert best.pred_cam.classes == want.pred_cam.classes
    for name in want.pred_cam.maps:
        torch.testing.assert_close(
            best.pred_cam.get(name), want.pred_cam.get(name)
        )


def test_names_come_from_the_config_where_the_checkpoint_has_none(checkpoint):
    content = torch.load(checkpoint, weights_only=False)
    torch.save(content['state_dict'], checkpoint)
    names = ('background', 'a', 'b', 'c')
    assert load_trained(config(classes=names), checkpoint).classes == names
    with pytest.raises(UserError, match='aeroplane'):
        load_trained(config(), checkpoint)


class Pry:
    """Asks for an attribute of a class that is no log history."""

    def __reduce__(self):
        return getattr, (dict, 'fromkeys')


def test_fault_27_nothing_but_weights_is_unpickled(tmp_path, checkpoint):
    path = write_trap(tmp_path / 'evil.pth', tmp_path / 'sprung')
    torch.save({'state_dict': {}, 'x': Pry()}, tmp_path / 'pry.pth')
    for evil in (path, tmp_path / 'pry.pth'):
        with pytest.raises(UserError, match=evil.name):
            load_trained(config(), evil)
    assert not (tmp_path / 'sprung').exists()
