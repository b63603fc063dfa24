"""Classes from which a classifier cannot learn anything."""

from collections.abc import Mapping


def one_sided_classes(counts: Mapping[str, int], total: int) -> list[str]:
    """Name the classes that all training images have, or none.

    A classifier learns a class from images with it and images without it.
    One that all images have gets a score of 1 everywhere, and its CAM need
    not be on the object.

    Args:
        counts (Mapping[str, int]): Training images by class.
        total (int): All training images, those without a label included.

    Example:
        >>> one_sided_classes({'dog': 3, 'cat': 1}, 3)[0].split(':')[0]
        "'dog' is in all 3 training images"
    """
    return [
        f'{name!r} is in all {total:,} training images: a classifier cannot '
        'learn what it is not. Add images without it; where nothing else is '
        "in them, with an empty label and no_label='keep' (--no-label keep)"
        if count
        else f'{name!r} is in no training image'
        for name, count in counts.items()
        if total and count in (0, total)
    ]
