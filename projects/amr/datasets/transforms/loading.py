"""Loading of images, masks and part maps, with errors that name the file."""

from pathlib import Path

import numpy as np
from mmcv.image import imfrombytes
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from projects.amr.datasets.images.image_content import check_tiff
from projects.amr.datasets.labels.reading import load_grey
from projects.amr.errors import DataError

_MADE = (
    '. Seeds and pseudo labels are made before a training on them; SEED_DIR '
    'and LABEL_DIR in the environment name their folders'
)


def loads_masks(step: dict) -> bool:
    """Whether a step of a data pipeline reads masks of the dataset.

    Example:
        >>> loads_masks(dict(type='mmseg.LoadAnnotations'))
        True
    """
    return step['type'].rpartition('.')[2] in (
        'LoadAnnotations',
        'LoadLabelMap',
        'LoadMaskIfPresent',
    )


def put_labels(results: dict, labels: np.ndarray) -> dict:
    """Put a label map where masks are."""
    results['gt_seg_map'] = labels
    fields = results.setdefault('seg_fields', [])
    if 'gt_seg_map' not in fields:
        fields.append('gt_seg_map')
    return results


@TRANSFORMS.register_module()
class LoadWeakLabelImage(LoadImageFromFile):
    """mmcv's image loader; a file that is no image is named.

    The rule for all that is not 8-bit RGB, whatever the file's suffix: a
    grey image is repeated in three channels, 16 bits are divided by 256, an
    alpha channel is dropped (nothing is blended), palettes are expanded,
    CMYK is converted without a colour profile, the EXIF orientation is
    applied, further pages and a fourth band are ignored. Sizes (H, W)
    everywhere, and so masks and predictions, are those of the turned image.

    Required Keys:

    - img_path (str)

    Added Keys:

    - img (np.ndarray, uint8, (H, W, 3), BGR)
    - img_shape, ori_shape (tuple[int, int])

    Raises:
        DataError: If the file is missing, empty, damaged, no image of 8 or
            16 bits, or a TIFF that :func:`check_tiff` refuses.
    """

    def transform(self, results: dict) -> dict:
        """Load ``img_path``."""
        path = results['img_path']
        try:
            data = fileio.get(path, self.backend_args)
            check_tiff(path, data)
            image = imfrombytes(
                data, self.color_type, backend=self.imdecode_backend
            )
            if image is None:
                raise ValueError('decoding gave nothing')
        except FileNotFoundError:
            raise DataError(f'image not found: {path}') from None
        except DataError:
            raise
        except Exception as error:  # decoders raise of all kinds
            raise DataError(
                f'{path} is not a readable image ({error}): restore the '
                'file, save it again as PNG, or take its id out of the split '
                'list'
            ) from None
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results


@TRANSFORMS.register_module()
class LoadLabelMap(BaseTransform):
    """Load a mask or another label map as it is.

    Required Keys:

    - seg_map_path (str): a palette or grey PNG of 8 bits
    - ori_shape (tuple[int, int], optional): (H, W) of the loaded image

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W))
    - seg_fields (list[str]), with ``gt_seg_map``

    Raises:
        DataError: If the file is missing, no label map (damaged, or of
            colours), or not of the image's size.
    """

    def transform(self, results: dict) -> dict:
        """Load ``seg_map_path``."""
        path, size = results['seg_map_path'], results.get('ori_shape')
        return put_labels(results, load_grey(path, size, 'label map', _MADE))


@TRANSFORMS.register_module()
class LoadMaskIfPresent(LoadLabelMap):
    """:class:`LoadLabelMap`; an image without a mask stays without.

    CAMs are made for all training images, masks exist for some (VOC: 1,464
    of 10,582). Metrics count the images that have one.

    Required Keys:

    - seg_map_path (str, optional)
    - ori_shape (tuple[int, int], optional): (H, W) of the loaded image

    Added Keys:

    - gt_seg_map (np.ndarray, uint8, (H, W)), where there is a file
    """

    def transform(self, results: dict) -> dict:
        """Load ``seg_map_path``, where it is."""
        path = results.get('seg_map_path')
        if path is None or not Path(path).is_file():
            return results
        return super().transform(results)


@TRANSFORMS.register_module()
class LoadPartMap(BaseTransform):
    """Load the map of object parts, where the dataset has one.

    Required Keys:

    - part_map_path (str, optional)
    - img_shape (tuple[int, int], optional)

    Added Keys:

    - gt_part_map (np.ndarray, uint8, (H, W)): 0 no part, 1.. the parts, 255
      ignored

    Raises:
        DataError: If the map is missing, damaged, or of another size.
    """

    def transform(self, results: dict) -> dict:
        """Load ``part_map_path``."""
        path = results.get('part_map_path')
        if path is not None:
            size = results.get('img_shape')
            results['gt_part_map'] = load_grey(path, size, 'part map')
        return results
