import pytest

from projects.amr.datasets.images.image_ids import check_image_id, read_id_list
from projects.amr.errors import DataError


def write(tmp_path, data: bytes):
    path = tmp_path / 'train.txt'
    path.write_bytes(data)
    return path


def test_tolerated_forms_give_plain_ids(tmp_path):
    data = '\ufeff2007_000032\r\n\r\n  zwölf Äpfel.JPG \r\na.b\r\n'.encode()
    ids = read_id_list(write(tmp_path, data))
    assert ids == ['2007_000032', 'zwölf Äpfel', 'a.b']


@pytest.mark.parametrize(
    'bad', ['../../etc/passwd', '/abs/x', 'a\\b', 'c:x', '.hidden', 'a\x01b']
)
def test_ids_that_could_leave_the_folder_are_refused(tmp_path, bad):
    assert check_image_id(bad)
    path = write(tmp_path, f'good\n{bad}\n'.encode())
    with pytest.raises(DataError, match=r'(?s)train\.txt.*line 2'):
        read_id_list(path)


@pytest.mark.parametrize('data', [b'', b'\n \n', b'\xff\xfe\x00bad\x81'])
def test_empty_or_binary_list_is_refused(tmp_path, data):
    with pytest.raises(DataError, match=r'train\.txt'):
        read_id_list(write(tmp_path, data))
