"""What a stage reads is known before it runs."""

import shutil

import pytest
from runner_configs import tiny_config

from projects.amr.runtime.processes.tool_process import ROOT
from projects.amr.workflow.pipeline.records import StageRecord, stage_state
from projects.amr.workflow.pipeline.stages import Stage
from projects.amr.workflow.pipeline.workspace import (
    StageContext,
    Workspace,
    read_pipeline,
)


@pytest.fixture
def context(toy_root, tmp_path):
    """Make a stage of the tiny config, ready to be compared."""

    def make(kind='test', edit=lambda cfg: None, space=None, **entries):
        cfg = tiny_config(toy_root, tmp_path)
        edit(cfg)
        cfg.dump(tmp_path / 'tiny.py')
        if kind == 'tool':
            entries = {'tool': 'check_dataset.py', **entries}
        else:
            entries = {'config': str(tmp_path / 'tiny.py'), **entries}
        stage = Stage('a', kind, **entries)
        folder = tmp_path / 'work'
        return StageContext(stage, Workspace(folder, [stage], **(space or {})))

    return make


@pytest.mark.parametrize(
    ('kind', 'one', 'other'),
    [
        ('train', {}, {'arguments': ('--amp',)}),
        ('tool', {'env': {'X': '1'}}, {'env': {'X': '2'}}),
        ('test', {}, {'arguments': ('--tta',)}),
    ],
)
def test_flags_and_variables_are_declared(context, kind, one, other):
    assert context(kind, **one).declared() != context(kind, **other).declared()
    assert context(kind, **one).declared() == context(kind, **one).declared()


def test_views_of_a_test_are_declared_where_they_are_used(context):
    def declared(scale, **more):
        def edit(cfg):
            cfg.tta_pipeline = [{'type': 'X', 'scale': scale}]

        return context(edit=edit, **more).declared()

    assert declared(1) == declared(2)
    tta = {'arguments': ('--tta',)}
    assert declared(1, **tta) != declared(2, **tta)


def test_the_command_line_comes_before_a_stages_own_options(context):
    own = {'model.xi': 0.3, 'randomness.seed': 4}
    found = context(cfg_options=own, space={'cfg_options': {'model.xi': 0.7}})
    assert found.cfg.model.xi == 0.7
    assert found.cfg.randomness.seed == 4


def test_a_checkpoint_and_folders_that_are_named_are_inputs(context, tmp_path):
    weights, saliency = tmp_path / 'a.pth', tmp_path / 'saliency'
    saliency.mkdir()
    map_ = saliency / 'a.png'

    def edit(cfg):
        steps = cfg.test_dataloader.dataset.pipeline
        steps.append({'type': 'X', 'saliency_dir': str(saliency)})

    found = []
    for content in (b'one', b'two'):
        for path in (weights, map_):
            path.write_bytes(content)
            inputs = context(edit=edit, checkpoint=str(weights)).inputs()
            found.append([inputs[str(weights)], inputs[str(saliency)]])
    (w1, s1), (w2, s2), (w3, s3), (w4, s4) = found
    assert w1 == w2 != w3 == w4
    assert s1 != s2 == s3 != s4


def test_of_a_training_labels_count_and_masks_only_if_read(
    context, toy_root, tmp_path
):
    root = shutil.copytree(toy_root, tmp_path / 'copy')

    def inputs(kind='train', wrapped=False, **more):
        def edit(cfg):
            loader = cfg[f'{kind}_dataloader']
            loader.dataset.update(data_root=str(root), **more)
            if wrapped:
                loader.dataset = {
                    'type': 'RepeatDataset',
                    'times': 2,
                    'dataset': loader.dataset,
                }

        return context(kind, edit).inputs()

    xml = {'label_source': 'xml', 'label_file': None}

    def all_inputs():
        more = ({}, {'wrapped': True}, {'kind': 'test'})
        return [inputs(**xml, **options) for options in more]

    before = all_inputs()
    note = next((root / 'Annotations').glob('*.xml'))
    text = note.read_text()
    name = text[text.index('<name>') + 6 : text.index('</name>')]
    note.write_text(text.replace(name, name[::-1]))  # of the same length
    after = all_inputs()
    for old, new in zip(before, after, strict=True):
        changed = [key for key in old if old[key] != new[key]]
        assert changed == [str(root / 'Annotations')]
    (root / 'SegmentationClass' / 'new.png').touch()
    assert inputs(**xml) == after[0]
    assert inputs('test', **xml) != after[2]
    mask = inputs(label_source='mask', label_file=None)
    assert any('SegmentationClass' in name for name in mask)
    maps = inputs(type='VOCLabelMapDataset', label_file=None)
    assert maps.keys() == mask.keys()  # which read no annotation
    assert str(root / 'Annotations') not in maps


