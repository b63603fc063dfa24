"""A frozen CLIP of random weights: its maps, its texts, what it refuses."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from small_transformers import (
    LENGTH,
    TOY_CLASSES,
    assert_batch_is_its_images,
    built,
    clip,
    write_texts,
)
from weak_samples import weak_samples as samples

from projects.amr.errors import DataError, MissingWeightsError, UserError
from projects.amr.models.attention_recording import recorded_attention
from projects.amr.models.text_embeddings import TextEmbeddings
from projects.amr.ops import resize_cam
from projects.amr.ops.attention_affinity import (
    class_aware_affinity,
    patch_attention,
)
from projects.amr.ops.cam import stretch_cam


@pytest.fixture
def texts(tmp_path):
    return write_texts(tmp_path / 'texts.npz')


def build(texts, patch=8, **changes):
    config = clip(texts, patch, classes=TOY_CLASSES, **changes)
    return built(config, std=0.7)


def texts_of(path):
    """Rows of length 1: classes in order, then the background."""
    with np.load(path) as file:
        rows = np.concatenate([file['embeddings'], file['background']])
    return torch.tensor(rows / np.linalg.norm(rows, axis=1)[:, None]).float()


def grad_cam_by_hand(model, image, labelled, target, texts):
    """Gradient through the whole network, which is not cut anywhere."""
    seen = []
    norm = model.backbone.vit.blocks[-1].norm1
    handle = norm.register_forward_hook(lambda *args: seen.append(args[2]))
    with recorded_attention(model) as attentions:
        embedding = model.backbone.embedding(image[None])
    handle.remove()
    cosines = F.cosine_similarity(embedding, texts_of(texts))
    taken = [*labelled, *range(4, 7)]
    probability = (5 * cosines)[taken].softmax(0)[labelled.index(target)]
    (gradient,) = torch.autograd.grad(probability, seen[0])
    size = [-(-n // p) for n, p in zip(image.shape[1:], (8, 8), strict=True)]
    weights = gradient[0, 1:].mean(0)
    cam = (seen[0][0, 1:] @ weights).relu().detach()
    return stretched(cam).reshape(1, 1, *size), attentions


def stretched(cam):
    return (cam - cam.min()) / (cam.max() - cam.min()).clamp(min=1e-30)


@pytest.mark.parametrize('layers', [0, 2, 8])
def test_maps_are_grad_cams_of_the_softmax_refined(texts, layers):
    model = build(texts, affinity_layers=layers)
    image = torch.rand(3, 29, 43)
    labelled = [0, 1, 3]
    view = model.encode(image[None])
    found = model.label_cams(view, torch.tensor([[True, True, False, True]]))
    for target in labelled:
        want, attentions = grad_cam_by_hand(
            model, image, labelled, target, texts
        )
        if layers:
            weights = patch_attention(attentions[-layers:], want.numel())
            want = class_aware_affinity(want, weights)
        torch.testing.assert_close(found[:, [target]], want)
    assert found[0, :2].any()
    assert not found[0, 2].any()
    assert all(p.grad is None for p in model.parameters())
    assert all(p.requires_grad for p in model.parameters())


def test_scores_are_the_softmax_over_all_texts(texts):
    model = build(texts)
    image = torch.rand(3, 29, 43)
    (found,) = model.predict([image])
    embedding = model.backbone.embedding(image[None])
    cosines = F.cosine_similarity(embedding, texts_of(texts))
    want = (5 * cosines).softmax(0)[:4]
    torch.testing.assert_close(found.pred_score, want.detach())
    pred = found.pred_cam
    assert [*pred.classes, *pred.dropped] == [int(want.argmax())]


def test_stored_maps_are_resized_and_stretched(texts):
    # Random attention is nearly even, so that refined maps are nearly flat.
    model = build(texts, affinity_layers=0)
    image = torch.rand(3, 29, 43)
    (found,) = model.predict([image], samples([1.0, 1, 0, 1]))
    cam = model.label_cams(
        model.encode(image[None]), torch.tensor([[True, True, False, True]])
    )
    pred = found.pred_cam
    assert sorted([*pred.classes, *pred.dropped]) == [0, 1, 3]
    for target, got in zip(pred.classes, pred.cam, strict=True):
        want = stretched(resize_cam(cam[:, [target]], (8, 11))[0, 0])
        torch.testing.assert_close(got, want, atol=2e-3, rtol=0)
    assert len(pred.cam) > 1


def test_other_labels_give_a_class_another_map(texts):
    model = build(texts)
    image = torch.rand(3, 29, 43)
    view = model.encode(image[None])
    alone, both = (
        model.label_cams(view, torch.tensor([label]).bool())[0]
        for label in ([0, 0, 0, 1], [1, 1, 0, 1])
    )
    assert not alone[:3].any()
    assert not both[2].any()
    assert alone[3].any()
    assert not torch.equal(stretch_cam(alone[3]), stretch_cam(both[3]))


@pytest.mark.parametrize('patch', [7, 8])
def test_a_batch_is_what_its_images_are(texts, patch):
    test_cfg = {'scales': (1.0, 1.5), 'flip': True}
    model = build(texts, patch, test_cfg=test_cfg, affinity_layers=0)
    images = [*torch.rand(3, 3, 29, 43), torch.rand(3, 5, 17)]
    labels = [[1.0, 0, 1, 0], [0, 1.0, 0, 0], [0.0] * 4, [1.0] * 4]
    assert_batch_is_its_images(model, images, labels)
    model.affinity_layers = 8
    batch = torch.stack(images[:3]), [torch.tensor(x) for x in labels[:3]]
    whole, parts = (
        model.cam_method.merged_cams(model, *batch, in_parts=each)
        for each in (False, True)
    )
    torch.testing.assert_close(parts, whole)


def test_a_mirrored_view_is_mirrored_back(texts):
    model = build(texts, test_cfg={'flip': True}, affinity_layers=0)
    image = torch.rand(3, 32, 40)
    label = [1.0] * 4
    one, other = model.predict([image, image.flip(-1)], samples(label, label))
    torch.testing.assert_close(
        one.pred_cam.cam, other.pred_cam.cam.flip(-1), atol=2e-3, rtol=0
    )


def test_classes_are_found_by_name(tmp_path, texts):
    order = [2, 0, 3, 1]
    with np.load(texts) as file:
        rows = file['embeddings']
    longer = write_texts(
        tmp_path / 'other.npz',
        [*(TOY_CLASSES[i] for i in order), 'zebra'],
        embeddings=np.concatenate([3 * rows[order], rows[:1] + 1]),
    )
    first, second = build(texts), build(longer)
    torch.testing.assert_close(first.text, second.text)


def test_nothing_is_predicted_before_the_classes_are_known(texts):
    model = MODELS.build(clip(texts))
    with pytest.raises(UserError, match='TextClassesHook'):
        model.predict([torch.rand(3, 16, 16)])
    model.set_classes(TOY_CLASSES)
    model.predict([torch.rand(3, 16, 16)])
    with pytest.raises(UserError, match='num_classes'):
        model.set_classes(TOY_CLASSES[:3])
    with pytest.raises(DataError, match="'dexa'"):
        model.set_classes([*TOY_CLASSES[:3], 'dexxa'])


def test_training_is_refused(texts):
    model = build(texts)
    with pytest.raises(UserError, match=r'tools/test\.py'):
        model.loss(torch.rand(1, 3, 16, 16), samples([1.0] * 4))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingWeightsError, match=r'gone\.npz'):
        MODELS.build(clip(tmp_path / 'gone.npz'))


@pytest.mark.parametrize(
    ('changes', 'word'),
    [
        ({'background': None}, 'background'),
        ({'classes': np.arange(4)}, 'classes'),
        ({'classes': np.array(['a', 'b', 'c', 'a'])}, 'distinct'),
        ({'embeddings': np.ones((2, LENGTH))}, r'\(4, '),
        ({'embeddings': np.zeros((4, LENGTH))}, 'embeddings.* 0'),
        ({'embeddings': np.full((4, LENGTH), np.nan)}, 'embeddings.* finite'),
        ({'embeddings': np.ones(LENGTH)}, 'embeddings'),
        ({'background': np.ones((3, 5))}, 'embeddings.* 5'),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(tmp_path, changes, word):
    path = write_texts(tmp_path / 'texts.npz', **changes)
    with pytest.raises(DataError, match=word) as error:
        TextEmbeddings.load(path)
    assert str(path) in str(error.value)


def test_pickles_and_other_files_are_not_read(tmp_path):
    pickled = write_texts(
        tmp_path / 'texts.npz', classes=np.array(list(TOY_CLASSES), object)
    )
    other = tmp_path / 'texts.txt'
    other.write_text('alvo 1 2 3')
    for path in (pickled, other):
        with pytest.raises(DataError, match=path.name):
            TextEmbeddings.load(path)


def test_texts_of_another_clip_are_refused(texts):
    config = clip(texts)
    config['backbone']['projection'] = LENGTH + 1
    with pytest.raises(UserError, match='projection'):
        MODELS.build(config)


def test_there_may_be_no_background_text(tmp_path):
    path = write_texts(
        tmp_path / 'texts.npz', background=np.zeros((0, LENGTH))
    )
    model = build(path)
    (found,) = model.predict(
        [torch.rand(3, 16, 24)], samples([1.0, 1.0, 0, 0])
    )
    assert found.pred_cam.cam.isfinite().all()


@pytest.mark.parametrize(
    'changes', [{'logit_scale': 0}, {'affinity_layers': -1}]
)
def test_arguments_are_checked(texts, changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        MODELS.build(clip(texts, **changes))
    extractor = {'extractor': {'type': 'AdvCAM'}}
    with pytest.raises(ValueError, match='extractor'):
        MODELS.build(clip(texts, test_cfg=extractor))
