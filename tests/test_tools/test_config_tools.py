"""browse_dataset.py and print_config.py as a user calls them."""

import runpy
import sys
from pathlib import Path

import cv2
from mmengine.config import Config
from mmseg.registry import MODELS

from projects.amr.datasets import VOCFolder
from projects.amr.workflow.pipeline import use_stage_overrides

ROOT = Path(__file__).resolve().parents[2]


def test_pictures_of_the_train_split(call, toy_root, tiny_file, tmp_path):
    done = call(
        'analysis_tools/browse_dataset.py', tiny_file, '--num', 3, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-3000:]
    files = sorted(tmp_path.glob('work_dirs/amr_tiny/browse/train/*.png'))
    ids = VOCFolder.open(toy_root, 'train_aug').ids
    places = [0, round((len(ids) - 1) / 2), len(ids) - 1]
    assert [path.name for path in files] == [
        f'{place:05d}_{ids[place]}.png' for place in places
    ]
    assert all(cv2.imread(str(path)).shape[0] > 160 for path in files)
    assert f'3 of {len(ids)} samples of train' in done.stdout


def test_printed_stages_are_the_resolved_ones(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    pipeline = 'configs/pipelines/amr_toyvoc_scale.py'
    arguments = ['print_config.py', pipeline, '--path', 'stages']
    monkeypatch.setattr(sys, 'argv', arguments)
    runpy.run_path(str(ROOT / 'tools/misc/print_config.py'))['main']()
    printed = Config.fromstring(capsys.readouterr().out, '.py')
    assert printed.stages == stages_of(pipeline)
    assert [stage.name for stage in printed.stages[:2]] == ['toy_set', 'check']


def stages_of(pipeline):
    """Resolved stages of a pipeline config."""
    cfg = Config.fromfile(pipeline)
    use_stage_overrides(cfg)
    return cfg.stages


def test_printed_text_is_the_config(call, tiny_file, tmp_path):
    done = call(
        'misc/print_config.py',
        tiny_file,
        *('--cfg-options', 'model.loss_cps.loss_weight=0.25'),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (tmp_path / 'printed.py').write_text(done.stdout)
    printed = Config.fromfile(tmp_path / 'printed.py')
    expected = Config.fromfile(tiny_file)
    expected.merge_from_dict({'model.loss_cps.loss_weight': 0.25})
    expected.launcher = 'none'
    expected.work_dir = 'work_dirs/amr_tiny'
    assert printed.to_dict() == expected.to_dict()


def test_probe_has_a_line_per_amm(run_here, trained, tiny_file):
    folder, _ = trained
    (checkpoint,) = folder.glob('work_dirs/*/epoch_1.pth')
    code, text, errors = run_here(
        'analysis_tools/probe_amm',
        tiny_file,
        checkpoint,
        '--num',
        3,
        cwd=folder,
    )
    assert code == 0, errors
    lines = [line for line in text.splitlines() if '±' in line]
    cfg = Config.fromfile(tiny_file)
    model = MODELS.build(cfg.model)
    amms = [name for name, _ in model.named_modules() if name.endswith('amm')]
    assert len(lines) == len(amms) + 1
    for line in lines:
        *_, gate, _, deviation = line.split()
        assert 0 < float(gate) <= 1  # a branch that starts closed: 1
        assert 0 <= float(deviation) < 0.5
