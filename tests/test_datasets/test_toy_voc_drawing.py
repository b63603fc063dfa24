import hashlib
from dataclasses import replace

import numpy as np
import pytest

from projects.amr.datasets.toy_voc import PRESETS, ToyVOCSpec, draw_sample
from projects.amr.datasets.toy_voc.figures import (
    IntegerStream,
    body_texture,
    head_colours,
)
from projects.amr.datasets.toy_voc.spec import NUM_DRAWINGS, class_names

TINY = PRESETS['tiny']
NO_VOID = replace(TINY, void_width=0, difficult_percent=30)
CROWDED = replace(
    TINY,
    num_classes=20,
    objects=(4, 8),
    object_percent=(10, 40),
    difficult_percent=50,
    void_width=2,
)


def draw_many(spec: ToyVOCSpec, count: int = 12) -> list:
    return [draw_sample(spec, 'train', index) for index in range(count)]


def digest_samples(spec: ToyVOCSpec) -> str:
    digest = hashlib.sha256()
    for sample in draw_many(spec):
        digest.update(repr((sample.image.shape, sample.objects)).encode())
        for array in (sample.image, sample.mask, sample.part):
            digest.update(array.tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize(
    ('spec', 'expected'),
    [
        (
            TINY,
            'c0c7299ed571977c338165967b2eb034d01bfd82190f070983e388ac01eb3f9e',
        ),
        (
            CROWDED,
            '64d114b72506f5ff41db77b51d2cf793ac8881755cac5244df614da76252e52d',
        ),
    ],
    ids=['tiny', 'crowded'],
)
def test_pixels_are_the_same_on_every_machine(spec, expected):
    assert digest_samples(spec) == expected


def test_stream_equals_plain_arithmetic_on_pcg64():
    raw = np.random.PCG64(np.random.SeedSequence([5, 1, 2]))
    words = [int(word) for word in raw.random_raw(3)]
    stream = IntegerStream(5, 1, 2)
    assert stream.below(1000) == (words[0] >> 32) * 1000 // 2**32
    assert stream.between(-3, 3) == (words[1] >> 32) * 7 // 2**32 - 3
    octets = words[2].to_bytes(8, 'little')
    expected = [octet * 5 // 256 - 2 for octet in octets]
    assert stream.field((2, 4), -2, 2).ravel().tolist() == expected


def test_images_do_not_depend_on_the_order_and_differ_by_split():
    first = draw_sample(TINY, 'val', 3)
    draw_sample(TINY, 'val', 0)
    assert np.array_equal(first.image, draw_sample(TINY, 'val', 3).image)
    other = draw_sample(replace(TINY, size_jitter=0), 'train', 3)
    same = draw_sample(replace(TINY, size_jitter=0), 'val', 3)
    assert not np.array_equal(other.image, same.image)


@pytest.mark.parametrize('spec', [TINY, NO_VOID, CROWDED])
def test_labels_parts_and_objects_agree_with_the_mask(spec):
    for sample in draw_many(spec):
        mask, part = sample.mask, sample.part
        found = set(np.unique(mask).tolist()) - {0, 255}
        assert found
        assert {item.label for item in sample.objects} == found
        assert np.array_equal(part == 255, mask == 255)
        assert np.array_equal(part == 0, mask == 0)
        assert set(np.unique(part).tolist()) <= {0, 1, 2, 255}


def test_every_image_keeps_a_label_beside_the_border():
    spec = replace(CROWDED, size=(32, 33), size_jitter=0, void_width=2)
    for sample in draw_many(spec, 60):
        assert sample.objects


def test_void_border_hides_class_changes():
    for spec in (TINY, CROWDED):
        for sample in draw_many(spec):
            mask = sample.mask.astype(int)
            for one, other in (
                (mask[1:], mask[:-1]),
                (mask.T[1:], mask.T[:-1]),
            ):
                sure = (one != 255) & (other != 255)
                assert (one == other)[sure].all()
    assert all((sample.mask != 255).all() for sample in draw_many(NO_VOID))


def test_boxes_cover_each_object_and_no_more():
    spec = replace(NO_VOID, objects=(1, 1))
    for sample in draw_many(spec):
        rows, columns = np.nonzero(sample.mask)
        assert sample.objects[0].box == (
            columns.min() + 1,
            rows.min() + 1,
            columns.max() + 1,
            rows.max() + 1,
        )


def test_difficult_objects_are_small_or_hidden():
    spec = replace(NO_VOID, size=(96, 96), objects=(1, 1), num_classes=1)
    areas = {True: [], False: []}
    for sample in draw_many(spec, 40):
        areas[sample.objects[0].difficult].append(
            np.count_nonzero(sample.mask)
        )
    assert len(areas[True]) >= 5
    assert max(areas[True]) < min(areas[False])
    none = replace(spec, difficult_percent=0)
    assert not any(
        item.difficult for one in draw_many(none) for item in one.objects
    )


def test_painting_over_changes_heads_only():
    painted = draw_many(replace(NO_VOID, heads='painted_over'))
    for shown, hidden in zip(draw_many(NO_VOID), painted, strict=True):
        assert np.array_equal(shown.mask, hidden.mask)
        assert np.array_equal(shown.part, hidden.part)
        assert shown.objects == hidden.objects
        head = shown.part == 1
        changed = (shown.image != hidden.image).any(2)
        assert not changed[~head].any()
        assert changed[head].mean() > 0.9


def test_each_part_tells_the_class_only_where_the_spec_says_so():
    """Give the same layout to other classes and see which pixels change."""

    def changed_parts(**knobs) -> set[int]:
        spec = replace(NO_VOID, **knobs)
        other = replace(spec, num_classes=20)
        parts = [
            one.part[(one.image != two.image).any(2)]
            for one, two in zip(draw_many(spec), draw_many(other), strict=True)
        ]
        return set(np.concatenate(parts).tolist())

    assert changed_parts() == {1, 2}
    assert changed_parts(body_strength=0) == {1}
    assert changed_parts(heads='painted_over') == {2}
    assert changed_parts(heads='painted_over', body_strength=0) == set()
    assert changed_parts(head_strength=0) == {2}


def test_drawing_offset_moves_classes_along_the_catalogue():
    spec = replace(NO_VOID, num_classes=1)
    moved = replace(spec, drawing_offset=3)
    last = replace(NO_VOID, num_classes=20, drawing_offset=19)
    for one, two in zip(draw_many(spec), draw_many(moved), strict=True):
        assert np.array_equal(one.mask, two.mask)
        assert not np.array_equal(one.image, two.image)
    assert digest_samples(last) != digest_samples(
        replace(last, drawing_offset=0)
    )


def test_contrast_falls_from_head_to_tail():
    def mean_change(tail_percent: int) -> float:
        spec = replace(NO_VOID, noise=0, tail_percent=tail_percent)
        flat = replace(spec, body_strength=0)
        changes = [
            abs(one.image.astype(int) - two.image)[one.part == 2]
            for one, two in zip(draw_many(spec), draw_many(flat), strict=True)
        ]
        return float(np.concatenate(changes).mean())

    full = mean_change(100)
    assert full == TINY.body_strength // 2
    assert 0.4 * full < mean_change(0) < 0.65 * full


def shifted_textures(drawing: int, mirror: bool = False) -> set[bytes]:
    """Return a drawing's texture at every shift of its longest period."""
    y, x = np.arange(32)[:, None], np.arange(32)[None, :]
    tile = body_texture(drawing, y, x, 8)
    tile = tile[:, ::-1] if mirror else tile
    return {
        np.roll(tile, (down, right), (0, 1)).tobytes()
        for down in range(32)
        for right in range(32)
    }


def test_classes_differ_and_survive_mirroring():
    textures = [shifted_textures(number) for number in range(NUM_DRAWINGS)]
    for number, tiles in enumerate(textures):
        assert shifted_textures(number, mirror=True) == tiles
        assert all(tiles.isdisjoint(other) for other in textures[:number])
    heads = {
        tuple(np.concatenate(head_colours(number, 100)).tolist())
        for number in range(NUM_DRAWINGS)
    }
    assert len(heads) == NUM_DRAWINGS


def test_sizes_are_odd_and_stay_in_the_jitter():
    shapes = {sample.mask.shape for sample in draw_many(TINY, 20)}
    assert any(height % 2 and width % 2 for height, width in shapes)
    assert all(41 <= side <= 55 for shape in shapes for side in shape)
    spec = replace(TINY, size_jitter=0, other_sizes=[[40, 64]])
    shapes = {sample.image.shape for sample in draw_many(spec, 20)}
    assert shapes == {(48, 48, 3), (40, 64, 3)}


@pytest.mark.parametrize(
    'knobs',
    [
        dict(noise=300),
        dict(num_train=0),
        dict(num_classes=21),
        dict(seed=True),
        dict(body_strength=3.5),
        dict(size=(30, 96)),
        dict(size=96),
        dict(objects=(3, 1)),
        dict(objects=(1, 9)),
        dict(other_sizes=((8, 8),)),
        dict(void_width=3),
        dict(heads='hidden'),
    ],
)
def test_settings_out_of_range_are_named(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        replace(TINY, **knobs)


def test_class_names_are_distinct():
    assert len(set(class_names(20))) == 20
    with pytest.raises(ValueError, match='num_classes'):
        class_names(21)
