"""Rules that lists, images, labels and masks must keep, applied to facts."""

from dataclasses import dataclass
from pathlib import Path

from projects.amr.datasets.images.image_files import find_image, in_any_case
from projects.amr.datasets.images.image_ids import ScannedList, scan_id_list
from projects.amr.datasets.labels.label_agreement import MAX_CONTRADICTIONS
from projects.amr.errors import DataError
from projects.amr.structures.label_rules import (
    check_label_counts,
    check_mask_size,
)
from projects.amr.workflow.preflight.labels import (
    FoundLabels,
    LabelFile,
    annotation_labels,
    mask_labels,
)
from projects.amr.workflow.preflight.report import PreflightReport, SplitReport
from projects.amr.workflow.preflight.scanner import Scanner
from projects.amr.workflow.preflight.split import Source, SplitToCheck


@dataclass
class _Files:
    """Files of one image.

    Args:
        image (Path | None): None where it cannot be found.
        fault (str): Why not.
        xml (Path | None): Where labels come from annotations.
        mask (Path | None): Where there is one.
        wanted_mask (Path | None): Where it should be.
    """

    image: Path | None
    fault: str
    xml: Path | None
    mask: Path | None
    wanted_mask: Path | None

    def to_read(self) -> list[tuple[str, Path]]:
        """Kind and path of what there is."""
        files = (
            ('image', self.image),
            ('annotation', self.xml),
            ('mask', self.mask),
        )
        return [(kind, path) for kind, path in files if path is not None]


def check_splits(
    splits: list[SplitToCheck],
    scanner: Scanner,
    allow_overlap: bool = False,
    max_contradictions: float = MAX_CONTRADICTIONS,
) -> PreflightReport:
    """Check lists, and every file that belongs to their images.

    Args:
        splits (list[SplitToCheck]): The lists.
        scanner (Scanner): Reads the files.
        allow_overlap (bool): Whether a training list may share images with a
            list of validation or test; it is recorded. Defaults to False.
        max_contradictions (float): Share of the images of all lists whose
            label and mask may contradict each other. Defaults to 0.1.

    Returns:
        PreflightReport: Every fault, and what was counted.
    """
    scanned, files = {}, {}
    reports = [SplitReport(split) for split in splits]
    for report in reports:
        try:
            scanned[report] = scan_id_list(report.split.path)
        except DataError as error:
            report.broken(str(error))
            continue
        files[report] = {
            image_id: _find_files(report.split.source, image_id)
            for _, image_id in scanned[report].entries
        }
    facts = scanner.facts(
        file
        for found in files.values()
        for one in found.values()
        for file in one.to_read()
    )
    label_files: dict[Source, LabelFile | str] = {}
    for report, entries in scanned.items():
        source = report.split.source
        if source.label_file is not None and source not in label_files:
            label_files[source] = _open_label_file(source)
        checker = _SplitChecker(report, facts, label_files.get(source))
        checker.check(entries, files[report])
    overlaps = _overlaps(scanned)
    return PreflightReport(
        reports,
        overlaps,
        allow_overlap,
        scanner.read,
        scanner.known,
        max_contradictions,
    )


def _find_files(source: Source, image_id: str) -> _Files:
    """Files of an image."""
    image, fault = None, ''
    try:
        if source.image_suffix is None:
            image = find_image(source.images, image_id)
        else:
            image = source.images / (image_id + source.image_suffix)
    except DataError as error:
        fault = str(error)
    xml = mask = None
    if source.xml_dir is not None:
        xml = in_any_case(source.xml_dir / f'{image_id}.xml')
    if source.mask_dir is not None:
        mask = source.mask_dir / (image_id + source.mask_suffix)
        mask = in_any_case(mask)
    there = mask if mask is not None and mask.is_file() else None
    return _Files(image, fault, xml, there, mask)


def _open_label_file(source: Source) -> LabelFile | str:
    """The label file, or what is wrong with it as a whole."""
    try:
        return LabelFile(source.label_file, source.classes)
    except DataError as error:
        return str(error)


