"""Time CAM making batched, beside one image and one class at a time.

"released" is a plain implementation of the released way: one image and its
mirror at a time, scale by scale, rescaled on the CPU; the maps go to the CPU
and are resized class by class (below 1 % of its time). It is float32 in eval
mode without gradients, as the released code. Its views are channels last in
memory, which those of the released loader happen to be where it runs in the
main process (``num_workers=0``); its worker processes make them contiguous:
"released, contiguous". The other ways are ours, with views channels last on a
CPU, their options named: "batched" or one image at a time; "half" with the
test loop's ``test_cfg.fp16=True`` (float16 on a GPU, bfloat16 on a CPU);
"channels last" with ``ChannelsLastHook``, which converts the weights; "fused"
with ``FuseConvBNHook``; "compiled" with torch.compile and frozen weights
(``--compiled``; it needs a compiler, and compiles for each size).
``error`` is the largest difference of the normalised maps from the released
way's.

    python tools/benchmarks/benchmark_cams.py --out cams.json
"""

import measuring
import torch
import torch.nn.functional as F
from benchmark_advcam import largest_difference, make_images, make_model
from mmengine.runner.amp import autocast
from torch import Tensor, nn

from projects.amr.models import MultiScaleCAM
from projects.amr.models.conv_bn_fusion import fuse_conv_bn
from projects.amr.ops import stride_size

WAYS = (
    'released',
    'released, contiguous',
    'one image',
    'batched',
    'batched, fused',
    'batched, channels last',
    'batched, channels last, fused',
    'batched, half',
    'batched, half, fused',
    'batched, half, channels last',
    'batched, half, channels last, fused',
)
COMPILED = ('batched, compiled', 'batched, half, compiled')


def released_maps(
    model, image: Tensor, label: Tensor, scales, layout: torch.memory_format
) -> Tensor:
    """Normalised maps (K, h', w') of the labelled classes of one image."""
    height, width = image.shape[-2:]
    size = stride_size((height, width), 4)
    classes = label.nonzero()[:, 0].tolist()
    device = next(model.parameters()).device
    total = [torch.zeros(size) for _ in classes]
    for scale in scales:
        view = F.interpolate(
            image[None].cpu(),
            size=(max(round(height * scale), 1), max(round(width * scale), 1)),
            mode='bicubic',
            align_corners=False,
            antialias=True,
        )
        if scale == 1:
            view = image[None].cpu()
        pair = torch.cat([view, view.flip(-1)])
        pair = pair.contiguous(memory_format=layout).to(device)
        cams = model.forward_cam(pair).relu().cpu()
        cam = cams[0] + cams[1].flip(-1)
        for row, index in enumerate(classes):
            total[row] += F.interpolate(
                cam[None, index : index + 1],
                size=size,
                mode='bilinear',
                align_corners=False,
            )[0, 0]
    peaks = [cam.max().clamp(min=1e-5) for cam in total]
    return torch.stack([c / p for c, p in zip(total, peaks, strict=True)])


@torch.no_grad()
def released_way(
    model, images, labels, scales, layout=torch.channels_last
) -> list[Tensor]:
    """Maps of each image, one after the other."""
    return [
        released_maps(model, image, label, scales, layout)
        for image, label in zip(images, labels, strict=True)
    ]


def our_way(method, model, images, labels, chunk: int) -> list[Tensor]:
    """Maps of each image, ``chunk`` images at a time, on the CPU."""
    results = []
    for start in range(0, len(images), chunk):
        part = slice(start, start + chunk)
        made = method(model, list(images[part]), labels[part])
        results += [prediction.cams['cam'].cpu() for prediction in made]
    return results


def prepare(model: nn.Module, words: list[str]) -> None:
    """Change a model in place as the options of a way say."""
    if 'channels last' in words:
        model.to(memory_format=torch.channels_last)
    if 'fused' in words:
        fuse_conv_bn(model)
    if 'compiled' in words:
        # Not set before: it is read when the model is compiled.
        torch._inductor.config.freezing = True
        model.to(memory_format=torch.channels_last)
        model.forward_cam = torch.compile(model.forward_cam, dynamic=False)


def run_case(way: str, size: int, options) -> dict:
    """Measure one way at one size."""
    torch.set_num_threads(options.threads)
    words = way.split(', ')
    model = make_model(options)
    images, labels = make_images(size, options)
    method = MultiScaleCAM(options.scales)
    chunk = options.images if 'batched' in words else 1

    contiguous = 'contiguous' in words
    layout = torch.contiguous_format if contiguous else torch.channels_last

    def released(model=model) -> list[Tensor]:
        return released_way(model, images, labels, options.scales, layout)

    def ours() -> list[Tensor]:
        with autocast(enabled='half' in words):
            return our_way(method, model, images, labels, chunk)

    prepare(model, words)
    # One small pass first: lazy set-up is no part of the measurement.
    method(model, list(images[:1, :, :32, :32]), labels[:1])
    call = released if 'released' in words else ours
    result = measuring.measure(call, options)
    result['per_image'] = result['seconds'] / options.images
    if 'released' not in words:
        reference = released(make_model(options))
        result['error'] = largest_difference(ours(), reference)
    return result


def main() -> None:
    """Run all cases and report them."""
    options = measuring.parse(
        __doc__.splitlines()[0],
        sizes=[128, 256, 448],
        scales=[0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0],
        images=4,
        classes=2,
        width=64,
        compiled=False,
    )
    ways = WAYS + COMPILED * options.compiled
    measuring.compare(run_case, ways, options)


if __name__ == '__main__':
    main()
