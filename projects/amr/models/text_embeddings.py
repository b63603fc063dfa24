"""Embeddings of class names and background words, from a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from projects.amr.errors import (
    DataError,
    MissingWeightsError,
    did_you_mean,
    list_faults,
)
from projects.amr.ops.checks import require
from projects.amr.runtime.files.array_archive import load_arrays

KEYS = ('classes', 'embeddings', 'background')


@dataclass
class TextEmbeddings:
    """Embeddings of class names and background words by a text encoder.

    Args:
        path (str): Of the file, for messages.
        classes (tuple[str, ...]): n names, each once.
        embeddings (np.ndarray): One row a name, float32, shape (n, E), of
            length 1.
        background (np.ndarray): One row a background text, shape (D, E),
            likewise.
    """

    path: str
    classes: tuple[str, ...]
    embeddings: np.ndarray
    background: np.ndarray

    @classmethod
    def load(cls, path: str | Path) -> 'TextEmbeddings':
        """Read a file of :func:`numpy.savez`; rows are scaled to length 1.

        It holds ``classes`` (n,) text, ``embeddings`` (n, E) and
        ``background`` (D, E) numbers, D at least 0.

        Raises:
            MissingWeightsError: If there is no such file.
            DataError: If it is damaged or breaks a rule.
        """
        path = Path(path).expanduser()
        try:
            arrays = load_arrays(path)
            _check(arrays)
        except FileNotFoundError:
            raise MissingWeightsError(
                f'text embeddings not found: {path}. '
                'configs/plug_and_play/README.md shows how to make the file; '
                'name it with --cfg-options model.text_file=FILE'
            ) from None
        except ValueError as error:
            raise DataError(
                f'{path} holds no text embeddings ({error}): make it again, '
                'see configs/plug_and_play/README.md'
            ) from None
        return cls(
            str(path),
            tuple(str(name) for name in arrays['classes']),
            _unit(arrays['embeddings']),
            _unit(arrays['background']),
        )

    def of_classes(self, names: Sequence[str]) -> np.ndarray:
        """Rows (len(names), E) of foreground classes, in their order.

        Raises:
            DataError: If the file lacks a name; the nearest are named.
        """
        rows = {name: row for row, name in enumerate(self.classes)}
        missing = [name for name in names if name not in rows]
        if missing:
            lines = [f'{n!r}{did_you_mean(n, self.classes)}' for n in missing]
            raise DataError(
                f'{self.path} has no text for these classes of the data:\n'
                f'{list_faults(lines)}\nAdd them under these very names'
            )
        return self.embeddings[[rows[name] for name in names]]


def _check(arrays: dict[str, np.ndarray]) -> None:
    """Refuse a file's arrays that break a rule."""
    missing = [key for key in KEYS if key not in arrays]
    require(not missing, 'arrays', sorted(arrays), f'those of {KEYS}')
    classes, embeddings, background = (arrays[key] for key in KEYS)
    fits = classes.dtype.kind == 'U' and classes.ndim == 1
    require(fits, 'classes', (classes.dtype, classes.shape), 'texts (n,)')
    names = classes.tolist()
    require(len(set(names)) == len(names), 'classes', names, 'distinct')
    for name, array in zip(KEYS[1:], (embeddings, background), strict=True):
        fits = array.dtype.kind == 'f' and array.ndim == 2
        require(fits, name, (array.dtype, array.shape), 'numbers (n, E)')
        fits = np.isfinite(array).all() and array.any(1).all()
        require(fits, name, array.shape, 'finite, no row 0')
    shape = len(names), background.shape[1]
    require(embeddings.shape == shape, 'embeddings', embeddings.shape, shape)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows (n, E) scaled to length 1, float32."""
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
