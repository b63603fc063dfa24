r"""Gaussian filter in any number of dimensions: the permutohedral lattice.

"Fast High-Dimensional Filtering Using the Permutohedral Lattice" (Adams,
Baek and Davis, Eurographics 2010), with the constants and the order of blurs
of the densecrf library, so that both give the same sums. The three steps,
splat, blur and slice, are sparse matrices: numpy and scipy are enough, no
compiler is needed.

Shape legend: P points, D feature dimensions, V lattice vertices that some
point touches, C channels of the filtered values. Points are embedded in the
hyperplane of R^(D+1) whose coordinates sum to 0; each lies in a simplex of
D + 1 vertices. A vertex is named by its first D coordinates, the *key*.
"""

import numpy as np
from scipy import sparse

from projects.amr.ops.checks import require


class PermutohedralLattice:
    r"""Approximate Gaussian filter over one fixed set of points.

    .. math::
        y_i \approx c \sum_j \exp\left(-\tfrac{1}{2} |f_i - f_j|^2\right) x_j

    with j = i included. It is an approximation: the kernel is piecewise
    linear, and vertices that no point touches are absent, so that c depends
    on D and on how densely the points lie (over clouds of 3000 points: 0.9
    for D = 1, 0.6 for D = 5). Divided by the filter of ones, c cancels.
    Building costs as much as many filterings: build once, filter often.

    Args:
        features (np.ndarray): Points in units of the kernel's standard
            deviation, real and finite, shape (P, D), P and D at least 1.

    Attributes:
        num_points (int): P.
        num_vertices (int): V, at most (P + 3) * (D + 1).

    Raises:
        ValueError: If a value is not finite, or too large for the lattice.

    Example:
        >>> lattice = PermutohedralLattice(np.array([[0.0], [0.5], [9.0]]))
        >>> mean = lattice.filter(np.arange(3.0)) / lattice.filter(np.ones(3))
        >>> [round(float(x), 2) for x in mean]  # exact: 0.47, 0.53, 2
        [0.47, 0.5, 2.0]
    """

    def __init__(self, features: np.ndarray):
        features = _check_features(features)
        self.num_points, dim = features.shape
        # densecrf works on blocks of four points (x86): the last block's
        # unused places hold points at 0, whose vertices take part in blurs.
        features = np.pad(features, ((0, -self.num_points % 4), (0, 0)))
        origin, rank, weights = _enclosing_simplex(_elevate(features))
        codes, steps = _vertex_codes(origin, rank)
        vertices, index = _number(codes)
        self.num_vertices = len(vertices)
        size = self.num_points * (dim + 1)
        self._slice = sparse.csr_array(
            (
                weights.ravel()[:size],
                index.ravel()[:size],
                np.arange(0, size + 1, dim + 1),
            ),
            shape=(self.num_points, self.num_vertices),
        )
        self._splat = self._slice.T
        # In the order of the axes, as densecrf blurs.
        self._blurs = [_blur_matrix(vertices, step) for step in steps]
        # densecrf's constant; it cancels where kernels are normalised.
        self._gain = np.float32(1 / (1 + 2.0**-dim))

    def filter(
        self, values: np.ndarray, transposed: bool = False
    ) -> np.ndarray:
        """Sum the values (P,) or (P, C) of all points under the kernel.

        ``transposed`` filters with the transposed matrix, as gradients need
        it: the blurs in reverse order.
        """
        values = np.ascontiguousarray(values, dtype=np.float32)
        on_lattice = self._splat @ values
        for blur in self._blurs[::-1] if transposed else self._blurs:
            on_lattice = blur @ on_lattice
        return self._gain * (self._slice @ on_lattice)


def _check_features(features: np.ndarray) -> np.ndarray:
    """Float32 features in the lattice's range."""
    features = np.asarray(features, np.float32)
    # The lattice coordinates must be exact integers in float32.
    limit = 2**22 / (features.shape[1] + 1) ** 2
    most = np.abs(features).max()
    rule = f'finite and below {limit:.0f} in magnitude'
    require(most < limit, 'features', most, rule)
    return features


def _elevate(features: np.ndarray) -> np.ndarray:
    """Embed (P, D) points in the hyperplane, one coordinate a row.

    The scale makes splat, blur and slice together a kernel of standard
    deviation 1.
    """
    num_points, dim = features.shape
    axis = np.arange(dim)
    # Rounded as densecrf does: a point on the border of two simplices, as
    # pixels often are, must fall on the same side.
    spread = np.float64(np.float32(np.sqrt(2 / 3) * (dim + 1)))
    scale = (spread / np.sqrt((axis + 1) * (axis + 2))).astype(np.float32)
    scaled = np.ascontiguousarray((features * scale).T)
    elevated = np.empty((dim + 1, num_points), np.float32)
    tail = np.zeros(num_points, np.float32)
    for row in range(dim, 0, -1):
        elevated[row] = tail - row * scaled[row - 1]
        tail += scaled[row - 1]
    elevated[0] = tail
    return elevated


