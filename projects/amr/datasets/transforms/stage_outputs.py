"""Loading of what an earlier stage made of an image.

Shape legend: K labelled classes of the image, (h, w) a stored map's size,
(H, W) the image's.
"""

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from projects.amr.datasets.labels.reading import load_grey
from projects.amr.errors import DataError
from projects.amr.structures import CAMRecord, load_boundary_map
from projects.amr.structures.subcategory_labels import load_subcategories

INPUT_PLACES = (
    'cam_dir',
    'boundary_dir',
    'saliency_dir',
    'label_dir',
    'segment_dir',
)
"""Arguments that name a folder of an earlier stage or of the user."""


@TRANSFORMS.register_module()
class LoadCAMRecord(BaseTransform):
    """Load the CAMs that an earlier stage made of an image.

    Required Keys:

    - img_id (str)
    - img_label (np.ndarray, (number of classes,), optional)
    - img_shape (tuple[int, int], optional)

    Added Keys:

    - cam (np.ndarray, float32, (K, h, w)), in [0, 1]
    - cam_classes (np.ndarray, int64, (K,)), foreground class indices
    - cam_dropped (np.ndarray, int64, (D,)), labelled classes without a map
    - cam_size (tuple[int, int]): (H, W)
    - cam_key (str): what the record was made from

    Args:
        cam_dir (str): Folder of the records, named ``<img_id>.npz``.

    Raises:
        DataError: If the record is missing, damaged, of another image size,
            or of classes that the image's weak label does not have.
    """

    def __init__(self, cam_dir: str):
        self.cam_dir = Path(cam_dir)

    def transform(self, results: dict) -> dict:
        """Load ``<cam_dir>/<img_id>.npz``."""
        path = self.cam_dir / f'{results["img_id"]}.npz'
        record = CAMRecord.load(path)
        self._check(path, record, results)
        results['cam'] = record.cam
        results['cam_classes'] = record.classes
        results['cam_dropped'] = record.dropped
        results['cam_size'] = record.size
        results['cam_key'] = record.key
        return results

    @staticmethod
    def _check(path: Path, record: CAMRecord, results: dict) -> None:
        """Refuse a record of another image or class list."""
        fix = 'make the records again with tools/test.py'
        shape = tuple(results.get('img_shape', record.size))
        if shape != record.size:
            raise DataError(
                f'{path} was made of an image of size {record.size}, the '
                f'image has {shape}: {fix}, and load them before any '
                'resizing or cropping'
            )
        if 'img_label' not in results:
            return
        label = results['img_label']
        foreign = [
            int(k) for k in record.classes if k >= len(label) or not label[k]
        ]
        if foreign:
            raise DataError(
                f'{path} has maps of class indices {foreign}, which the '
                f"image's weak label (of {len(label)} classes) does not "
                f'have: {fix}, with the same classes and label source'
            )


@TRANSFORMS.register_module()
class LoadBoundaryMap(BaseTransform):
    """Load the class boundaries that an affinity network found.

    Required Keys:

    - img_id (str)

    Added Keys:

    - boundary (np.ndarray, float32, (h, w)), in [0, 1]
    - boundary_key (str): what the map was made from

    Args:
        boundary_dir (str): Folder of the maps, named ``<img_id>.npz``.

    Raises:
        DataError: If the map is missing or damaged.
    """

    def __init__(self, boundary_dir: str):
        self.boundary_dir = Path(boundary_dir)

    def transform(self, results: dict) -> dict:
        """Load ``<boundary_dir>/<img_id>.npz``."""
        path = self.boundary_dir / f'{results["img_id"]}.npz'
        results['boundary'], results['boundary_key'] = load_boundary_map(path)
        return results


@TRANSFORMS.register_module()
class LoadSaliency(BaseTransform):
    """Load a saliency map that the user brings.

    Required Keys:

    - img_id (str)
    - img_shape (tuple[int, int], optional)

    Added Keys:

    - saliency (np.ndarray, float32, (H, W)), in [0, 1]

    Args:
        saliency_dir (str): Folder of grey PNGs of 8 bits, of the images'
            sizes, named ``<img_id>.png``; 255 is salient.

    Raises:
        DataError: If the map is missing, damaged, no grey PNG, or of another
            size.
    """

    def __init__(self, saliency_dir: str):
        self.saliency_dir = Path(saliency_dir)

    def transform(self, results: dict) -> dict:
        """Load ``<saliency_dir>/<img_id>.png``."""
        path = self.saliency_dir / f'{results["img_id"]}.png'
        grey = load_grey(path, results.get('img_shape'), 'saliency map')
        results['saliency'] = grey.astype(np.float32) / 255
        return results


@TRANSFORMS.register_module()
class LoadLabels(BaseTransform):
    """Load a label map of an earlier stage.

    Required Keys:

    - img_id (str)
    - img_shape (tuple[int, int], optional)

    Added Keys:

    - labels, or another name (np.ndarray, uint8, (H, W)): 0 background, 1..
      classes, 255 ignored

    Args:
        label_dir (str): Folder of palette PNGs, named ``<img_id>.png``.
        key (str): Name of the added key. Defaults to 'labels'.

    Raises:
        DataError: If the map is missing, damaged, or of another size.
    """

    def __init__(self, label_dir: str, key: str = 'labels'):
        self.label_dir = Path(label_dir)
        self.key = key

    def transform(self, results: dict) -> dict:
        """Load ``<label_dir>/<img_id>.png``."""
        path = self.label_dir / f'{results["img_id"]}.png'
        size = results.get('img_shape')
        results[self.key] = load_grey(path, size, 'label map')
        return results


@TRANSFORMS.register_module()
class LoadSubcategories(BaseTransform):
    """Load the clusters of an image's classes (SC-CAM).

    Required Keys:

    - img_id (str)

    Added Keys:

    - img_sub_label (np.ndarray, float32, (K * S,)): multi-hot

    Args:
        path (str): File that ``tools/cluster_images.py`` wrote.

    Raises:
        DataError: If the file is unreadable, or does not know the image.
    """

    def __init__(self, path: str):
        self.path = path
        self._labels: dict[str, np.ndarray] | None = None

    def transform(self, results: dict) -> dict:
        """Add the image's row."""
        if self._labels is None:
            self._labels = load_subcategories(self.path)
        try:
            results['img_sub_label'] = self._labels[results['img_id']]
        except KeyError:
            raise DataError(
                f'{self.path} does not know {results["img_id"]}: cluster '
                'the images of this training with tools/cluster_images.py'
            ) from None
        return results
