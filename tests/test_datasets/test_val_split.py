import pytest

from projects.amr.datasets.own_photos.val_split import (
    choose_val,
    read_val_list,
)
from projects.amr.errors import DataError, UserError

IDS = [f'photo {number}' for number in range(40)]


def test_a_share_is_chosen_whatever_the_order_of_the_ids():
    chosen = choose_val(IDS, 0.25)
    assert len(chosen) == 10
    assert chosen == choose_val(reversed(IDS), 0.25)
    assert chosen < choose_val(IDS, 0.5)
    assert chosen != set(IDS[:10])


def test_at_least_one_image_is_chosen_and_one_left():
    assert len(choose_val(IDS, 0.001)) == 1
    assert len(choose_val(IDS, 0.999)) == 39
    assert len(choose_val(IDS[:2], 0.5)) == 1


@pytest.mark.parametrize('share', [0, 1, -0.1, 2, float('nan')])
def test_shares_must_be_within_0_and_1(share):
    with pytest.raises(UserError, match='--val-share'):
        choose_val(IDS, share)


def test_one_image_cannot_be_split():
    with pytest.raises(UserError, match='1 image cannot'):
        choose_val(IDS[:1], 0.5)


def test_list_names_photos_by_their_paths(tmp_path):
    path = tmp_path / 'val.txt'
    path.write_text('day 1/c.PNG\n\nb\n', encoding='utf-8')
    ids = ['a', 'b', 'day 1%2Fc']
    assert read_val_list(path, ids) == {'b', 'day 1%2Fc'}
    path.write_text('./day 1\\c.PNG\n./b\n', encoding='utf-8')
    assert read_val_list(path, ids) == {'b', 'day 1%2Fc'}
    with pytest.raises(DataError, match='lists all images'):
        read_val_list(path, ids[1:])
    with pytest.raises(DataError, match=r'1 of 2 images are not.*\n.*c'):
        read_val_list(path, ['a', 'b'])
    path.write_text('a\n../b\n')
    with pytest.raises(DataError, match=r"line 2: '\.\./b' leads out"):
        read_val_list(path, ids)
