import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image

from projects.amr.engine.hooks.label_refinement import LabelRefinement
from projects.amr.errors import UserError
from projects.amr.ops.label_crf import refine_class_labels
from projects.amr.ops.score_crf import refine_scores


@pytest.fixture
def sample(tmp_path):
    """A prediction of a real file, logits near enough for a CRF to act."""
    image = np.random.default_rng(0).integers(0, 256, (23, 37, 3), np.uint8)
    path = tmp_path / 'a.png'
    Image.fromarray(image).save(path)
    made = SegDataSample(metainfo={'img_id': 'a', 'img_path': str(path)})
    made.seg_logits = PixelData(data=torch.randn(3, 23, 37))
    return made, image


def predicted(sample):
    return sample.seg_logits.data.argmax(0).numpy().astype(np.uint8)


def test_scores_are_the_softmax(sample):
    sample, image = sample
    probs = sample.seg_logits.data.softmax(0).numpy()
    for params in ({}, {'num_iters': 2, 'kernels': 'irn'}):
        got = LabelRefinement('dense', 'scores', params)(
            sample, predicted(sample)
        )
        want = refine_scores(image, probs, 'dense', **params)
        np.testing.assert_array_equal(got, want)
    assert (got != predicted(sample)).any()


def test_labels_are_refined_among_their_classes(sample):
    sample, image = sample
    labels, classes = predicted(sample), np.array([0, 1, 5])
    got = LabelRefinement('dense', params={'gt_prob': 0.6})(
        sample, labels, classes
    )
    want = refine_class_labels(image, labels, 'dense', classes, gt_prob=0.6)
    np.testing.assert_array_equal(got, want)


def test_none_leaves_labels_alone(sample):
    sample, _ = sample
    labels = predicted(sample)
    assert LabelRefinement(source='scores')(sample, labels) is labels


def test_name_tells_all_that_matters():
    names = {
        str(LabelRefinement(*settings))
        for settings in (
            (None, 'labels'),
            ('dense', 'labels'),
            ('dense', 'scores'),
            ('dense', 'scores', {'num_iters': 3}),
        )
    }
    assert len(names) == 4
    assert str(LabelRefinement(None, 'scores')) == 'none'


def test_bad_settings_are_refused(sample):
    sample, _ = sample
    with pytest.raises(ValueError, match='`crf`'):
        LabelRefinement('x')
    with pytest.raises(ValueError, match='`crf_source`'):
        LabelRefinement('dense', 'x')
    with pytest.raises(ValueError, match=r"got \['gt_prob'\]"):
        LabelRefinement('dense', 'scores', {'gt_prob': 0.9})
    del sample.seg_logits
    with pytest.raises(UserError, match="crf_source='labels'"):
        LabelRefinement('dense', 'scores')(sample, np.zeros((23, 37)))