def test_weights_that_a_training_begins_with_are_an_input(context, tmp_path):
    weights, found = tmp_path / 'weights.pth', []
    options = {'load_from': str(weights)}
    for content in (b'one', b'another'):
        weights.write_bytes(content)
        inputs = context('train', cfg_options=options).inputs()
        found.append(inputs['load_from'])
    assert found[0] != found[1]
    assert 'load_from' not in context('train').inputs()


def test_a_moved_work_dir_is_the_same(toy_root, tmp_path):
    """Own photos are imported into it: a move would train all anew."""

    def context(work):
        cfg = tiny_config(work / 'import' / 'VOC', tmp_path)
        cfg.dump(tmp_path / 'tiny.py')
        stage = Stage(
            'a',
            'train',
            str(tmp_path / 'tiny.py'),
            inputs=(str(toy_root / 'toyvoc.json'),),
            outputs={'checkpoint': '{stage}/last_checkpoint'},
        )
        return StageContext(stage, Workspace(work, [stage]))

    work, moved = tmp_path / 'work', tmp_path / 'moved'
    shutil.copytree(toy_root, work / 'import' / 'VOC')
    (work / 'a').mkdir()
    (work / 'a' / 'last_checkpoint').write_text('x')
    first = context(work)
    inputs = first.inputs()
    lists = [name for name in inputs if name.endswith('train_aug.txt')]
    assert lists == [
        '{work_dir}/import/VOC/ImageSets/Segmentation/train_aug.txt'
    ]
    assert all(inputs.values())
    outputs = first.output_digests()
    # As it was written, and as earlier versions wrote it.
    named = {
        name.replace('{work_dir}', str(work)): digest
        for name, digest in inputs.items()
    }
    for old in (named, inputs):
        StageRecord(first.declared(), old, outputs).save(work / 'a')
        assert stage_state(first, inputs).finished
    work.rename(moved)
    second = context(moved)
    assert stage_state(second, second.inputs()).reasons == []
    path = moved / 'import/VOC/ImageSets/Segmentation/train_aug.txt'
    path.write_text(path.read_text().splitlines()[0] + '\n')
    assert (
        'train_aug.txt changed'
        in stage_state(second, second.inputs()).reasons[0]
    )


def test_the_command_line_changes_stages_and_own_photos(tmp_path):
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'labels.csv').write_text('image,labels\n')
    space = read_pipeline(
        ROOT / 'configs' / 'own_data_example.py',
        cfg_options={
            'own_data.image_dir': str(tmp_path / 'photos'),
            'own_data.label_file': str(tmp_path / 'labels.csv'),
            'stage_overrides.cam_*.config': 'configs/seam_lite0_voc.py',
            'stage_overrides.segmentor_train_split': None,
            'train_cfg.max_iters': 3,
        },
    )
    stages = {stage.name: stage for stage in space.stages}
    assert str(tmp_path / 'photos') in stages['import_images'].arguments
    for name in ('cam_train', 'cam_make'):
        assert stages[name].config == 'configs/seam_lite0_voc.py'
    assert 'segmentor_train_split' not in stages
    assert space.cfg_options == {'train_cfg.max_iters': 3}
