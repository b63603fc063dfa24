"""DeepLab-v2's configs: the released values, and where they land."""

from pathlib import Path

import pytest
import torch
import torchvision
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import METRICS, MODELS, TRANSFORMS

from projects.amr.errors import MissingWeightsError
from projects.amr.models import MultiScaleLossEncoderDecoder
from projects.amr.runtime.checkpoints.pretrained import (
    drop_pretrained,
    find_pretrained,
    require_pretrained,
)
from projects.amr.workflow.launch.own_classes import dataset_classes

CONFIGS = Path(__file__).parents[1] / 'configs'
NAMES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.rglob('deeplabv2_*.py')
    if '_base_' not in path.parts
)


def load(name='deeplabv2_r101_voc.py') -> Config:
    return Config.fromfile(CONFIGS / name)


def build(cfg, unfreeze=False):
    """The model without weights in memory."""
    init_default_scope('mmseg')  # a module's fixture comes before the test's
    drop_pretrained(cfg.model, unfreeze)
    with torch.device('meta'):
        return MODELS.build(cfg.model)


@pytest.fixture(scope='module')
def voc():
    """Config and model of the VOC segmentor."""
    cfg = load()
    return cfg, build(load())


@pytest.mark.parametrize('name', NAMES)
def test_config_builds_what_its_name_says(name):
    cfg = load(name)
    model = build(cfg)
    assert type(model) is MultiScaleLossEncoderDecoder
    depth = getattr(model.backbone, 'depth', None)
    network = f'r{depth}' if depth else model.backbone.arch
    assert network == Path(name).stem.split('_')[1]
    classes = dataset_classes(cfg.test_dataloader.dataset)
    assert model.num_classes == len(classes)
    METRICS.build(cfg.test_evaluator)
    for pipeline in (cfg.train_pipeline, cfg.test_pipeline, cfg.tta_pipeline):
        for transform in pipeline:
            TRANSFORMS.build(transform)
    crop = [t for t in cfg.train_pipeline if t['type'] == 'RandomCrop']
    assert crop[0]['crop_size'] == cfg.model.data_preprocessor['size']
    assert not cfg.test_dataloader.sampler.round_up
    assert cfg.param_scheduler.end == cfg.train_cfg.max_iters


def test_output_stride_8_and_its_dilations(voc):
    _, model = voc
    features = model.backbone(torch.empty(1, 3, 321, 321, device='meta'))
    assert [tuple(f.shape[1:]) for f in features] == [(2048, 41, 41)]
    found = {}
    for name, conv in model.backbone.named_modules():
        if name.startswith('layer') and name.endswith('conv2'):
            stage = int(name[5])
            found.setdefault(stage, []).append((conv.stride, conv.dilation))
    assert len(found[3]) == 23
    # Of all blocks, as released: in torchvision's dilated ResNets the first
    # one of a stage keeps the dilation of the stage before.
    assert [{d for _, d in found[stage]} for stage in range(1, 5)] == [
        {(1, 1)},
        {(1, 1)},
        {(2, 2)},
        {(4, 4)},
    ]
    assert found[2][0][0] == (2, 2)
    assert all(
        stride == (1, 1) for stage in (1, 3, 4) for stride, _ in found[stage]
    )


def test_batch_norm_is_frozen_and_every_convolution_is_not(voc):
    _, model = voc
    model.train()
    norms = 0
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            norms += 1
            assert not module.training
        for parameter in module.parameters(recurse=False):
            is_norm = isinstance(module, torch.nn.BatchNorm2d)
            assert parameter.requires_grad is not is_norm
    assert norms == 104


def test_initial_weights_come_from_url_or_file(tmp_path):
    model = load().model
    ((key, source),) = find_pretrained(model)
    assert key == 'model.backbone.init_cfg.checkpoint'
    assert source.endswith('/resnet101-63fe2227.pth')
    path = tmp_path / 'own.pth'
    model.backbone.init_cfg.checkpoint = str(path)
    with pytest.raises(MissingWeightsError, match=r'own\.pth.*no-pretrained'):
        require_pretrained(model)
    path.write_bytes(b'x')
    assert require_pretrained(model) is None
    coco = load('deeplabv2_r101_voc_coco.py').model
    assert coco.backbone.init_cfg.prefix == 'backbone.'
    with pytest.raises(MissingWeightsError, match='deeplabv2_r101_coco'):
        require_pretrained(coco)


def test_torchvision_s_resnet_101_fits_name_by_name(voc):
    _, model = voc
    with torch.device('meta'):
        source = torchvision.models.resnet101().state_dict()
    shapes = {key: value.shape for key, value in source.items()}
    own = model.backbone.state_dict()
    assert {key: value.shape for key, value in own.items()} == {
        key: shape for key, shape in shapes.items() if key[:3] != 'fc.'
    }


def test_label_folder_comes_from_the_environment(tmp_path, monkeypatch):
    def folder(name):
        return load(name).train_dataloader.dataset.data_prefix.seg_map_path

    monkeypatch.delenv('LABEL_DIR', raising=False)
    for name in ('deeplabv2_r101_voc.py', 'toy/deeplabv2_r26_toyvoc.py'):
        assert Path(folder(name)).is_absolute()
        assert folder(name).endswith('/labels')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LABEL_DIR', 'own/labels')
    assert folder('deeplabv2_r101_voc.py') == str(tmp_path / 'own/labels')
