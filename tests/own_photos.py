"""Photos and their labels as a user has them, to be imported."""

import csv
import shutil
import unicodedata
from pathlib import Path

from damaged_voc import mask, photo
from PIL import Image

from projects.amr.datasets import VOCFolder
from projects.amr.datasets.labels.weak_labels import (
    ClassNames,
    labels_from_xml,
)

IMPORT = 'dataset_converters/import_images'
# Names of the toy classes in own data; sorted, they are in another order.
OWN = {'alvo': 'Kürbis', 'bimi': 'zebra', 'coru': 'big cat', 'dexa': 'ant'}
NAMES = [
    'Zwölf Äpfel.jpeg',
    'holiday/day 1/IMG_0001.PNG',
    'holiday/day 2/IMG_0001.PNG',
    'trailing .JPG',
    'a%b.png',
    'x.jpg.png',
    'Ünïcode (1).webp',
    '100% grün.tiff',
    'dots...bmp',
    "it's.jpg",
]


def make_photos(toy_root: Path, folder: Path) -> Path:
    """Fill a folder with ``photos``, ``masks`` and ``labels.csv``.

    They are toy images under odd names in odd formats.
    """
    toy = VOCFolder.open(toy_root, 'trainval')
    names = ClassNames(toy.classes[1:])
    rows = [('image', 'labels')]
    for image_id, name in zip(toy.ids, NAMES, strict=False):
        # The file has the Mac's form of the name, the CSV the other one.
        path = folder / 'photos' / unicodedata.normalize('NFD', name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(toy.image_path(image_id)) as image:
            image.save(path)
        mask = folder / 'masks' / Path(name).with_suffix('.png')
        mask.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(toy.mask_path(image_id), mask)
        classes = labels_from_xml(
            toy_root / 'Annotations' / f'{image_id}.xml', names
        )
        labels = [OWN[names.names[index]] for index in sorted(classes)]
        rows.append((name, '; '.join(labels)))
    with (folder / 'labels.csv').open('w', encoding='utf-8') as file:
        csv.writer(file).writerows(rows)
    return folder


def photo_set(folder: Path, labels, header='labels', masks=(), sizes=()):
    """Fill ``photos``, ``masks`` with 0.png, 1.png, ..., and write ``l.csv``.

    Masks are given by the values of their first pixels, sizes are (H, W).
    """
    for name in ('photos', 'masks'):
        (folder / name).mkdir()
    rows = [f'image,{header}']
    for number, label in enumerate(labels):
        size = sizes[number] if sizes else (9, 8)
        photo(size).save(folder / f'photos/{number}.png')
        if masks:
            picture = Image.fromarray(mask(size, masks[number]))
            picture.save(folder / f'masks/{number}.png')
        rows.append(f'{number}.png,{label}')
    (folder / 'l.csv').write_text('\n'.join(rows))
