import pytest
import torch
from pixel_pairs import dense_step

from projects.amr.ops.path_index import half_disc_offsets
from projects.amr.ops.transition import transition_matrix


@pytest.mark.parametrize('size', [(1, 1), (1, 5), (5, 1), (2, 3), (6, 7)])
@pytest.mark.parametrize('radius', [1, 2, 5])
def test_equals_plain_loops(size, radius):
    offsets = half_disc_offsets(radius)
    affinity = torch.rand(len(offsets), *size)
    step = transition_matrix(affinity, radius, 2.5)
    matrix, degree = dense_step(affinity, radius, 2.5)
    torch.testing.assert_close(step.matrix.to_dense(), matrix)
    torch.testing.assert_close(step.degree, degree)
    torch.testing.assert_close(
        step.matrix.to_dense().sum(1), torch.ones_like(degree)
    )


def test_is_sound_csr_and_as_sparse_as_promised():
    step = transition_matrix(torch.rand(34, 13, 17), 5, 10.0)
    csr = step.matrix
    torch.sparse_csr_tensor(  # columns ascend, none twice
        csr.crow_indices(),
        csr.col_indices(),
        csr.values(),
        size=csr.shape,
        check_invariants=True,
    )
    assert csr.crow_indices().diff().max() == 2 * 34 + 1


@pytest.mark.parametrize(
    'affinity', [torch.rand(2, 3, 3), torch.rand(4, 3, 3) + 2]
)
def test_wrong_input(affinity):
    with pytest.raises(ValueError, match='affinity'):
        transition_matrix(affinity, 2, 1.0)
