import numpy as np
import pytest
from PIL import Image

from projects.amr.datasets.own_photos.image_folder import Photo
from projects.amr.datasets.own_photos.image_scan import scan_photos
from projects.amr.errors import DataError

TURN = 0x0112  # EXIF orientation


@pytest.fixture
def folder(tmp_path):
    """A turned photo with a mask, a grey one, and one that is cut off."""
    noise = np.random.default_rng(0).integers(0, 256, (23, 37, 3), np.uint8)
    exif = Image.Exif()
    exif[TURN] = 8
    Image.fromarray(noise).save(tmp_path / 'a.jpg', exif=exif)
    Image.fromarray(noise[..., 0]).save(tmp_path / 'b.png')
    data = (tmp_path / 'a.jpg').read_bytes()
    (tmp_path / 'c.jpg').write_bytes(data[: len(data) // 2])
    (tmp_path / 'masks').mkdir()
    mask = np.full((37, 23), 255, np.uint8)
    mask[0, :2] = (0, 2)
    Image.fromarray(mask).save(tmp_path / 'masks' / 'a.png')
    return tmp_path


def photos(*names):
    return [Photo(name[0], name, ('dog',)) for name in names]


def test_fault_12_all_bad_photos_are_counted_and_named(folder):
    (folder / 'd.png').write_bytes(b'no image')
    (folder / 'e.png').touch()
    names = ('a.jpg', 'b.png', 'c.jpg', 'd.png', 'e.png', 'f.png')
    with pytest.raises(DataError) as error:
        scan_photos(folder, photos(*names), {}, 2)
    text = str(error.value)
    assert '4 of 6' in text
    assert all(str(folder / name) in text for name in names[2:])
    found = scan_photos(folder, photos(*names), {}, 2, True)
    assert found.photos == photos('a.jpg', 'b.png')
    assert len(found.faults) == 4
    with pytest.raises(DataError, match='1 of 1'):
        scan_photos(folder, photos('c.jpg'), {}, 2, True)


def test_a_bad_mask_costs_the_mask_alone(folder):
    mask = {'a': folder / 'masks' / 'a.png'}
    seen = []

    def progress(values):
        for value in values:
            seen.append(value)
            yield value

    given = photos('a.jpg', 'b.png')
    found = scan_photos(folder, given, mask, 3, False, progress)
    assert (found.photos, found.masks, found.faults) == (given, mask, [])
    assert found.mask_values == {'a': (0, 2, 255)}
    assert seen == given
    found = scan_photos(folder, given, mask, 2, True)
    assert (found.photos, found.masks) == (given, {})
    assert len(found.faults) == 1
    with pytest.raises(DataError, match=r'a\.png'):
        scan_photos(folder, given, mask, 2)
