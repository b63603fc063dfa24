"""Where image-level labels come from: XML, a label file, or masks.

The rule for objects that VOC marks as *difficult*: they count, unless told
otherwise, since the label lists that weakly supervised methods publish
count them (mmpretrain's VOC dataset does not).
"""

import difflib
from pathlib import Path

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, parse
from PIL import Image

from projects.amr.datasets.image_ids import same_text, strip_image_suffix
from projects.amr.datasets.label_file import read_label_table
from projects.amr.errors import DataError
from projects.amr.structures.label_space import classes_in_mask


class ClassNames:
    """Looks class names up and explains the ones it does not know.

    Args:
        names (Sequence[str]): Foreground class names by class index.
    """

    def __init__(self, names):
        self.names = tuple(names)
        self._index = {same_text(n): i for i, n in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str, where: str) -> int:
        """Class index of a name.

        Args:
            name (str): Class name as in the class list.
            where (str): File (and line) for the message.

        Returns:
            int: Class index, from 0.

        Raises:
            DataError: If the name is not in the class list.
        """
        if same_text(name) in self._index:
            return self._index[same_text(name)]
        near = difflib.get_close_matches(name.lower(), self.names, 1, 0.5)
        hint = f' (did you mean {near[0]!r}?)' if near else ''
        raise DataError(
            f'{where}: unknown class {name!r}{hint}. The classes are: '
            f'{", ".join(self.names)}'
        )


def labels_from_xml(
    path: str | Path, names: ClassNames, include_difficult: bool = True
) -> set[int]:
    """Class indices of the objects in a VOC annotation.

    Args:
        path (str | Path): XML file; entities are never expanded.
        names (ClassNames): Class list.
        include_difficult (bool): Whether objects marked difficult count.
            Defaults to True.

    Returns:
        set[int]: Class indices.

    Raises:
        DataError: If the file is missing, no XML, or names no known class.
    """
    try:
        root = parse(str(path)).getroot()
    except FileNotFoundError:
        raise DataError(
            f'annotation not found: {path}. Weak labels come from it; set '
            "label_source='file' or 'mask' to take them from elsewhere"
        ) from None
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise DataError(f'{path} is not a plain XML file ({error})') from None
    return {
        names.index((item.findtext('name') or '').strip(), str(path))
        for item in root.iter('object')
        if include_difficult or not _is_difficult(item)
    }


def _is_difficult(item) -> bool:
    """Whether an <object> is marked difficult."""
    return (item.findtext('difficult') or '0').strip() == '1'


def labels_from_mask(path: str | Path, names: ClassNames) -> set[int]:
    """Class indices that occur in a segmentation mask.

    Args:
        path (str | Path): Palette or grey PNG with values 0..K and 255.
        names (ClassNames): Class list.

    Returns:
        set[int]: Class indices.

    Raises:
        DataError: If the mask is missing, unreadable, coloured, or has a
            value outside 0..K and 255.
    """
    try:
        with Image.open(path) as image:
            mask = np.asarray(image)
    except FileNotFoundError:
        raise DataError(f'mask not found: {path}') from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f'{path} is not a readable mask ({error})') from None
    if mask.ndim != 2:
        raise DataError(
            f'{path} must be a palette or grey image of label values, got '
            f'shape {mask.shape}'
        )
    classes = classes_in_mask(mask)
    if len(classes) and classes[-1] >= len(names):
        raise DataError(
            f'{path}: values must be 0..{len(names)} or 255, got '
            f'{classes[-1] + 1}'
        )
    return set(classes.tolist())


def read_label_file(path: str | Path, names: ClassNames) -> dict:
    """Read weak labels from a CSV or JSON file.

    Args:
        path (str | Path): File, see :func:`read_label_table`.
        names (ClassNames): Class list.

    Returns:
        dict[str, set[int]]: Image id, in NFC -> class indices.

    Raises:
        DataError: If the file or a row breaks a rule; rows are named.
    """
    labels: dict[str, set[int]] = {}
    for row in read_label_table(path).rows:
        image = strip_image_suffix(row.image)
        if image in labels:
            raise DataError(f'{row.where}: image {image!r} occurs twice')
        labels[image] = {names.index(name, row.where) for name in row.names}
    return labels
