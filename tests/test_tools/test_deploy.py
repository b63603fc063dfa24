"""Exported models and predictions equal what the trained model gives."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image
from segmentor_configs import tiny_segmentor

from model_configs import amr, build
from projects.amr.errors import UserError
from projects.amr.models.cam_methods import MultiScaleCAM
from projects.amr.structures import load_label_map
from projects.amr.workflow.deploy import export_formats
from projects.amr.workflow.deploy.exported_model import (
    exported,
    model_facts,
)
from projects.amr.workflow.deploy.trained_model import load_trained

EXAMPLE = Path(__file__).resolve().parents[2] / 'tools/onnx_example.py'
SIZES = ((33, 47), (65, 50), (98, 131))
NAMES = ('background', 'ant', 'big cat', 'zebra')
TWO_WAYS = [
    pytest.param(name, marks=pytest.mark.filterwarnings('ignore'))
    for name in ('onnx', 'pt')
]


@pytest.fixture
def sharp(monkeypatch):
    """Sizes that a network of a few channels is quick at."""
    monkeypatch.setattr(export_formats, 'TRACED_SIZE', (49, 65))
    monkeypatch.setattr(export_formats, 'CHECKED_SIZES', SIZES)


@pytest.fixture(scope='module')
def segmentor(toy_root, tmp_path_factory):
    """Config file and checkpoint of a segmentor of random weights."""
    folder = tmp_path_factory.mktemp('deploy')
    torch.manual_seed(0)
    init_default_scope('mmseg')
    cfg = tiny_segmentor(toy_root, folder)
    model = build(cfg.model, training=False)
    # Weights of a new head are so small that all labels are one.
    model.decode_head.apply(
        lambda m: (
            isinstance(m, torch.nn.Conv2d)
            and torch.nn.init.normal_(m.weight, std=0.5)
        )
    )
    classes = ('background', 'a', 'b', 'c', 'd')
    palette = [[0, 0, 0], [9, 8, 7], [250, 0, 0], [0, 99, 0], [1, 2, 200]]
    meta = {'dataset_meta': {'classes': classes, 'palette': palette}}
    torch.save(
        {'state_dict': model.state_dict(), 'meta': meta}, folder / 'a.pth'
    )
    cfg.dump(folder / 'config.py')
    return folder / 'config.py', folder / 'a.pth'


@pytest.fixture
def classifier(tmp_path):
    cfg = Config(
        {
            'default_scope': 'mmseg',
            'model': {
                **amr(test_cfg={'output_stride': 4}),
                'data_preprocessor': {
                    'type': 'WeakLabelDataPreprocessor',
                    'mean': [123.675, 116.28, 103.53],
                    'std': [58.395, 57.12, 57.375],
                    'bgr_to_rgb': False,
                },
            },
        }
    )
    model = build(cfg.model, training=False)
    meta = {'dataset_meta': {'classes': NAMES}}
    path = tmp_path / 'cam.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, path)
    return load_trained(cfg, path)


def photo(path, size, seed=0):
    """A photo of blots, which a network of random weights tells apart."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8)
    image = Image.fromarray(small).resize(size[::-1], Image.BICUBIC)
    image.save(path)
    return np.array(image)


def upstream_test(trained, image):
    """What the trained model's test gives of a photo, RGB."""
    inputs = torch.from_numpy(image[..., ::-1].transpose(2, 0, 1).copy())
    with torch.no_grad():
        return trained.model.test_step({'inputs': [inputs]})[0]


def run_onnx(path, image):
    runtime = pytest.importorskip('onnxruntime')
    session = runtime.InferenceSession(
        str(path), providers=['CPUExecutionProvider']
    )
    facts = session.get_modelmeta().custom_metadata_map['amr.json']
    return session.run(None, {'image': image[None]}), json.loads(facts)


def run_torchscript(path, image):
    extra = {'amr.json': ''}
    model = torch.jit.load(str(path), _extra_files=extra)
    with torch.no_grad():
        found = model(torch.from_numpy(image[None]))
    return [x.numpy() for x in found], json.loads(extra['amr.json'])


