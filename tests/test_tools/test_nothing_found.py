"""Row 36 of the table of faults: a legitimate "nothing", through the tools."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cam_files import write_label_config
from mmengine.runner import Runner
from mmseg.registry import MODELS
from PIL import Image
from runner_configs import tiny_config
from segmentor_configs import tiny_segmentor

from model_configs import amr, branch
from projects.amr.datasets import VOCFolder
from projects.amr.evaluation.label_share import label_notes
from projects.amr.evaluation.nested_results import take_nested_results
from projects.amr.structures import CAMRecord, save_label_map
from projects.amr.workflow.report.report_data import gather_report


@pytest.mark.parametrize('make', [branch, amr])
@pytest.mark.parametrize('flags', [(), ('--labels', 'alvo,bimi')])
def test_fault36_demo_of_a_photo_without_the_object(
    output_of, toy_root, tmp_path, make, flags
):
    cfg = tiny_config(toy_root, tmp_path, make())
    model = MODELS.build(cfg.model)
    for name, weight in model.named_parameters():
        if name.endswith('classifier.weight'):
            weight.data = -weight.data.abs()  # features are not negative
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'a.pth')
    cfg.dump(tmp_path / 'a.py')
    image = VOCFolder.open(toy_root, 'val')
    image = image.image_path(image.ids[0])
    arguments = [image, 'a.py', 'a.pth', '--out', 'demo.png']
    text = output_of('cam_demo', *arguments, *flags)
    assert 'nothing found: demo.png' in text
    assert text.splitlines()[0].startswith('0.')  # scores all the same
    with Image.open(image) as picture, Image.open('demo.png') as drawn:
        width, height = picture.size
        assert drawn.size == (width + 4, height + 18)


def background_masks(toy_root, folder):
    """Label maps of nothing but background for the toy set's train list."""
    split = VOCFolder.open(toy_root, 'train')
    for image_id in split.ids:
        with Image.open(split.image_path(image_id)) as image:
            labels = np.zeros(image.size[::-1], np.uint8)
        folder.mkdir(exist_ok=True)
        save_label_map(folder / f'{image_id}.png', labels)
    return split


def test_fault36_scores_of_background_alone_say_so(
    output_of, toy_root, tmp_path
):
    background_masks(toy_root, tmp_path / 'labels')
    where = ['--data-root', toy_root, '--split', 'train']
    text = output_of('eval_masks', 'labels', *where)
    assert 'predictions are background only: no pixel of alvo' in text
    assert 'masks are background only' not in text
    masks = ['--mask-dir', tmp_path / 'labels']
    text = output_of('eval_masks', 'labels', *where, *masks)
    assert 'masks are background only' in text


def test_fault36_seeds_of_background_alone_say_so(
    output_of, toy_root, tmp_path
):
    split = VOCFolder.open(toy_root, 'train')
    for image_id in split.ids:
        with Image.open(split.image_path(image_id)) as image:
            size = image.size[::-1]
        (tmp_path / 'cams').mkdir(exist_ok=True)
        CAMRecord(np.array([], int), np.zeros((0, 4, 4)), size).save(
            tmp_path / f'cams/{image_id}.npz'
        )
    path = write_label_config(tmp_path / 'a.py', toy_root, tmp_path)
    text = output_of('make_seeds', path, '--work-dir', 'seeds')
    assert 'NOTE: seeds are background only' in text
    summary = json.loads((tmp_path / 'seeds/test_summary.json').read_text())
    assert len(summary['details']['label_notes']) == 1


def test_fault36_a_segmentor_of_background_alone_says_so(
    toy_root, tmp_path, caplog
):
    cfg = tiny_segmentor(toy_root, tmp_path / 'work')
    cfg.work_dir = str(tmp_path / 'work')
    runner = Runner.from_cfg(cfg)
    head = runner.model.decode_head
    for name, parameter in head.named_parameters():
        parameter.data.zero_()
        if name.endswith('bias'):
            parameter.data[0] = 9.0
    runner.test()
    log = ''.join(p.read_text() for p in Path(cfg.work_dir).rglob('*.log'))
    assert 'predictions are background only' in log
    details = take_nested_results()
    (note,) = details['label_notes']
    assert 'background only' in note
    stage = {'name': 'segmentor_val', 'details': details}
    (told,) = gather_report({'stages': [stage]}, tmp_path).notes
    assert told == f'segmentor_val: {note}'


CLASSES = ('background', 'dog', 'cat')


@pytest.mark.parametrize(
    ('counts', 'words'),
    [
        ((5, 3, 2), None),
        ((0, 3, 2), None),
        ((5, 3, 0), None),
        ((5, 0, 0), 'background only: no pixel of dog, cat'),
        ((100_000, 1, 2), '0.003 %'),
        ((0, 0, 0), 'all are 255'),
    ],
)
def test_what_is_said_of_label_maps(counts, words):
    rest = np.zeros(253, int)
    rest[-1] = 7  # 255 does not count
    notes = label_notes(np.array([*counts, *rest]), CLASSES, 'labels')
    assert len(notes) == (words is not None)
    assert words is None or words in notes[0]
