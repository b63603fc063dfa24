"""Time AdvCAM batched, beside one image and one class at a time.

"released" is a plain implementation of the released way: one class of one
image at a time, a backward pass for the Grad-CAM and one for the climb, with
parameters that take gradients and views channels last in memory (see
``benchmark_cams.py``). "one class" and "one image" are ours without
its batches. All ways take the same steps; ``error`` is the largest difference
of the normalised maps from the released way's.

    python tools/benchmarks/benchmark_advcam.py --out advcam.json
"""

import measuring
import torch
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.amr.models import MultiScaleCAM
from projects.amr.ops import normalize_cam, resize_cam, stride_size

WAYS = ('released', 'one class', 'one image', 'batched')


def make_model(options) -> nn.Module:
    """A ResNet-50 classifier of a given width, as in cam_r50_voc.py."""
    init_default_scope('mmseg')
    MMLogger.get_current_instance().setLevel('ERROR')
    torch.manual_seed(0)
    width = options.width
    backbone = dict(
        type='ResNet',
        depth=50,
        stem_channels=width,
        base_channels=width,
        out_indices=(3,),
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 1),
    )
    head = dict(type='CAMHead', in_channels=32 * width, num_classes=20)
    model = MODELS.build(
        dict(type='CAMClassifier', backbone=backbone, head=head)
    )
    # Maps of a random head may be positive nowhere, and are dropped then.
    nn.init.uniform_(model.head.classifier.weight, -0.5, 1)
    return model.eval().to(options.device)


def make_images(size: int, options) -> tuple[Tensor, list[Tensor]]:
    """Images (N, 3, size, size) and weak labels."""
    torch.manual_seed(1)
    images = torch.randn(options.images, 3, size, size)
    labels = torch.zeros(options.images, 20)
    labels[:, : options.classes] = 1
    return images.to(options.device), list(labels)


def released_climb(
    model: nn.Module, pair: Tensor, target: int, num_steps: int
) -> Tensor:
    """Sum of the maps (h, w) of one class of an image and its mirror."""
    low, high, total, initial = pair.min(), pair.max(), 0.0, None
    for step in range(num_steps + 1):
        pair = pair.detach().requires_grad_()
        (features,) = model.extract_feat(pair)
        features.retain_grad()
        cam = model.head((features,))
        logits = cam.relu().mean((2, 3))
        model.zero_grad()
        cam[:, target].relu().sum().backward(retain_graph=True)
        weights = features.grad.sum((2, 3), keepdim=True)
        weights = weights / (features.grad > 0).sum()
        own = (features * weights).sum(1).relu()
        own = own[0] + own[1].flip(-1)
        initial = own.detach() if initial is None else initial
        total = total + own.detach()
        if step == num_steps:
            break
        change = ((own - initial).abs() * (own / own.max() > 0.5)).sum()
        gain = 2 * logits[:, target].sum() - logits.sum()
        pair.grad = None
        (gain - 7 * change).backward()
        moved = pair + 0.08 * pair.grad / pair.grad.abs().max()
        pair = moved.clamp(low, high)
    return total


def released_way(model, images, labels, num_steps: int) -> list[Tensor]:
    """Normalised maps of each image, its classes one after the other."""
    size = stride_size(images.shape[-2:], 4)
    results = []
    for image, label in zip(images, labels, strict=True):
        pair = torch.stack([image, image.flip(-1)])
        pair = pair.contiguous(memory_format=torch.channels_last)
        maps = [
            released_climb(model, pair, target, num_steps)
            for target in label.nonzero()[:, 0].tolist()
        ]
        results.append(normalize_cam(resize_cam(torch.stack(maps), size)))
    return results


def largest_difference(ours: list[Tensor], released: list[Tensor]) -> float:
    """Of maps in [0, 1]; ours are rounded to half precision, as stored."""
    pairs = list(zip(ours, released, strict=True))
    if any(a.shape != b.shape for a, b in pairs):
        raise ValueError('the ways kept different classes')
    return max(float((a - b).abs().max()) for a, b in pairs)


def our_way(method, model, images, labels, chunk: int) -> list[Tensor]:
    """Normalised maps of each image, ``chunk`` images at a time."""
    results = []
    for start in range(0, len(images), chunk):
        part = slice(start, start + chunk)
        made = method(model, list(images[part]), labels[part])
        results += [prediction.cams['cam'] for prediction in made]
    return results


def run_case(way: str, size: int, options) -> dict:
    """Measure one way at one size."""
    torch.set_num_threads(options.threads)
    model = make_model(options)
    images, labels = make_images(size, options)
    items = {'one class': 1, 'one image': options.classes}.get(
        way, options.images * options.classes
    )
    climb = {
        'type': 'AdvCAM',
        'num_steps': options.steps,
        'ad_reduction': 'positive',
        'rectify_logits': True,
    }
    method = MultiScaleCAM(extractor=climb, max_batch=items)

    def ours() -> list[Tensor]:
        chunk = options.images if way == 'batched' else 1
        return our_way(method, model, images, labels, chunk)

    def released() -> list[Tensor]:
        return released_way(model, images, labels, options.steps)

    # One small pass first: lazy set-up is no part of the measurement.
    first = MultiScaleCAM(extractor={**climb, 'num_steps': 1})
    first(model, list(images[:1, :, :32, :32]), labels[:1])
    result = measuring.measure(
        released if way == 'released' else ours, options
    )
    if way != 'released':
        result['error'] = largest_difference(ours(), released())
    return result


def main() -> None:
    """Run all cases and report them."""
    options = measuring.parse(
        __doc__.splitlines()[0],
        sizes=[64, 128, 192],
        images=4,
        classes=2,
        steps=4,
        width=64,
    )
    measuring.compare(run_case, WAYS, options)


if __name__ == '__main__':
    main()
