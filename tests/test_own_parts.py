"""Parts of one's own, as the guide writes them: a step and CAMs."""

import re
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from projects.amr.runtime.checkpoints.pretrained import drop_pretrained

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / 'configs' / 'plug_and_play' / 'README.md'


@pytest.fixture
def model(tmp_path, monkeypatch):
    """The guide's model, built from its files."""
    pytest.importorskip('timm')
    text = GUIDE.read_text(encoding='utf-8')
    files = dict(re.findall(r'```python\n# (\w+\.py)\n(.*?)```', text, re.S))
    assert len(files) == 4
    for name, content in files.items():
        if '_base_' in content:
            content = content.replace('configs/', f'{ROOT}/configs/')
        (tmp_path / name).write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    cfg = Config.fromfile(tmp_path / 'my_config.py')
    drop_pretrained(cfg.model)
    yield MODELS.build(cfg.model)
    for name in files:
        sys.modules.pop(Path(name).stem, None)


def test_a_step_and_cams(model):
    sample = SegDataSample(gt_label=torch.tensor([1.0] * 2 + [0.0] * 18))
    images = torch.rand(2, 3, 65, 97)
    losses = model.loss(images, [sample, sample])
    assert 0 <= losses['loss_cps'] <= 2
    sum(losses.values()).backward()
    model.eval()
    (made, _) = model.predict(list(images), [sample, sample.clone()])
    assert made.pred_cam.get('weighted').shape == (
        len(made.pred_cam.classes),
        17,
        25,
    )
    gates = model.compensation.backbone.backbone.stage6[1].bn3.amm
    x = torch.rand(1, 192, 3, 5)
    gate = gates.spatial_gate(x)
    assert ((gate > 0) & (gate <= 1)).all()
