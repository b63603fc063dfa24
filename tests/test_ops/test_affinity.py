import pytest
import torch
from pixel_pairs import brute_path_max

from projects.amr.ops.affinity import pairwise_affinity, path_max
from projects.amr.ops.path_index import half_disc_offsets, path_cells

SIZES = [(1, 1), (1, 6), (5, 1), (3, 4), (7, 11), (13, 9)]


def gathered_path_max(boundary, radius):
    """Path maxima under autograd, by gathering all cells of all paths."""
    num_maps, height, width = boundary.shape
    y, x = torch.meshgrid(
        torch.arange(height), torch.arange(width), indexing='ij'
    )
    rows = []
    for dy, dx in half_disc_offsets(radius):
        cells = torch.tensor(path_cells((dy, dx)))
        inside = (y + dy < height) & (x + dx >= 0) & (x + dx < width)
        index = (y + cells[:, :1, None]).clamp(0, height - 1) * width
        index = index + (x + cells[:, 1:, None]).clamp(0, width - 1)
        values = boundary.flatten(1)[:, index.flatten()]
        values = values.view(num_maps, len(cells), height, width)
        rows.append(torch.where(inside, values.max(1).values, 1.0))
    if not rows:
        return boundary.new_ones(num_maps, 0, height, width)
    return torch.stack(rows, 1)


def grads(function, boundary, radius):
    leaf = boundary.clone().requires_grad_()
    maxima = function(leaf, radius)
    weight = torch.linspace(-1, 2, maxima.numel(), dtype=boundary.dtype)
    # The second term makes a graph also where there are no pairs.
    total = (maxima * weight.view_as(maxima)).sum() + 0 * leaf.sum()
    total.backward()
    return maxima.detach(), leaf.grad


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('radius', [1, 2, 4, 10])
def test_values_equal_plain_loops(size, radius):
    boundary = torch.rand(size)
    expected = brute_path_max(boundary, radius)
    assert torch.equal(path_max(boundary, radius), expected)
    traced = path_max(boundary.clone().requires_grad_(), radius)
    assert torch.equal(traced, expected)
    assert torch.equal(pairwise_affinity(boundary, radius), 1 - expected)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('radius', [1, 2, 5, 10])
@pytest.mark.parametrize('levels', [None, 3], ids=['distinct', 'ties'])
def test_gradients_equal_the_index_gather(size, radius, levels):
    boundary = torch.rand(2, *size, dtype=torch.float64)
    if levels is not None:
        boundary = (boundary * levels).round() / levels
    values, gradient = grads(path_max, boundary, radius)
    expected_values, expected_gradient = grads(
        gathered_path_max, boundary, radius
    )
    assert torch.equal(values, expected_values)
    torch.testing.assert_close(gradient, expected_gradient)
    values, gradient = grads(pairwise_affinity, boundary, radius)
    assert torch.equal(values, 1 - expected_values)
    torch.testing.assert_close(gradient, -expected_gradient)


@pytest.mark.parametrize('size', [(200, 170), (128, 256)])
def test_maps_too_large_for_short_ranks(size):
    boundary = torch.rand(1, *size)  # 2 ** 15 cells or more
    values, gradient = grads(path_max, boundary, 2)
    expected_values, expected_gradient = grads(gathered_path_max, boundary, 2)
    assert torch.equal(values, expected_values)
    torch.testing.assert_close(gradient, expected_gradient)


def test_what_was_in_memory_before_does_not_matter():
    boundary = torch.rand(2, 5, 7)
    expected = torch.stack([brute_path_max(own, 4) for own in boundary])
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)  # new memory holds NaN
    try:
        assert torch.empty(1).isnan()
        got = path_max(boundary, 4)
    finally:
        torch.use_deterministic_algorithms(before)
    assert torch.equal(got, expected)


def test_shapes():
    boundary = torch.rand(2, 1, 6, 5)
    four = pairwise_affinity(boundary, 3)
    assert four.shape == (2, len(half_disc_offsets(3)), 6, 5)
    assert torch.equal(pairwise_affinity(boundary[:, 0], 3), four)
    assert torch.equal(pairwise_affinity(boundary[1, 0], 3), four[1])
    leaf = boundary.requires_grad_()
    pairwise_affinity(leaf, 3).sum().backward()
    assert leaf.grad.shape == boundary.shape


def test_gradient_in_half_precision_is_added_up_in_single():
    boundary = torch.zeros(30, 30, dtype=torch.bfloat16)
    boundary[15, 15] = 1
    boundary.requires_grad_()
    path_max(boundary, 10).sum().backward()
    # Many more pairs than the 256 up to which bfloat16 counts by ones.
    exact = boundary.detach().float().requires_grad_()
    path_max(exact, 10).sum().backward()
    assert exact.grad[15, 15] > 1000
    assert torch.equal(boundary.grad, exact.grad.bfloat16())


def test_wrong_input():
    with pytest.raises(TypeError, match='boundary'):
        path_max(torch.zeros(3, 3, dtype=torch.uint8), 2)
    with pytest.raises(TypeError):
        path_max([[0.0]], 2)
    for shape in [(3,), (2, 2, 3, 3), (1, 1, 1, 3, 3), (0, 3), (2, 1, 3, 0)]:
        with pytest.raises(ValueError, match='boundary'):
            path_max(torch.zeros(shape), 2)
    with pytest.raises(ValueError, match='radius'):
        path_max(torch.zeros(3, 3), 0)
