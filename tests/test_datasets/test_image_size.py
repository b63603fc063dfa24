import numpy as np
import pytest
from mmcv.image import imread
from PIL import Image

from projects.amr.datasets.images.image_size import image_size, is_turned
from projects.amr.errors import DataError

PICTURE = Image.fromarray(np.zeros((23, 37, 3), np.uint8))


@pytest.mark.parametrize('orientation', [1, 3, 5, 6, 7, 8])
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tif', '.bmp'])
def test_size_is_that_of_the_loaded_image(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f'a{suffix}'
    PICTURE.save(path, exif=exif)
    assert image_size(path) == imread(str(path)).shape[:2]


@pytest.mark.parametrize('suffix', ['.jpg', '.webp', '.tif'])
def test_orientation_of_xmp_alone_turns_nothing(tmp_path, suffix):
    path = tmp_path / f'a{suffix}'
    xmp = b'<rdf:Description tiff:Orientation="6"/>'
    more = {'tiffinfo': {700: xmp}} if suffix == '.tif' else {'xmp': xmp}
    PICTURE.save(path, **more)
    assert image_size(path) == imread(str(path)).shape[:2] == (23, 37)
    with Image.open(path) as image:
        assert not is_turned(image)


def test_what_is_no_image_is_named(tmp_path):
    path = tmp_path / 'a.jpg'
    with pytest.raises(DataError, match=r'image not found: .*a\.jpg'):
        image_size(path)
    path.write_bytes(b'')
    with pytest.raises(DataError, match=r'a\.jpg is not a readable image'):
        image_size(path)