RUN = {'onnx': run_onnx, 'pt': run_torchscript}
WRITE = {
    'onnx': export_formats.export_onnx,
    'pt': export_formats.export_torchscript,
}


def needs_onnx(kind):
    if kind == 'onnx':
        for name in ('onnx', 'onnxruntime'):
            pytest.importorskip(name, reason='pip install .[deploy]')


@pytest.mark.parametrize('kind', TWO_WAYS)
def test_an_exported_segmentor_labels_as_the_test_loop(
    segmentor, sharp, tmp_path, kind
):
    needs_onnx(kind)
    trained = load_trained(Config.fromfile(segmentor[0]), segmentor[1])
    path = tmp_path / f'a.{kind}'
    worst = WRITE[kind](exported(trained), model_facts(trained), path)
    assert worst <= 1e-4
    for size in SIZES:
        image = photo(tmp_path / 'a.png', size)
        (labels, scores), facts = RUN[kind](path, image)
        sample = upstream_test(trained, image)
        wanted = sample.seg_logits.data.softmax(0).numpy()
        assert np.abs(scores[0] - wanted).max() < 1e-4
        assert len(np.unique(labels)) > 1
        assert (labels[0] == sample.pred_sem_seg.data[0].numpy()).all()
    assert facts['classes'] == ['background', 'a', 'b', 'c', 'd']
    assert facts['palette'][2] == [250, 0, 0]


def test_a_segmentor_of_windows_is_not_exported(segmentor):
    cfg = Config.fromfile(segmentor[0])
    cfg.model.test_cfg = {'mode': 'slide', 'crop_size': (32, 32)}
    trained = load_trained(cfg, segmentor[1])
    with pytest.raises(UserError):
        exported(trained)


@pytest.mark.parametrize('kind', TWO_WAYS)
def test_an_exported_classifier_gives_the_cams_of_one_view(
    classifier, sharp, tmp_path, kind
):
    needs_onnx(kind)
    path = tmp_path / f'a.{kind}'
    WRITE[kind](exported(classifier), model_facts(classifier), path)
    classifier.model.cam_method = MultiScaleCAM(flip=False, output_stride=4)
    for size in SIZES:
        image = photo(tmp_path / 'a.png', size)
        (scores, cams), facts = RUN[kind](path, image)
        sample = upstream_test(classifier, image)
        assert np.abs(scores[0] - sample.pred_score.numpy()).max() < 1e-4
        found = sample.pred_cam
        wanted = torch.nn.functional.interpolate(
            found.weighted[None], size, mode='bilinear'
        )[0].numpy()
        # Records are kept in half precision.
        assert np.abs(cams[0][found.classes] - wanted).max() < 1e-3
        others = np.delete(cams[0], found.classes, 0)
        assert not others.any()
    assert facts['kind'] == 'classifier'
    assert tuple(facts['classes']) == NAMES


class Fixed(torch.nn.Module):
    """A network whose values depend on the size that was traced."""

    outputs = ('scores', 'cams')

    def forward(self, image):
        pixels = image.permute(0, 3, 1, 2).float()
        return pixels.mean((2, 3)) * int(image.shape[1]), pixels


class Refused(torch.nn.Module):
    """A network that cannot be traced."""

    outputs = ('scores', 'cams')

    def forward(self, image):
        return {1, 2}


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('kind', RUN)
@pytest.mark.parametrize('network', [Fixed, Refused])
def test_what_cannot_be_exported_is_not_published(
    sharp, tmp_path, network, kind
):
    needs_onnx(kind)
    with pytest.raises(UserError):
        WRITE[kind](network().eval(), {}, tmp_path / f'a.{kind}')
    assert not list(tmp_path.iterdir())


