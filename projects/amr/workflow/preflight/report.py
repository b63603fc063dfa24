"""Report of a check: printed, as JSON, and as cleaned lists."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from projects.amr.datasets.labels.class_list import one_sided_classes
from projects.amr.datasets.labels.label_agreement import (
    MAX_CONTRADICTIONS,
    LabelAgreement,
)
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.evaluation.label_share import label_notes
from projects.amr.runtime.files.atomic_write import write_lines, writing
from projects.amr.workflow.preflight.splits import SplitToCheck

# What is counted per list, by its key in the JSON file.
COUNTED = {
    'unlabelled': 'images without any label',
    'difficult_only_images': 'images with difficult objects alone',
    'difficult_only_labels': 'labels of difficult objects alone',
    'without_mask': 'images without a mask',
}


@dataclass(eq=False)
class SplitReport:
    """Faults and counts of one list."""

    split: SplitToCheck  # the list
    entries: list[str] = field(default_factory=list)  # all safe ids, in order
    # Ids with a fault, in order.
    bad: dict[str, None] = field(default_factory=dict)
    # One line per fault, with file and line.
    faults: list[str] = field(default_factory=list)
    # Faults of the list or label file as a whole.
    whole: list[str] = field(default_factory=list)
    # By the keys of :data:`COUNTED`, and ``known_labels``: images whose label,
    # empty or not, is known.
    counts: Counter = field(default_factory=Counter)
    notes: Counter = field(default_factory=Counter)  # what was tolerated
    # Images by the rule they are converted by.
    converted: Counter = field(default_factory=Counter)
    plain: list[str] = field(default_factory=list)  # images of one colour
    per_class: Counter = field(default_factory=Counter)  # images by class
    # Pixels of all masks by label.
    mask_counts: Counter = field(default_factory=Counter)
    agreement: LabelAgreement = field(init=False)  # of masks and weak labels

    def __post_init__(self):
        self.agreement = LabelAgreement(self.split.classes)

    def fault(self, line: int, image_id: str | None, text: str) -> None:
        """Add a fault of a line, or of its image."""
        self.faults.append(f'{self.split.path}:{line}: {text}')
        if image_id is not None:
            self.bad[image_id] = None

    @property
    def good(self) -> list[str]:
        """Ids without a fault, in the order of the list."""
        return [i for i in self.entries if i not in self.bad]

    def content(self) -> dict:
        """Counts and faults as JSON can hold them."""
        classes = self.split.classes[1:]
        return {
            'file': str(self.split.path),
            'role': self.split.role,
            'images': len(self.entries),
            'bad_images': len(self.bad),
            'fault_count': len(self.faults) + len(self.whole),
            **{key: self.counts[key] for key in COUNTED},
            'agreement': self.agreement.counts(),
            'converted': dict(sorted(self.converted.items())),
            'one_colour': len(self.plain),
            'notes': dict(sorted(self.notes.items())),
            'per_class': {name: self.per_class[name] for name in classes},
            'faults': [*self.whole, *self.faults],
        }

    def lines(self) -> list[str]:
        """Counts for a reader; what is zero is left out."""
        split, rule = self.split, 'converted by rule as they are loaded'
        counts = {text: self.counts[key] for key, text in COUNTED.items()}
        counts |= {f'{k}: {rule}': n for k, n in self.converted.items()}
        counts |= {f'{what} (tolerated)': n for what, n in self.notes.items()}
        counts['images of one colour'] = len(self.plain)
        lines = [f'{n:,} {what}' for what, n in counts.items() if n]
        lines += [list_faults(self.plain)] if self.plain else []
        pixels = [self.mask_counts[n] for n in range(len(split.classes))]
        if any(pixels):
            lines += label_notes(pixels, split.classes, 'masks')
        lines += self.agreement.lines()
        if split.role == 'train':
            per_class = {n: self.per_class[n] for n in split.classes[1:]}
            lines += one_sided_classes(per_class, self.counts['known_labels'])
        head = (
            f'{split.name} ({split.path}): {len(self.entries):,} images, '
            f'{len(self.bad):,} bad'
        )
        return [head, *(f'  {line}' for line in lines)]


@dataclass
class PreflightReport:
    """Faults and counts of all lists."""

    splits: list[SplitReport]  # one per list
    # Ids that a training list shares with another, by both reports.
    overlaps: dict[tuple, list[str]]
    allow_overlap: bool  # whether overlaps were allowed
    files_read: int  # files that were read
    # Share of the images of all lists, in [0, 1], whose label and mask may
    # contradict each other.
    max_contradictions: float = MAX_CONTRADICTIONS

    def general_faults(self) -> list[str]:
        """Faults that remain when bad images are left out."""
        faults = [fault for report in self.splits for fault in report.whole]
        faults += [
            f'{one.split.path} shares {len(ids):,} images with '
            f'{other.split.path} ({other.split.role}), such as '
            f'{", ".join(ids[:3])}: scores on them would be those of '
            'training images. Take them out, or record it with '
            '--allow-overlap'
            for (one, other), ids in self.overlaps.items()
            if other.split.role != 'made' and not self.allow_overlap
        ]
        agreements = [report.agreement for report in self.splits]
        contradiction = LabelAgreement.joined(agreements).fault(
            self.max_contradictions
        )
        faults += [contradiction] if contradiction else []
        return list(dict.fromkeys(faults))

    def faults(self) -> list[str]:
        """Every fault."""
        own = [fault for report in self.splits for fault in report.faults]
        return [*self.general_faults(), *own]

    def content(self) -> dict:
        """The report as JSON can hold it."""
        return {
            'images': sum(len(r.entries) for r in self.splits),
            'fault_count': len(self.faults()),
            'bad_images': sum(len(r.bad) for r in self.splits),
            'files_read': self.files_read,
            'allow_overlap': self.allow_overlap,
            'max_contradictions': self.max_contradictions,
            'overlap': {
                f'{one.split.name}|{other.split.name}': len(ids)
                for (one, other), ids in self.overlaps.items()
            },
            'lists': {r.split.name: r.content() for r in self.splits},
        }

    def lines(self) -> list[str]:
        """Counts for a reader."""
        lines = [line for report in self.splits for line in report.lines()]
        for (one, other), ids in self.overlaps.items():
            made = other.split.role == 'made'
            why = 'labels are made of them' if made else '--allow-overlap'
            if made or self.allow_overlap:
                lines.append(
                    f'{one.split.name} and {other.split.name} share '
                    f'{len(ids):,} images ({why})'
                )
        return [*lines, f'{self.files_read:,} files read']

    def require_sound(self, skip_bad: bool = False) -> None:
        """Raise DataError with the first ten faults and their number.

        With ``skip_bad`` images are left out: only other faults and empty
        lists count.
        """
        if skip_bad:
            faults, way_out = self.general_faults(), ''
            faults += [
                f'{report.split.path}: no image of it can be used'
                for report in self.splits
                if report.entries and not report.good
            ]
        else:
            faults = self.faults()
            way_out = (
                '\nCorrect them, or write lists without the bad images with '
                '--skip-bad DIR'
            )
        if faults:
            raise DataError(
                f'{len(faults):,} fault(s) in the data:\n{list_faults(faults)}'
                f'{way_out}'
            )

    def write_clean_lists(self, folder: str | Path) -> list[Path]:
        """Write each list without its bad images to a folder.

        A list keeps its file name, or gets that of its split where two are
        alike. Raises UserError if the folder cannot be written or is that of a
        list.
        """
        folder, paths = Path(folder), []
        names = Counter(report.split.path.name for report in self.splits)
        for report in self.splits:
            if folder.resolve() == report.split.path.parent.resolve():
                raise UserError(
                    f'--skip-bad {folder} holds the lists themselves: choose '
                    'another folder'
                )
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for report in self.splits:
                name = report.split.path.name
                if names[name] > 1:
                    name = f'{report.split.name}.txt'
                write_lines(folder / name, report.good)
                paths.append(folder / name)
        return paths
