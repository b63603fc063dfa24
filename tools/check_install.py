#!/usr/bin/env python
"""Say what of the installation is missing or does not fit, and what to do.

One line a check: ``ok``, ``note`` (works without it) or ``problem``, with
what to do. Exit code 0 without a problem, 4 with one. Every package is
imported as late as can be, so the answer comes even where most is missing.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / 'tools' / 'misc')]

from installed_packages import (  # noqa: E402
    NOTE,
    OK,
    PROBLEM,
    check_optional,
    check_packages,
    check_python,
    check_stack,
    check_torch_pair,
    one_line,
)

PARTS = {
    'MODELS': (
        'AMR',
        'CAMClassifier',
        'IRNet',
        'AffinityNet',
        'DeepLabV2Head',
    ),
    'DATASETS': ('VOCWeakLabelDataset', 'VOCLabelMapDataset'),
    'TRANSFORMS': ('LoadWeakLabelImage', 'RandomWalkPseudoLabel'),
    'METRICS': ('CAMIoUMetric', 'MapAgreementMetric'),
    'HOOKS': ('CAMGenerationHook',),
}
WEIGHTS = ('amr_r50_voc.py', 'deeplabv2_r101_voc.py')


def check_device() -> Iterator[tuple]:
    """GPUs."""
    import torch

    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        names = {torch.cuda.get_device_name(i) for i in range(count)}
        yield OK, f'{count} GPU: {", ".join(sorted(names))}', ''
    else:
        text = 'torch sees no GPU: everything runs on the CPU'
        yield NOTE, text, 'fine for ToyVOC; VOC 2012 wants one'


def check_project() -> Iterator[tuple]:
    """The project's parts in mmseg's registries."""
    from mmengine.registry import init_default_scope
    from mmseg import registry

    import projects.amr  # noqa: F401

    init_default_scope('mmseg')
    missing = [
        f'{name}.{part}'
        for name, parts in PARTS.items()
        for part in parts
        if getattr(registry, name).get(part) is None
    ]
    if missing:
        text = f'projects.amr did not register {", ".join(missing)}'
        yield PROBLEM, text, 'git status: is a file missing or changed?'
    else:
        yield OK, f'projects.amr in {ROOT}, parts registered', ''


def check_bases() -> Iterator[tuple]:
    """Inheritance from mmseg's own configs."""
    from mmengine.config import Config

    from projects.amr.runtime.config.config_reading import allow_mmseg_bases

    allow_mmseg_bases()
    with tempfile.TemporaryDirectory() as folder:
        child = Path(folder, 'child.py')
        child.write_text("_base_ = 'mmseg::_base_/models/fcn_r50-d8.py'\n")
        Config.fromfile(child)
    yield OK, "_base_ = 'mmseg::...' resolves", ''


def check_data() -> Iterator[tuple]:
    """VOC 2012 and initial weights; notes, since ToyVOC needs neither."""
    from mmengine.config import Config

    from projects.amr.runtime.checkpoints.pretrained import (
        cached_path,
        find_pretrained,
    )

    root = Path(os.environ.get('VOC_ROOT', ROOT / 'data/VOCdevkit/VOC2012'))
    path = root / 'ImageSets' / 'Segmentation' / 'train_aug.txt'
    if path.is_file():
        count = len(path.read_text(encoding='utf-8').split())
        yield OK, f'VOC 2012 in {root}: train_aug has {count:,} images', ''
    else:
        fix = 'tools/dataset_converters/prepare_voc.py, or set VOC_ROOT'
        yield NOTE, f'no VOC 2012 with train_aug.txt in {root}', fix
    sources = {
        source
        for name in WEIGHTS
        for _, source in find_pretrained(
            Config.fromfile(ROOT / 'configs' / name).model
        )
    }
    for source in sorted(sources):
        url = source.startswith(('http://', 'https://'))
        place = cached_path(source) if url else Path(source).expanduser()
        if place.is_file():
            yield OK, f'initial weights {place}', ''
        else:
            what = f'downloaded when first needed, or get {source} yourself'
            yield NOTE, f'initial weights {place} are not there yet', what


CHECKS = (
    check_python,
    check_packages,
    check_torch_pair,
    check_stack,
    check_optional,
    check_device,
    check_project,
    check_bases,
    check_data,
)


def results(check: Callable[[], Iterator[tuple]]) -> Iterator[tuple]:
    """Results of a check; if it stops, that is one."""
    found = check()
    while True:
        try:
            # Some packages print while they are imported.
            with (
                redirect_stdout(io.StringIO()),
                redirect_stderr(io.StringIO()),
            ):
                result = next(found)
        except StopIteration:
            return
        except Exception as error:
            what = (check.__doc__ or '').rstrip('.')
            yield PROBLEM, f'{what}: {one_line(error)}', 'mend what is above'
            return
        yield result


def main() -> int:
    """Run all checks, print a line each."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    warnings.simplefilter('ignore')
    states = []
    for check in CHECKS:
        for state, text, fix in results(check):
            states.append(state)
            report(state, text, fix)
    problems, notes = states.count(PROBLEM), states.count(NOTE)
    print(f'{len(states)} checks: {problems} problems, {notes} notes')
    return 4 if problems else 0


def report(state: str, text: str, fix: str | None) -> None:
    """Print one line."""
    print(f'{state:<8} {text}' + (f' -> {fix}' if fix else ''))


if __name__ == '__main__':
    sys.exit(main())
