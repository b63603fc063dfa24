import cv2
import numpy as np
import pytest
from known_classifier import Watched
from mmengine.runner import Runner
from runner_configs import contents, tiny_config

from projects.amr.structures import CAMRecord


@pytest.fixture
def run(toy_root, tmp_path):
    """Test a seeded random model; count the images the network sees."""

    def _run(seed=0, model=None, name='a', **changes):
        cfg = tiny_config(toy_root, tmp_path / 'work', model)
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.randomness = {'seed': seed}
        cfg.default_hooks.cam_writer.out_dir = str(tmp_path / 'cams')
        cfg.merge_from_dict(changes)
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        seen = []
        runner.model.cam_method = Watched(
            runner.model.cam_method, lambda _, images: seen.extend(images)
        )
        metrics = runner.test()
        return metrics, len(seen), tmp_path / 'cams'

    return _run


def test_only_missing_and_damaged_items_are_redone(run):
    first, _, folder = run(name='a')
    before = contents(folder)
    paths = sorted(folder.glob('*.npz'))
    paths[0].unlink()
    paths[3].write_bytes(paths[3].read_bytes()[:100])
    second, seen, _ = run(name='b')
    assert seen == 2
    assert contents(folder) == before
    assert second == first


@pytest.mark.parametrize(
    'changes',
    [
        {'seed': 1},
        {'model.test_cfg.scales': (1.0,)},
        {'model.xi': 0.25},
        {'test_dataloader.dataset.pipeline.0.ignore_empty': True},
    ],
)
def test_other_weights_config_or_pipeline_redo_all(run, changes):
    _, _, folder = run(name='a')
    before = {p.name: CAMRecord.load(p).key for p in folder.glob('*.npz')}
    manifest = (folder / 'generation.json').read_text()
    _, seen, _ = run(name='b', **changes)
    assert seen == 8
    assert (folder / 'generation.json').read_text() != manifest
    for path in folder.glob('*.npz'):
        assert CAMRecord.load(path).key != before[path.name]


def test_another_image_under_the_same_name_is_redone(run, toy_root):
    run(name='a')
    first = min((toy_root / 'JPEGImages').glob('toy_train*'))
    content = first.read_bytes()
    try:
        image = cv2.imread(str(first))
        image[0, 0] ^= 255
        cv2.imwrite(str(first), image)
        _, seen, _ = run(name='b')
    finally:
        first.write_bytes(content)
    assert seen == 1


def test_changed_labels_redo_the_item(run, toy_root):
    run(name='a')
    path = min((toy_root / 'Annotations').glob('toy_train*'))
    text = path.read_text()
    try:
        path.write_text('<annotation></annotation>')
        _, seen, folder = run(name='b')
    finally:
        path.write_text(text)
    assert seen == 1
    record = CAMRecord.load(folder / f'{path.stem}.npz')
    assert record.classes.size == 0


@pytest.mark.parametrize('missing', [0, 1, 3])
def test_items_of_one_size_are_redone_in_the_same_batch(run, missing):
    """Other batches give other sums in the last bit."""
    batched = {'test_dataloader.batch_size': 8}
    first, seen, folder = run(name='a', **batched)
    assert seen == 8
    before = contents(folder)
    sizes = {p: CAMRecord.load(p).size for p in folder.glob('*.npz')}
    gone = sorted(sizes)[:missing]
    for path in gone:
        path.unlink()
    second, seen, _ = run(name='b', **batched)
    open_sizes = {sizes[path] for path in gone}
    assert seen == sum(size in open_sizes for size in sizes.values())
    assert contents(folder) == before
    assert second == first


def test_batch_size_does_not_change_the_records(run):
    """Sizes of the toy images differ, so batches mix sizes."""
    _, _, folder = run(name='a')
    first = {p.name: CAMRecord.load(p) for p in folder.glob('*.npz')}
    for path in folder.glob('*.npz'):
        path.unlink()
    run(name='c', **{'test_dataloader.batch_size': 5})
    for path in folder.glob('*.npz'):
        np.testing.assert_allclose(
            CAMRecord.load(path).cam, first[path.name].cam, atol=2e-3
        )
