"""SC-CAM: clusters of a trained classifier, and the second head's loss."""

import numpy as np
import pytest
import torch
from gpu_cases import PREPROCESSOR
from mmengine.runner import Runner
from mmseg.registry import MODELS, TRANSFORMS
from mmseg.structures import SegDataSample
from runner_configs import tiny_config
from tool_process import run_tool_process

from model_configs import amr, branch, build
from projects.amr.errors import DataError
from projects.amr.structures.subcategory_labels import (
    load_subcategories,
    save_subcategories,
)
from projects.amr.workflow.labels.pooled_features import pooled_features


def built(**changes):
    return MODELS.build(
        {**branch(), 'type': 'SubCategoryClassifier', **changes}
    )


def samples(sub=6):
    made = []
    for row in ([1.0, 0.0, 1.0], [0.0, 1.0, 0.0]):
        sample = SegDataSample(gt_label=torch.tensor(row))
        sample.gt_sub_label = torch.tensor(row * 2)[:sub]
        made.append(sample)
    return made


def test_losses_are_the_soft_margins_of_both_heads():
    model = built(num_clusters=2, sub_weight=5.0)
    images = torch.rand(2, 3, 33, 47)
    losses = model.loss(images, samples())
    features = model.extract_feat(images)
    for name, head, labels, weight in (
        ('loss_cls', model.head, [s.gt_label for s in samples()], 1),
        ('loss_sub', model.sub_head, [s.gt_sub_label for s in samples()], 5),
    ):
        logits = head(features).mean((-2, -1))
        expected = torch.nn.functional.multilabel_soft_margin_loss(
            logits, torch.stack(labels)
        )
        torch.testing.assert_close(losses[name], weight * expected)
    assert model.branches().keys() == {'cam'}
    with pytest.raises(ValueError, match='num_clusters'):
        model.loss(images, samples(sub=4))
    with pytest.raises(ValueError, match='num_clusters'):
        built(num_clusters=0)


def test_amr_takes_it_for_its_branches():
    cfg = amr()
    changes = {'type': 'SubCategoryClassifier', 'num_clusters': 2}
    cfg['spotlight'].update(changes)
    cfg['compensation'].update(changes)
    model = build(cfg, training=False)
    images = torch.rand(2, 3, 33, 47)
    losses = model.loss(images, samples())
    for name, part in model.branches().items():
        own = part.loss(images, samples())
        assert losses[f'loss_{name}'] == own['loss_cls'] / 2
        assert losses[f'loss_{name}_sub'] == own['loss_sub'] / 2
    assert losses['loss_cps'] > 0
    losses, cam = model.spotlight.train_cams(images, samples(), detach=True)
    assert not any(loss.requires_grad for loss in losses.values())
    cam.sum().backward()
    assert model.spotlight.sub_head.classifier.weight.grad is None


def test_features_of_branches_stand_one_after_another():
    model = build({**amr(), 'data_preprocessor': PREPROCESSOR}, training=False)
    sizes = ((33, 47), (20, 31))
    images = [torch.randint(256, (3, *size)).byte() for size in sizes]
    batch = {'inputs': images, 'data_samples': samples()}
    for name, sample in zip('ab', batch['data_samples'], strict=True):
        sample.set_metainfo({'img_id': name})
    ids, features, labels = pooled_features(model, [batch])
    assert ids == ['a', 'b']
    assert labels.tolist() == [[1, 0, 1], [0, 1, 0]]
    inputs = model.data_preprocessor(batch, False)['inputs']
    for image, found in zip(inputs, features, strict=True):
        want = [
            branch.backbone(image[None])[-1].mean((-2, -1))[0]
            for branch in (model.spotlight, model.compensation)
        ]
        torch.testing.assert_close(torch.from_numpy(found), torch.cat(want))


def test_files_are_read_as_written_or_refused(tmp_path):
    path = tmp_path / 'clusters.npz'
    labels = np.eye(3, 8)
    save_subcategories(path, ['a', 'ü', 'c'], labels)
    found = load_subcategories(path)
    assert list(found) == ['a', 'ü', 'c']
    np.testing.assert_array_equal(np.stack(list(found.values())), labels)
    load = TRANSFORMS.build(dict(type='LoadSubcategories', path=str(path)))
    assert load({'img_id': 'ü'})['img_sub_label'].tolist() == [0, 1] + 6 * [0]
    with pytest.raises(DataError, match='unknown'):
        load({'img_id': 'unknown'})
    with pytest.raises(ValueError, match='img_ids'):
        save_subcategories(path, ['a', 'a', 'c'], labels)
    with pytest.raises(DataError, match='gone'):
        load_subcategories(tmp_path / 'gone.npz')
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match='clusters'):
        load_subcategories(path)


def test_a_round_from_a_checkpoint_to_a_second_training(toy_root, tmp_path):
    """Few images a class work; the second head learns its clusters."""
    cfg = tiny_config(toy_root, tmp_path / 'first', branch())
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.dump(tmp_path / 'first.py')
    Runner.from_cfg(cfg).train()
    out = tmp_path / 'clusters.npz'
    run_tool_process(
        'cluster_images.py',
        tmp_path / 'first.py',
        (tmp_path / 'first/last_checkpoint').read_text(),
        out,
        *('--clusters', 2, '--min-images', 2),
        cwd=tmp_path,
    )
    found = load_subcategories(out)
    root = toy_root / 'ImageSets/Segmentation/train_aug.txt'
    assert set(found) == set(root.read_text().split())
    assert {len(row) for row in found.values()} == {8}

    cfg.work_dir = str(tmp_path / 'second')
    cfg.experiment_name = f'{tmp_path.name}_second'
    cfg.model.update(type='SubCategoryClassifier', num_clusters=2)
    pipeline = cfg.train_dataloader.dataset.pipeline
    pipeline.insert(1, dict(type='LoadSubcategories', path=str(out)))
    runner = Runner.from_cfg(cfg)
    runner.train()
    for parameter in runner.model.sub_head.parameters():
        assert parameter.isfinite().all()
