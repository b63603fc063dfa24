"""Rules that lists, images, labels and masks must keep."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

from projects.amr.cpu import usable_cores
from projects.amr.datasets.images.file_facts import (
    annotation_facts,
    image_facts,
    mask_facts,
)
from projects.amr.datasets.images.image_ids import (
    ScannedList,
    same_text,
    scan_id_list,
    strip_image_suffix,
)
from projects.amr.datasets.labels.label_agreement import MAX_CONTRADICTIONS
from projects.amr.datasets.labels.label_file import read_label_table
from projects.amr.datasets.labels.weak_labels import ClassNames, check_columns
from projects.amr.errors import DataError
from projects.amr.runtime.processes.item_pool import run_items
from projects.amr.structures.label_rules import (
    check_label_counts,
    check_mask_size,
)
from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
    foreground_names,
)
from projects.amr.workflow.preflight.report import PreflightReport, SplitReport
from projects.amr.workflow.preflight.splits import SplitToCheck

READERS = {
    'image': image_facts,
    'annotation': annotation_facts,
    'mask': mask_facts,
}
# Starting worker processes takes longer than reading some hundred files.
MIN_FILES_FOR_WORKERS = 400


class _FactJob:
    """Reads one file per item, a kind and a path; writes nothing."""

    def load(self, item: tuple[str, Path]) -> None:
        """No file is read already."""

    def make(self, item: tuple[str, Path]) -> dict:
        """Facts of a file, or its fault."""
        kind, path = item
        try:
            return READERS[kind](path)
        except DataError as error:
            return {'fault': str(error)}


def read_facts(
    files: Iterable[tuple[str, Path]], num_workers: int | None = None
) -> dict[tuple[str, Path], dict]:
    """Read each file once: its facts, or ``fault``, by kind and path.

    Kinds are ``'image'``, ``'annotation'`` and ``'mask'``, see
    ``file_facts.py``. By default one process per core, at most 8, none for a
    few files.
    """
    items = dict.fromkeys(files)
    if num_workers is None:
        few = len(items) < MIN_FILES_FOR_WORKERS
        num_workers = 0 if few else min(usable_cores(), 8)
    return run_items(
        _FactJob(), items, num_workers=num_workers, title='files checked'
    )[0]


def check_splits(
    splits: list[SplitToCheck],
    num_workers: int | None = None,
    allow_overlap: bool = False,
    max_contradictions: float = MAX_CONTRADICTIONS,
) -> PreflightReport:
    """Check lists, and every file that belongs to their images.

    ``allow_overlap`` accepts, and records, images that a training list shares
    with validation or test. ``max_contradictions`` is the share of all images,
    in [0, 1], whose label and mask may contradict each other.
    """
    checkers = [_SplitChecker(split) for split in splits]
    files = (file for checker in checkers for file in checker.to_read())
    facts = read_facts(files, num_workers)
    reports = [checker.check(facts) for checker in checkers]
    return PreflightReport(
        reports,
        _overlaps(reports),
        allow_overlap,
        len(facts),
        max_contradictions,
    )


class _SplitChecker:
    """Applies the rules to the images of one list."""

    def __init__(self, split: SplitToCheck):
        self.split, self.report = split, SplitReport(split)
        self._names = ClassNames(foreground_names(split.classes))
        self._rows = None
        self.scanned = ScannedList((), (), (), {})
        try:
            self.scanned = scan_id_list(split.path)
            if split.label_file is not None:
                self._read_label_file()
        except DataError as error:
            self.report.whole.append(str(error))
        self._files = {i: self._paths(i) for _, i in self.scanned.entries}

    def _read_label_file(self) -> None:
        """Rows of the label file by image; each may have its own fault."""
        path, rows = self.split.label_file, {}
        table = read_label_table(path)
        check_columns(path, table, self._names)
        for row in table.rows:
            rows.setdefault(strip_image_suffix(row.image), []).append(row)
        self._rows = rows

    def _paths(self, image_id: str) -> dict[str, Path | DataError]:
        """Paths by kind of file, or the fault of a missing image."""
        try:
            image = self.split.image_path(image_id)
        except DataError as error:
            image = error
        return {'image': image, **self.split.label_paths(image_id)}

    def to_read(self) -> Iterable[tuple[str, Path]]:
        """Kind and path of all files; only existing masks."""
        for paths in self._files.values():
            for kind, path in paths.items():
                if isinstance(path, Path) and (
                    kind != 'mask' or path.is_file()
                ):
                    yield kind, path

    def check(self, facts: dict) -> SplitReport:
        """Check the list and its images."""
        report = self.report
        report.notes.update(self.scanned.notes)
        for line, fault in (*self.scanned.unsafe, *self.scanned.doubled):
            report.fault(line, None, fault)
        for line, image_id in self.scanned.entries:
            report.entries.append(image_id)
            for fault in self._faults(image_id, facts):
                report.fault(line, image_id, fault)
        return report

    def _faults(self, image_id: str, facts: dict) -> list[str]:
        paths, faults, found = self._files[image_id], [], {}
        for kind, path in paths.items():
            default = {'fault': str(path)} if kind == 'image' else {}
            found[kind] = facts.get((kind, path), default)
            if 'fault' in found[kind]:
                faults.append(found.pop(kind)['fault'])
        image = found.get('image', {})
        self.report.converted.update(image.get('converted', ()))
        if image.get('plain'):
            self.report.plain.append(str(paths['image']))
        mask, labels = {}, None
        try:
            mask = self._mask(paths.get('mask'), found)
        except DataError as error:
            faults.append(str(error))
        try:
            labels = self._labels(image_id, found, mask)
        except DataError as error:
            return [*faults, str(error)]
        self._count_labels(labels)
        self._compare(str(paths.get('mask')), mask, labels)
        return faults

    def _mask(self, path: Path | None, found: dict) -> dict[int, int]:
        """Pixels of a sound mask by label; {} without one."""
        facts = found.get('mask')
        if path is not None and not path.is_file():
            self.report.counts['without_mask'] += 1
            if self.split.masks_needed:
                raise DataError(f'mask not found: {path}')
        if not facts:
            return {}
        counts = {int(value): n for value, n in facts['counts'].items()}
        size = found.get('image', facts)['size']
        check_mask_size(path, facts['size'], size)
        check_label_counts(path, counts, len(self.split.classes))
        return counts

    def _labels(self, image_id: str, found: dict, mask: dict):
        """Class names, and those of difficult objects alone; None: unknown."""
        split = self.split
        if split.label_file is not None:
            return self._row_labels(image_id)
        if split.labels_in_masks and mask:
            values = set(mask) - {BACKGROUND_LABEL, IGNORE_LABEL}
            return {split.classes[v] for v in values}, set()
        if not found.get('annotation'):
            return None
        objects = found['annotation']['objects']
        for name, _ in objects:
            where = split.label_paths(image_id)['annotation']
            self._names.index(name, str(where))
        every = {name for name, _ in objects}
        plain = {name for name, difficult in objects if not difficult}
        return every if split.include_difficult else plain, every - plain

    def _row_labels(self, image_id: str) -> tuple[set[str], set] | None:
        """Class names in the label file, None if that cannot be read."""
        if self._rows is None:
            return None
        rows = self._rows.get(same_text(image_id), [])
        if not rows:
            raise DataError(
                f'{self.split.label_file} has no row for {image_id!r}'
            )
        if len(rows) > 1:
            where = ', '.join(row.where for row in rows)
            raise DataError(f'{where}: image {image_id!r} occurs twice')
        for name in rows[0].names:
            self._names.index(name, rows[0].where)
        return set(rows[0].names), set()

    def _count_labels(self, labels) -> None:
        if labels is None:
            return
        (names, difficult), counts = labels, self.report.counts
        counts['known_labels'] += 1
        counts['unlabelled'] += not names
        counts['difficult_only_labels'] += len(difficult)
        counts['difficult_only_images'] += bool(
            difficult and names <= difficult
        )
        self.report.per_class.update(names)

    def _compare(self, path: str, mask: dict[int, int], labels) -> None:
        """Compare a mask with the weak label.

        Not where labels are read from masks, nor label maps that a training
        reads: an earlier stage made them, and they may lack a class.
        """
        self.report.mask_counts.update(mask)
        split = self.split
        made = split.role == 'train' and split.masks_needed
        if mask and not split.labels_in_masks and not made:
            names, difficult = labels or (None, set())
            self.report.agreement.add(path, names, mask, difficult)


def _overlaps(reports: list[SplitReport]) -> dict[tuple, list[str]]:
    """Images that a training list shares with another, by both reports."""
    images = {
        report: {*product([report.split.images.resolve()], report.entries)}
        for report in reports
    }
    return {
        (one, other): sorted(i for _, i in images[one] & images[other])
        for one in reports
        for other in reports
        if one.split.role == 'train' != other.split.role
        and images[one] & images[other]
    }