class Attends(torch.nn.Module):
    """Attention over all pixels, of which tracing keeps the number."""

    outputs = ('scores', 'cams')

    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(4, 2, batch_first=True)
        self.inputs = torch.nn.Conv2d(3, 4, 8, stride=8)

    def forward(self, image):
        x = self.inputs(image.permute(0, 3, 1, 2).float() / 255)
        tokens = x.flatten(2).transpose(1, 2).transpose(0, 1)
        tokens = self.attention(tokens, tokens, tokens)[0].transpose(0, 1)
        cams = tokens.transpose(1, 2).reshape(x.shape)
        return cams.mean((2, 3)), torch.nn.functional.interpolate(
            cams, size=image.shape[1:3]
        )


def test_what_tracing_gets_wrong_is_exported_by_the_graph(
    sharp, tmp_path, monkeypatch
):
    needs_onnx('onnx')
    pytest.importorskip('onnxscript', reason='pip install .[deploy]')
    if not hasattr(getattr(torch.export, 'Dim', None), 'AUTO'):
        pytest.skip('this torch cannot export sizes that it infers')
    model = Attends().eval()
    path = tmp_path / 'a.onnx'
    assert export_formats.export_onnx(model, {'kind': 'x'}, path) < 1e-4
    image = photo(tmp_path / 'a.png', (57, 91))
    (scores, _), facts = run_onnx(path, image)
    with torch.no_grad():
        wanted = model(torch.from_numpy(image[None]))[0]
    assert np.abs(scores - wanted.numpy()).max() < 1e-4
    assert facts == {'kind': 'x'}
    monkeypatch.setattr(export_formats, '_has_graph_exporter', bool)
    with pytest.raises(UserError):
        export_formats.export_onnx(model, {}, tmp_path / 'b.onnx')


def test_predictions_resume_and_the_example_agrees(
    segmentor, tmp_path, output_of, sharp
):
    photos = tmp_path / 'photos'
    (photos / 'day 1').mkdir(parents=True)
    photo(photos / 'a.png', (53, 41))
    photo(photos / 'day 1' / 'b.png', (39, 61), seed=1)
    out = tmp_path / 'out'
    words = ('predict', *segmentor, photos, out)
    output_of(*words)
    path = out / 'labels' / 'day 1' / 'b.png'
    labels, _ = load_label_map(path)
    assert labels.shape == (39, 61)
    assert (out / 'overlays' / 'day 1' / 'b.jpg').is_file()
    assert (out / 'classes.txt').read_text().split()[-1] == 'd'
    with Image.open(path) as image:
        assert image.getpalette()[6:9] == [250, 0, 0]
    path.unlink()
    kept = (out / 'labels' / 'a.png').stat().st_mtime_ns
    assert '1 photos segmented, 1 kept' in output_of(*words)
    assert (load_label_map(path)[0] == labels).all()
    assert (out / 'labels' / 'a.png').stat().st_mtime_ns == kept
    sliding = [
        '--cfg-options',
        'model.test_cfg.mode=slide',
        'model.test_cfg.crop_size=(32,32)',
        'model.test_cfg.stride=(16,16)',
    ]
    for more in (['--opacity', '0.1'], sliding, []):
        assert '2 photos segmented, 0 kept' in output_of(*words, *more)
    inside = photos / 'out'
    words = ('predict', *segmentor, photos)
    for count in ('2 photos segmented, 0 kept', '0 photos segmented, 2 kept'):
        assert count in output_of(*words, inside)
    output_of(*words, photos, code=2)
    shutil.rmtree(inside)
    words = (*words, out, '--cfg-options', 'test_dataloader=None')
    output_of(*words, code=2)

    needs_onnx('onnx')
    output_of('export_model', *segmentor, tmp_path / 'a.onnx')
    mask = tmp_path / 'm.png'
    words = (tmp_path / 'a.onnx', photos / 'day 1' / 'b.png', mask)
    done = subprocess.run(
        [sys.executable, '-S', '-c', SEALED, EXAMPLE, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (load_label_map(mask)[0] == labels).all()


SEALED = f"""
import runpy, sys
sys.path[:] = {sys.path!r}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.split('.')[0] not in ('torch', 'projects', 'mmcv'), name
        assert not name.startswith(('mmseg', 'mmengine')), name
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""
