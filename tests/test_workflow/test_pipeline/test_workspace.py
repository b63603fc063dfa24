"""What a stage reads is known before it runs."""

import shutil

from runner_configs import tiny_config

from projects.amr.runtime.processes.tool_process import ROOT
from projects.amr.workflow.pipeline import (
    Stage,
    StageContext,
    Workspace,
    read_pipeline,
)
from projects.amr.workflow.pipeline.records import StageRecord, stage_state


def test_weights_that_a_training_begins_with_are_an_input(toy_root, tmp_path):
    cfg = tiny_config(toy_root, tmp_path)
    cfg.dump(tmp_path / 'tiny.py')
    weights = tmp_path / 'weights.pth'

    def inputs(**options):
        stage = Stage(
            'a',
            'train',
            str(tmp_path / 'tiny.py'),
            cfg_options=options,
        )
        space = Workspace(tmp_path, [stage])
        return StageContext(stage, space).inputs()

    assert 'load_from' not in inputs()
    found = []
    for content in (b'one', b'another'):
        weights.write_bytes(content)
        found.append(inputs(load_from=str(weights))['load_from'])
    assert len(set(found)) == 2


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
