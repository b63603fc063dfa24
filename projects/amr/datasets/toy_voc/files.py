"""One image of ToyVOC as the files of VOC's devkit: JPEG, PNG, XML."""

import io
from typing import Any
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from projects.amr.datasets.toy_voc.drawing import ToySample
from projects.amr.datasets.toy_voc.spec import ToyVOCSpec, class_names
from projects.amr.structures.voc_palette import voc_palette

JPEG_QUALITY = 95
_BOX_KEYS = ('xmin', 'ymin', 'xmax', 'ymax')


def encode_jpeg(image: np.ndarray) -> bytes:
    """JPEG file of an image (H, W, 3), RGB, uint8.

    Colours stay at full resolution: heads are a few pixels wide.
    """
    return _encode(
        Image.fromarray(image), 'jpeg', quality=JPEG_QUALITY, subsampling=0
    )


def encode_palette_png(labels: np.ndarray) -> bytes:
    """PNG file of labels (H, W), uint8, in VOC's colours."""
    image = Image.fromarray(labels)
    image.putpalette(voc_palette().tobytes())
    return _encode(image, 'png')


def _encode(image: Image.Image, codec: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, codec, **options)
    return buffer.getvalue()


def encode_xml(image_id: str, spec: ToyVOCSpec, sample: ToySample) -> bytes:
    """VOC annotation of a sample.

    Args:
        image_id (str): Name of its image, without the suffix.
        spec (ToyVOCSpec): Of the set; has the class names.
        sample (ToySample): Has size, labels and boxes.

    Returns:
        bytes: The XML file.
    """
    height, width = sample.mask.shape
    names = ('background', *class_names(spec.num_classes))
    tree = dict(
        folder='ToyVOC',
        filename=f'{image_id}.jpg',
        size=dict(width=width, height=height, depth=3),
        segmented=1,
        object=[
            dict(
                name=names[item.label],
                difficult=int(item.difficult),
                bndbox=dict(zip(_BOX_KEYS, item.box, strict=True)),
            )
            for item in sample.objects
        ],
    )
    element = _as_element('annotation', tree)
    ElementTree.indent(element)
    return ElementTree.tostring(element) + b'\n'


def _as_element(tag: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(tag)
    if not isinstance(value, dict):
        element.text = str(value)
        return element
    for key, item in value.items():
        for child in item if isinstance(item, list) else [item]:
            element.append(_as_element(key, child))
    return element
