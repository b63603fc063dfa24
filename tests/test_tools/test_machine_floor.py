"""Counted operations against closed forms; nothing is timed here."""

import machine_floor
import numpy as np
import pytest
import stage_costs
import torch
import torch.nn.functional as F
import work_counter
from work_counter import PRODUCTS, Work, counting, profile

from projects.amr.ops.permutohedral import PermutohedralLattice

RATES = machine_floor.Rates(100.0, 200.0, {10: 50.0, 100: 80.0, 1000: 20.0})


def test_a_convolution_and_what_follows_it():
    images, weights = torch.randn(2, 3, 7, 5), torch.randn(4, 3, 3, 3)
    with torch.no_grad(), counting() as works:
        maps = F.conv2d(images, weights, padding=1)
        maps.relu()
        maps.flatten(1)[:, 3:].detach()  # looks only
        torch.empty(50)
    out = 2 * 4 * 7 * 5
    moved = 4 * (images.numel() + weights.numel() + out)
    assert works == [
        Work(PRODUCTS, 2 * out * 3 * 3 * 3, moved),
        Work('elementwise', 0, 4 * 2 * out),
    ]


def test_backward_passes_are_counted():
    weights = torch.randn(6, 5, requires_grad=True)
    inputs = torch.randn(3, 5, requires_grad=True)
    with counting() as works:
        total = F.linear(inputs, weights).sum()
    forward = sum(w.flops for w in works)
    with counting() as works:
        total.backward()
    assert forward == 2 * 3 * 5 * 6
    assert sum(w.flops for w in works) == 2 * forward


def test_half_precision_and_copies():
    inputs, weights = torch.randn(3, 5), torch.randn(5, 4)
    with torch.autocast('cpu', torch.bfloat16), counting() as works:
        inputs @ weights
    product = [w for w in works if w.kind == PRODUCTS]
    assert product == [Work(PRODUCTS, 2 * 3 * 5 * 4, 2 * (15 + 20 + 12), True)]
    with counting() as works:
        inputs.copy_(torch.zeros(5))
    # Zeros are written; the target is not read.
    assert [w.moved for w in works] == [4 * 5, 4 * (5 + 15)]


def test_a_sparse_product_counts_by_its_entries():
    matrix = torch.eye(7, dtype=torch.float64).to_sparse_csr()
    maps = torch.randn(7, 3, dtype=torch.float64)
    with counting() as works:
        matrix @ maps
    (work,) = [w for w in works if w.kind == PRODUCTS]
    assert work.flops == 2 * 7 * 3
    sparse = 8 * 8 + 7 * 8 + 7 * 8  # int64 rows and columns, values
    # PyTorch hands on an empty addend of the product's shape, read as well.
    assert work.moved in (sparse + 8 * 42, sparse + 8 * 63)


def test_a_lattice_filter_is_its_sparse_products():
    points = np.random.default_rng(0).normal(size=(40, 2))
    plain = PermutohedralLattice.filter
    lattice = PermutohedralLattice(points)
    values = np.ones((40, 5), np.float32)
    with counting() as works:
        filtered = lattice.filter(values)
    assert PermutohedralLattice.filter is plain
    np.testing.assert_array_equal(filtered, lattice.filter(values))
    assert len(works) == 1 + 3 + 1  # splat, an axis each, slice
    assert {w.kind for w in works} == {PRODUCTS}
    assert works[0].flops == works[-1].flops == 2 * 5 * 40 * 3
    blurred = sum(matrix.nnz for matrix in lattice._blurs)
    assert sum(w.flops for w in works[1:-1]) == 2 * 5 * blurred


@pytest.mark.parametrize(
    ('work', 'seconds'),
    [
        (Work(PRODUCTS, 500, 10), 5.0),  # bound by computing
        (Work(PRODUCTS, 500, 10, True), 2.5),
        (Work(PRODUCTS, 1, 400), 20.0),  # bound by moving
        (Work('norms', 0, 8), 0.1),  # as fast as a larger copy
        (Work('norms', 0, 100), 1.25),
        (Work('norms', 0, 5000), 250.0),  # beyond what was measured
    ],
)
def test_floor_of_one_operation(work, seconds):
    assert RATES.seconds(work) == pytest.approx(seconds)


def test_floors_add_up_by_kind():
    works = [Work(PRODUCTS, 500, 1), Work('norms', 0, 100)] * 2
    assert machine_floor.floors(works, RATES) == pytest.approx(
        {PRODUCTS: 10.0, 'norms': 2.5}
    )


@pytest.mark.parametrize(
    ('name', 'kind'),
    [
        ('aten::mkldnn_convolution', PRODUCTS),
        ('convolution_backward', PRODUCTS),
        ('addmm', PRODUCTS),
        ('native_batch_norm', 'norms'),
        ('_upsample_bicubic2d_aa', 'resizing'),
        ('_to_copy', 'copies'),
        ('index_put_', 'gathers'),
        ('aten::relu_', 'elementwise'),
    ],
)
def test_kinds_are_told_by_name(name, kind):
    assert work_counter.kind_of(name) == kind


def test_profile_hands_the_result_on_and_sees_lattices_and_torch():
    lattice = PermutohedralLattice(np.zeros((9, 2)))

    def call(value):
        lattice.filter(np.ones(9))
        return value.exp().sum()

    result, spent = profile(call, torch.zeros(5), 'cpu')
    assert result == 5
    assert set(spent) >= {PRODUCTS, 'elementwise', 'rest'}
    assert all(seconds >= 0 for seconds in spent.values())


def test_rates_are_positive(monkeypatch):
    monkeypatch.setattr(machine_floor, '_SIZES', (2**10, 2**12))
    rates = machine_floor.measure_rates('cpu', repeats=1)
    assert rates.flops > 0
    assert rates.half_flops > 0
    assert set(rates.copies) == {2**10, 2**12}
    assert min(rates.copies.values()) > 0


def test_table_says_floor_measured_and_what_the_time_goes_into():
    row = {
        'parts': {'data': 0.01, 'network': 0.08, 'write': 0.01},
        'floors': {PRODUCTS: 0.04, 'norms': 0.01},
        # Shares only: profiled runs are slower.
        'profile': {PRODUCTS: 0.12, 'norms': 0.04},
        'gflop': 4.0,
    }
    lines = stage_costs.floor_table({'cams': row}).splitlines()
    assert lines[2] == (
        '| cams | 4.0 | 40.0 | 50.0 | 100.0 | 2.5 '
        '| products 60 %, norms 20 %, data 10 %, write 10 % |'
    )


def test_parts_on_the_device_are_counted_by_name():
    parts = {
        'data': lambda _: torch.ones(3, 4) @ torch.ones(4, 4),
        'network': lambda x: x @ torch.ones(4, 2),
        'walk': lambda x: x.T @ x,
        'write': lambda x: x @ x,
    }
    works = stage_costs.count(parts)
    flops = {k: sum(w.flops for w in own) for k, own in works.items()}
    assert flops == {'network': 2 * 3 * 4 * 2, 'walk': 2 * 2 * 3 * 2}
