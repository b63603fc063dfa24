"""ONNX and TorchScript files of a trained model, checked on odd sizes."""

import importlib.util
import inspect
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from projects.amr.errors import MissingDependencyError, UserError
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.workflow.deploy.exported_model import ExportedModel

FACTS = 'amr.json'
"""Name of the facts in a file, see :func:`model_facts`."""
TRACED_SIZE = (193, 257)
"""(H, W) of the photo that is traced."""
CHECKED_SIZES = ((129, 193), (227, 161), (321, 255))
"""(H, W) at which a file is compared with the model."""
TOLERANCE = 1e-4
AXES = {
    'image': {1: 'height', 2: 'width'},
    'labels': {1: 'height', 2: 'width'},
    'probabilities': {2: 'height', 3: 'width'},
    'cams': {2: 'height', 3: 'width'},
}
"""Axes of any length, by input or output."""


def export_onnx(model: ExportedModel, facts: dict, path: str | Path) -> float:
    """Write an ONNX file and compare it with the model.

    By torch's tracing exporter, in seconds; where its file is not right, by
    the one that follows the graph (package onnxscript), in a minute or more.
    ``facts`` are kept in the file's metadata. Returns the largest difference
    over :data:`CHECKED_SIZES`.

    Raises MissingDependencyError if onnx or onnxruntime is not installed,
    UserError if the model cannot be expressed, or the file differs by more
    than :data:`TOLERANCE`; nothing is published then.
    """
    packages = _onnx_packages()
    arguments = {
        'input_names': ['image'],
        'output_names': list(model.outputs),
        'opset_version': 18,
    }
    names = ('image', *model.outputs)
    axes = {k: AXES[k] for k in names if k in AXES}
    try:
        return _write_onnx(
            model, facts, path, packages, dynamic_axes=axes, **arguments
        )
    except UserError:  # attention, say, keeps the size that was traced
        if not _has_graph_exporter():
            raise
    sides = dict.fromkeys(AXES['image'], torch.export.Dim.AUTO)
    return _write_onnx(
        model,
        facts,
        path,
        packages,
        dynamo=True,
        external_data=False,
        verbose=False,
        dynamic_shapes={'image': sides},
        **arguments,
    )


def _write_onnx(model, facts, path, packages, dynamo=False, **options):
    """Export one way, add the facts, compare, publish."""
    onnx, runtime = packages
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = dynamo
    with atomic_write(path) as file, _tracing(path), torch.no_grad():
        torch.onnx.export(model, (_photo(TRACED_SIZE),), file.name, **options)
        content = onnx.load(file.name)
        content.metadata_props.add(key=FACTS, value=json.dumps(facts))
        onnx.checker.check_model(content)
        onnx.save(content, file.name)
        session = runtime.InferenceSession(
            file.name, providers=['CPUExecutionProvider']
        )
        return _require_equal(
            model, lambda x: session.run(None, {'image': x.numpy()}), path
        )


def _has_graph_exporter() -> bool:
    """Return whether torch has its newer exporter, which takes a minute."""
    sizes = getattr(getattr(torch, 'export', None), 'Dim', None)
    known = hasattr(sizes, 'AUTO')
    return known and importlib.util.find_spec('onnxscript') is not None


def export_torchscript(
    model: ExportedModel, facts: dict, path: str | Path
) -> float:
    """Write a TorchScript file and compare it with the model.

    ``facts`` become an extra file in the archive. Returns the largest
    difference over :data:`CHECKED_SIZES`. Raises UserError if it is more than
    :data:`TOLERANCE`; nothing is published then.
    """
    extra = {FACTS: json.dumps(facts)}
    with atomic_write(path) as file, torch.no_grad(), _tracing(path):
        traced = torch.jit.trace(model, _photo(TRACED_SIZE), check_trace=False)
        torch.jit.save(traced, file.name, _extra_files=extra)
        loaded = torch.jit.load(file.name)
        return _require_equal(model, loaded, path)


def _photo(size: tuple[int, int]) -> torch.Tensor:
    """A photo (1, H, W, 3) of smooth colours and some noise, uint8."""
    rng = np.random.default_rng(size)
    rows, columns = np.mgrid[: size[0], : size[1]]
    waves = np.stack([rows / 9, columns / 13, (rows + columns) / 21], -1)
    values = 127 + 90 * np.sin(waves) + rng.normal(0, 12, (*size, 3))
    return torch.from_numpy(values.clip(0, 255).astype(np.uint8)[None])


@torch.no_grad()
def _require_equal(model: ExportedModel, run, path) -> float:
    """Largest difference of a file's outputs; refuse one that is wrong."""
    worst = 0.0
    for size in CHECKED_SIZES:
        image = _photo(size)
        for name, wanted, found in zip(
            model.outputs, model(image), run(image), strict=True
        ):
            found = torch.as_tensor(found)
            if found.shape != wanted.shape:
                raise UserError(
                    f'{path}: for a photo of (H, W) {size} {name} has shape '
                    f'{tuple(found.shape)}, the model gives '
                    f'{tuple(wanted.shape)}: a part of the model fixes the '
                    'size when it is traced, so it cannot be exported'
                )
            if name != 'labels':  # which a tie may decide either way
                worst = max(worst, (found - wanted).abs().max().item())
    if not worst <= TOLERANCE:
        raise UserError(
            f'{path}: outputs differ by {worst:.1e} from those of the model, '
            f'more than {TOLERANCE:g}: a part of the model depends on the '
            'values or the size of the photo that was traced, so it cannot '
            'be exported'
        )
    return worst


def _onnx_packages():
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError(
            f'{error.name} is not installed: pip install '
            "'.[deploy]' (packages onnx and onnxruntime); or export "
            'with --format torchscript'
        ) from None
    return onnx, onnxruntime


@contextmanager
def _tracing(path) -> Iterator[None]:
    """Keep notes of tracing back, since files are compared; name faults."""
    logger = logging.getLogger('onnxscript')
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    except (UserError, OSError):
        raise
    except Exception as error:  # exporters and runtimes raise of all kinds
        raise UserError(
            f'{path}: the model cannot be exported: {error}'
        ) from error
    finally:
        logger.setLevel(level)
