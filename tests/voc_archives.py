"""VOC's and SBD's archives with a handful of images, in the real formats."""

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from projects.amr.structures.voc_palette import voc_palette

SIZE = (23, 37)
TRAIN = ('2007_000032', '2007_000039')
VAL = ('2007_000033',)
SBD_ONLY = ('2008_000008', '2010_002537')
SBD_TRAIN = (TRAIN[0], SBD_ONLY[0])
SBD_VAL = (VAL[0], SBD_ONLY[1])


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Put a file into an archive."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def mask_of(image_id: str) -> np.ndarray:
    """Labels of an image: class 1 + its place, background, no 255."""
    labels = np.zeros(SIZE, np.uint8)
    labels[4:15, 6:20] = 1 + sum(map(ord, image_id)) % 20
    return labels


def mat_of(labels: np.ndarray) -> bytes:
    """Write SBD's nested structure: GTcls.Segmentation among others."""
    cell = np.empty((20, 1), object)
    cell[:] = [[np.zeros((2, 2))]] * 20
    truth = {
        'Boundaries': cell,
        'Segmentation': labels,
        'CategoriesPresent': np.unique(labels[labels > 0])[:, None],
    }
    file = io.BytesIO()
    savemat(file, {'GTcls': truth}, do_compression=True)
    return file.getvalue()


def _image(mode: str, array: np.ndarray, kind: str) -> bytes:
    image = Image.fromarray(array)
    if mode == 'P':
        image.putpalette(voc_palette().tobytes())
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def _xml(image_id: str) -> bytes:
    return (
        f'<annotation><filename>{image_id}.jpg</filename>'
        '<object><name>dog</name><difficult>0</difficult></object>'
        '</annotation>'
    ).encode()


def voc_mask(image_id: str) -> np.ndarray:
    """VOC's own mask: that of SBD with a border of 255."""
    labels = mask_of(image_id)
    labels[3, 6:20] = 255
    return labels


def write_voc_tar(path: Path, without: str = '') -> Path:
    """Write the archive, leaving out one member."""
    rng = np.random.default_rng(0)
    files = {}
    for image_id in (*TRAIN, *VAL, *SBD_ONLY):
        files[f'Annotations/{image_id}.xml'] = _xml(image_id)
        pixels = rng.integers(0, 255, (*SIZE, 3), np.uint8)
        files[f'JPEGImages/{image_id}.jpg'] = _image('RGB', pixels, 'JPEG')
    for image_id in (*TRAIN, *VAL):
        for folder in ('SegmentationClass', 'SegmentationObject'):
            data = _image('P', voc_mask(image_id), 'PNG')
            files[f'{folder}/{image_id}.png'] = data
    for name, ids in (('train', TRAIN), ('val', VAL)):
        text = ''.join(f'{i}\n' for i in ids)
        files[f'ImageSets/Segmentation/{name}.txt'] = text.encode()
    with tarfile.open(path, 'w') as archive:
        folder = tarfile.TarInfo('VOCdevkit/VOC2012')
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name in sorted(files):
            if name != without:
                add(archive, f'VOCdevkit/VOC2012/{name}', files[name])
    return path


def write_sbd_tar(path: Path, masks: dict | None = None) -> Path:
    """Write the archive; ``masks`` holds labels in place of the usual."""
    masks = {i: mask_of(i) for i in SBD_TRAIN + SBD_VAL} | (masks or {})
    with tarfile.open(path, 'w:gz') as archive:
        add(archive, 'benchmark_RELEASE/README', b'SBD')
        for image_id, labels in masks.items():
            folder = 'benchmark_RELEASE/dataset'
            add(archive, f'{folder}/img/{image_id}.jpg', b'not looked at')
            if labels is not None:
                data = mat_of(labels)
                add(archive, f'{folder}/cls/{image_id}.mat', data)
                add(archive, f'{folder}/inst/{image_id}.mat', data)
        for name, ids in (('train', SBD_TRAIN), ('val', SBD_VAL)):
            text = '\n'.join(ids).encode()
            add(archive, f'benchmark_RELEASE/dataset/{name}.txt', text)
    return path