class _SplitChecker:
    """Applies the rules to one list's images.

    Args:
        report (SplitReport): Gets faults and counts.
        facts (dict): Of the files, by kind and path.
        label_file (LabelFile | str, optional): Opened, or its fault.
    """

    def __init__(self, report: SplitReport, facts: dict, label_file):
        self.report = report
        self.source = report.split.source
        self._facts = facts
        self._label_file = label_file

    def check(self, scanned: ScannedList, files: dict[str, _Files]) -> None:
        """Check a list and its images."""
        report = self.report
        report.notes.update(scanned.notes)
        for line, fault in (*scanned.unsafe, *scanned.doubled):
            report.fault(line, None, fault)
        if isinstance(self._label_file, str):
            report.broken(self._label_file)
        for line, image_id in scanned.entries:
            for fault in self._faults(image_id, files[image_id]):
                report.fault(line, image_id, fault)
            report.entries.append((line, image_id))

    def _faults(self, image_id: str, files: _Files) -> list[str]:
        """What is wrong with one image, its labels and its mask."""
        faults = []
        image = self._read('image', files.image, faults)
        if files.image is None:
            faults.append(files.fault)
        for kind in image.get('converted', ()):
            self.report.converted[kind] += 1
        if image.get('plain'):
            self.report.plain.append(str(files.image))
        if files.image is not None and self._leads_out(files.image):
            self.report.notes['links that lead out of the data root'] += 1
        mask = self._mask(files, image, faults)
        try:
            labels = self._labels(image_id, files, mask, faults)
        except DataError as error:
            faults.append(str(error))
        else:
            self._count_labels(labels)
            self._compare(files, mask, labels)
        return faults

    def _compare(
        self, files: _Files, mask: dict, labels: FoundLabels | None
    ) -> None:
        """Compare a mask with the weak label.

        Not where labels are read from masks, nor label maps that a training
        reads: an earlier stage made them, and they may lack a class.
        """
        for value, count in mask.get('counts', {}).items():
            self.report.mask_counts[int(value)] += count
        source = self.source
        made = self.report.split.role == 'train' and source.masks_needed
        if not mask or source.labels_in_masks or made:
            return
        self.report.agreement.add(
            str(files.mask),
            None if labels is None else labels.names,
            map(int, mask['counts']),
            () if labels is None else labels.difficult_only,
        )

    def _read(self, kind: str, path: Path | None, faults: list) -> dict:
        """Facts of a file, {} where it has none; its fault is handed in."""
        facts = self._facts.get((kind, path), {})
        if 'fault' in facts:
            faults.append(facts['fault'])
            return {}
        return facts

    def _leads_out(self, path: Path) -> bool:
        """Whether a file is a link to outside the data root."""
        root = self.source.root.resolve()
        return path.is_symlink() and not path.resolve().is_relative_to(root)

    def _mask(self, files: _Files, image: dict, faults: list) -> dict:
        """Check a mask; its facts where it is in order."""
        if files.mask is None:
            if files.wanted_mask is not None:
                self.report.without_mask += 1
            if self.source.masks_needed:
                faults.append(f'mask not found: {files.wanted_mask}')
            return {}
        facts = self._read('mask', files.mask, faults)
        if not facts:
            return {}
        counts = {int(v): count for v, count in facts['counts'].items()}
        try:
            size = facts['size']
            check_mask_size(files.mask, size, image.get('size', size))
            check_label_counts(files.mask, counts, len(self.source.classes))
        except DataError as error:
            faults.append(str(error))
            return {}
        return facts

    def _labels(
        self, image_id: str, files: _Files, mask: dict, faults: list
    ) -> FoundLabels | None:
        """Weak label of an image, None where there is none to check."""
        source = self.source
        if isinstance(self._label_file, LabelFile):
            return self._label_file.labels(image_id)
        if source.labels_in_masks:
            return mask_labels(mask, source.classes) if mask else None
        facts = self._read('annotation', files.xml, faults)
        if not facts:
            return None
        return annotation_labels(
            files.xml, facts, source.classes, source.include_difficult
        )

    def _count_labels(self, labels: FoundLabels | None) -> None:
        """Count images without labels, and with difficult objects alone."""
        if labels is None:
            return
        report = self.report
        report.known_labels += 1
        report.unlabelled += not labels.names
        report.difficult_only_labels += len(labels.difficult_only)
        report.difficult_only_images += bool(
            labels.difficult_only and labels.names <= labels.difficult_only
        )
        report.per_class.update(labels.names)


def _overlaps(scanned: dict[SplitReport, ScannedList]) -> dict[tuple, list]:
    """Images that a training list shares with another, by both reports."""
    found = {}
    for one in scanned:
        for other in scanned:
            if one.split.role != 'train' or other.split.role == 'train':
                continue
            shared = _images(one, scanned) & _images(other, scanned)
            if shared:
                found[one, other] = sorted(Path(p).name for p in shared)
    return found


def _images(report: SplitReport, scanned: dict) -> set[str]:
    """Images of a list, by folder and id."""
    folder = report.split.source.images.resolve()
    return {str(folder / i) for _, i in scanned[report].entries}
