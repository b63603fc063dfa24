"""Training augmentation of CAM classifiers, as in IRN's line of work."""

from copy import copy

import cv2
import numpy as np
from mmcv.image import imresize, rescale_size
from mmcv.transforms import BaseTransform, Resize
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomResizeLongestSide(BaseTransform):
    """Resize an image so that its longer side is drawn uniformly.

    A side keeps at least one pixel, whatever the aspect ratio.

    Released code (IRN): bicubic, antialiased.
    Here: OpenCV's, which is not; training images shrink little.

    Required Keys:

    - img (np.ndarray, uint8, (H, W, 3))

    Modified Keys:

    - img
    - img_shape (tuple[int, int])

    Args:
        min_side (int): Smallest longer side in pixels.
        max_side (int): Largest longer side in pixels, included.

    Raises:
        ValueError: If the sides are not ``0 < min_side <= max_side``.
    """

    def __init__(self, min_side: int, max_side: int):
        if not 0 < min_side <= max_side:
            raise ValueError(
                '`min_side` and `max_side` must be 0 < min_side <= max_side, '
                f'got {min_side} and {max_side}'
            )
        self.min_side = min_side
        self.max_side = max_side

    @cache_randomness
    def _draw_side(self) -> int:
        return int(np.random.randint(self.min_side, self.max_side + 1))

    def transform(self, results: dict) -> dict:
        """Resize ``img``, keeping its aspect ratio."""
        image = results['img']
        scale = self._draw_side() / max(image.shape[:2])
        size = _whole_size(image, scale)
        results['img'] = imresize(image, size, False, 'bicubic')
        results['img_shape'] = results['img'].shape[:2]
        return results


@TRANSFORMS.register_module()
class ResizeNonEmpty(Resize):
    """mmcv's ``Resize``; a side keeps at least one pixel.

    mmcv's gives an image of 2 x 1200 no row at all at a third of its size,
    and stops. Also for ``resize_type`` of ``RandomResize``; arguments are
    those of :class:`mmcv.transforms.Resize`.
    """

    def transform(self, results: dict) -> dict:
        """Resize image and label map."""
        image = results['img']
        scale = self.scale or tuple(
            factor * side
            for factor, side in zip(
                self.scale_factor, image.shape[1::-1], strict=True
            )
        )
        if not self.keep_ratio or min(rescale_size(image.shape[1::-1], scale)):
            return super().transform(results)
        narrow = copy(self)
        narrow.keep_ratio = False
        narrow.scale = _whole_size(image, scale)
        return narrow.transform(results)


def _whole_size(image: np.ndarray, scale) -> tuple[int, int]:
    """(width, height) of a scaled image, at least one pixel each."""
    size = rescale_size(image.shape[1::-1], scale)
    return tuple(max(side, 1) for side in size)


@TRANSFORMS.register_module()
class RandomCropOrPad(BaseTransform):
    """Cut a random window; put a smaller image at a random place in it.

    Released code: zero padding after normalisation. Here: the pixel mean
    before it, rounded to uint8, which is the same to within 0.01.

    Required Keys:

    - img (np.ndarray, uint8, (H, W, 3))

    Modified Keys:

    - img, of the window's size
    - img_shape (tuple[int, int])

    Args:
        crop_size (int | tuple[int, int]): Window (height, width) in pixels,
            or the side of a square.
        pad_val (Sequence[float]): Fill value per channel, in the order of
            the loaded image (BGR). Defaults to ImageNet's mean.

    Raises:
        ValueError: If the window is not positive.
    """

    def __init__(
        self,
        crop_size: int | tuple[int, int],
        pad_val=(103.53, 116.28, 123.675),
    ):
        if isinstance(crop_size, int):
            crop_size = (crop_size, crop_size)
        if min(crop_size) < 1:
            raise ValueError(f'`crop_size` must be positive, got {crop_size}')
        self.crop_size = tuple(crop_size)
        self.pad_val = tuple(pad_val)

    @cache_randomness
    def _draw_offsets(self, shape: tuple[int, int]) -> list[tuple[int, int]]:
        """Draw, per axis, where source and window begin."""
        offsets = []
        for length, window in zip(shape, self.crop_size, strict=True):
            start = int(np.random.randint(0, abs(length - window) + 1))
            offsets.append((start, 0) if length >= window else (0, start))
        return offsets

    def transform(self, results: dict) -> dict:
        """Cut or pad ``img``."""
        image = results['img']
        source, border = [], []
        for (start, place), length, window in zip(
            self._draw_offsets(image.shape[:2]),
            image.shape[:2],
            self.crop_size,
            strict=True,
        ):
            span = min(length, window)
            source.append(slice(start, start + span))
            border += [place, window - span - place]
        # Fills the border alone, many times faster than numpy the window.
        results['img'] = cv2.copyMakeBorder(
            image[tuple(source)],
            *border,
            cv2.BORDER_CONSTANT,
            value=np.rint(self.pad_val).tolist(),
        )
        results['img_shape'] = self.crop_size
        return results
