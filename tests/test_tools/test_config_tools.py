"""browse_dataset.py and print_config.py as a user calls them."""

from pathlib import Path

import cv2
from mmengine.config import Config
from mmseg.registry import MODELS

from projects.amr.datasets import VOCFolder
from projects.amr.workflow.pipeline.overrides import use_stage_overrides

ROOT = Path(__file__).resolve().parents[2]


def test_pictures_of_the_train_split(output_of, toy_root, tiny_file, tmp_path):
    tool = 'analysis_tools/browse_dataset'
    text = output_of(tool, tiny_file, '--num', 3)
    files = sorted(tmp_path.glob('work_dirs/amr_tiny/browse/train/*.png'))
    ids = VOCFolder.open(toy_root, 'train_aug').ids
    places = [0, round((len(ids) - 1) / 2), len(ids) - 1]
    assert [path.name for path in files] == [
        f'{place:05d}_{ids[place]}.png' for place in places
    ]
    assert all(cv2.imread(str(path)).shape[0] > 160 for path in files)
    assert f'3 of {len(ids)} samples of train' in text


def test_printed_stages_are_the_resolved_ones(output_of):
    pipeline = 'configs/pipelines/amr_toyvoc_scale.py'
    words = ('misc/print_config', pipeline, '--path', 'stages')
    printed = Config.fromstring(output_of(*words, cwd=ROOT), '.py')
    cfg = Config.fromfile(ROOT / pipeline)
    use_stage_overrides(cfg)
    assert printed.stages == cfg.stages
    assert [stage.name for stage in printed.stages[:2]] == ['toy_set', 'check']


def test_printed_text_is_the_config(output_of, tiny_file, tmp_path):
    words = ('--cfg-options', 'model.loss_cps.loss_weight=0.25')
    text = output_of('misc/print_config', tiny_file, *words)
    (tmp_path / 'printed.py').write_text(text)
    printed = Config.fromfile(tmp_path / 'printed.py')
    expected = Config.fromfile(tiny_file)
    expected.merge_from_dict({'model.loss_cps.loss_weight': 0.25})
    expected.launcher = 'none'
    expected.work_dir = 'work_dirs/amr_tiny'
    assert printed.to_dict() == expected.to_dict()


def test_probe_has_a_line_per_amm(output_of, trained, tiny_file):
    (checkpoint,) = trained.glob('work_dirs/*/epoch_1.pth')
    words = ('analysis_tools/probe_amm', tiny_file, checkpoint, '--num', 3)
    text = output_of(*words, cwd=trained)
    lines = [line for line in text.splitlines() if '±' in line]
    cfg = Config.fromfile(tiny_file)
    model = MODELS.build(cfg.model)
    amms = [name for name, _ in model.named_modules() if name.endswith('amm')]
    assert len(lines) == len(amms) + 1
    for line in lines:
        *_, gate, _, deviation = line.split()
        assert 0 < float(gate) <= 1  # a branch that starts closed: 1
        assert 0 <= float(deviation) < 0.5