def _enclosing_simplex(
    elevated: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simplex and barycentric coordinates of elevated points (D + 1, P).

    Its vertex of remainder 0, int32 (D + 1, P); the rank of each coordinate's
    distance to it, 0 for the largest, which names the simplex; the weights of
    its vertices by remainder, float32 (P, D + 1), with sum 1.
    """
    size = len(elevated)
    # Nearest vertex of remainder 0: a multiple of D + 1 per coordinate.
    multiple = np.rint(elevated * np.float32(1 / size)).astype(np.int32)
    origin = multiple * size
    rank = _rank_rows(elevated - origin.astype(np.float32))
    # Rounding may leave the hyperplane; move the worst coordinates back.
    rank += multiple.sum(0, dtype=np.int32)
    # Ranks wrap around by D + 1, and the vertex moves with them.
    shift = size * ((rank < 0).astype(np.int32) - (rank >= size))
    rank += shift
    origin += shift

    offset = (elevated - origin.astype(np.float32)) * np.float32(1 / size)
    ordered = np.empty_like(offset)
    np.put_along_axis(ordered, rank, offset, axis=0)
    weights = np.empty_like(offset)
    # Barycentric weights are the gaps of the sorted offsets.
    weights[0] = 1 + ordered[-1] - ordered[0]
    weights[1:] = (ordered[:-1] - ordered[1:])[::-1]
    return origin, rank, np.ascontiguousarray(weights.T)


def _rank_rows(values: np.ndarray) -> np.ndarray:
    """Rank each column's entries, 0 for the largest, ties by row."""
    rank = np.zeros(values.shape, np.int32)
    for i in range(len(values)):
        for j in range(i + 1, len(values)):
            less = values[i] < values[j]
            rank[i] += less
            rank[j] += ~less
    return rank


def _vertex_codes(
    origin: np.ndarray, rank: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Codes (P, D + 1) of every simplex's vertices; steps of the axes.

    A code is a linear function of the key, so a step along a lattice axis
    adds the same number to every code.
    """
    size = len(origin)
    dim = size - 1
    keys, rank = origin[:dim].astype(np.int64), rank[:dim]
    # Room for every vertex of the simplex and one step of the blur.
    low = keys.min(axis=1, keepdims=True) - 2 * size
    radix = _radix((keys.max(axis=1) + 2 * size - low[:, 0] + 1).tolist())
    base = radix @ (keys - low)
    diagonal = radix.sum(keepdims=True)  # of one more in every coordinate
    codes = np.empty((keys.shape[1], size), np.int64)
    for remainder in range(size):
        # Coordinates of the highest ranks are lower by D + 1.
        wraps = rank > dim - remainder
        codes[:, remainder] = base + remainder * diagonal
        codes[:, remainder] -= size * (radix @ wraps)
    steps = np.concatenate([size * radix - diagonal, -diagonal])
    return codes, steps


def _radix(spans: list[int]) -> np.ndarray:
    """Place values of a mixed-radix number with the given digits.

    Where 64 bits are too few (many dimensions), fixed random odd multipliers
    are taken, modulo 2^64: two keys then share a code with a probability of
    about ``V^2 / 2^65``, below 1e-5 for ten million vertices.
    """
    values = [1]
    for span in spans:
        values.append(values[-1] * span)
    if values[-1] < 2**62:
        return np.array(values[:-1], np.int64)
    rng = np.random.default_rng(0)
    return rng.integers(-(2**62), 2**62, len(spans)) * 2 + 1


def _number(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted codes (V,), and each code's number: ``np.unique``'s inverse.

    Neighbouring pixels often share a vertex; only the first of a run of
    equal codes is sorted.
    """
    by_remainder = codes.T.ravel()
    first = np.empty(len(by_remainder), bool)
    first[0] = True
    np.not_equal(by_remainder[1:], by_remainder[:-1], out=first[1:])
    values, inverse = np.unique(by_remainder[first], return_inverse=True)
    number = inverse.astype(np.int32)[np.cumsum(first) - 1]
    return values, number.reshape(codes.shape[::-1]).T


def _blur_matrix(vertices: np.ndarray, step: int) -> sparse.csr_array:
    """Matrix (V, V) of the blur (1/2, 1, 1/2) along one lattice axis.

    A ``step`` along it adds to a code; a neighbour that does not exist is 0.
    """
    count = len(vertices)
    wanted = vertices + step
    found = np.searchsorted(vertices, wanted).clip(max=count - 1)
    lower = np.flatnonzero(vertices[found] == wanted).astype(np.int32)
    upper = found[lower].astype(np.int32)
    own = np.arange(count, dtype=np.int32)
    row = np.concatenate([own, lower, upper])
    column = np.concatenate([own, upper, lower])
    weight = np.full(len(row), 0.5, np.float32)
    weight[:count] = 1
    return sparse.csr_array((weight, (row, column)), shape=(count, count))
