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
        """Read a file of :func:`numpy.savez`.

        Args:
            path (str | Path): Holds ``classes`` (n,) text, ``embeddings``
                (n, E) and ``background`` (D, E) numbers, D at least 0.

        Returns:
            TextEmbeddings: With rows scaled to length 1.

        Raises:
            MissingWeightsError: If there is no such file.
            DataError: If it is damaged or breaks a rule; each is named.
        """
        path = Path(path).expanduser()
        try:
            arrays = load_arrays(path)
        except FileNotFoundError:
            raise MissingWeightsError(
                f'text embeddings not found: {path}. '
                'configs/plug_and_play/README.md shows how to make the file; '
                'name it with --cfg-options model.text_file=FILE'
            ) from None
        except ValueError as error:
            raise DataError(
                f'{path} holds no text embeddings that numpy.savez wrote '
                f'({error}): make it again'
            ) from None
        faults = list(_faults(arrays))
        if faults:
            raise DataError(
                f'{path} breaks a rule:\n{list_faults(faults)}\n'
                'Make it again, see configs/plug_and_play/README.md'
            )
        return cls(
            str(path),
            tuple(str(name) for name in arrays['classes']),
            _unit(arrays['embeddings']),
            _unit(arrays['background']),
        )

    def of_classes(self, names: Sequence[str]) -> np.ndarray:
        """Rows of a class list, in its order.

        Args:
            names (Sequence[str]): Foreground classes.

        Returns:
            np.ndarray: Shape (len(names), E).

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


def _faults(arrays: dict[str, np.ndarray]):
    """Yield each rule that a file's arrays break."""
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        yield f'missing: {", ".join(missing)}; there are {sorted(arrays)}'
        return
    classes, embeddings, background = (arrays[key] for key in KEYS)
    if classes.dtype.kind != 'U' or classes.ndim != 1:
        yield f'classes must be texts (n,), got {_form(classes)}'
        return
    if len(set(classes.tolist())) != len(classes):
        yield 'classes has a name twice'
    for name, array in (
        ('embeddings', embeddings),
        ('background', background),
    ):
        if array.dtype.kind != 'f' or array.ndim != 2:
            yield f'{name} must be numbers (n, E), got {_form(array)}'
        elif not np.isfinite(array).all() or not array.any(1).all():
            yield f'{name} has a row that is 0 or not finite'
    if embeddings.shape[:1] != classes.shape:
        yield f'{len(classes)} classes, embeddings {embeddings.shape}'
    if embeddings.shape[1:] != background.shape[1:]:
        yield f'embeddings {embeddings.shape}, background {background.shape}'


def _form(array: np.ndarray) -> str:
    """Type and shape of an array in words."""
    return f'{array.dtype} {array.shape}'


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows (n, E) scaled to length 1, float32."""
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
