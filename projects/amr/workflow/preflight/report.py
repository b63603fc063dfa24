"""What a check found: printed, as JSON, and as cleaned lists."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from projects.amr.datasets.labels.class_balance import one_sided_classes
from projects.amr.datasets.labels.label_agreement import (
    MAX_CONTRADICTIONS,
    LabelAgreement,
)
from projects.amr.errors import DataError, UserError, list_faults
from projects.amr.evaluation.label_share import label_notes
from projects.amr.runtime.files.atomic_write import atomic_write
from projects.amr.workflow.preflight.split import SplitToCheck

_CONVERTED = 'converted by rule as they are loaded'


@dataclass(eq=False)
class SplitReport:
    """What was found in one list.

    Args:
        split (SplitToCheck): The list.
        entries (list[tuple[int, str]]): Line and id of all safe ids.
        bad (dict[str, None]): Ids with a fault, in order.
        faults (list[str]): One line a fault, with file and line.
        whole (list[str]): Faults that no image can be blamed for.
        notes (Counter): What was tolerated.
        converted (Counter): Images by the rule they are converted by.
        plain (list[str]): Images of one colour.
        per_class (Counter): Images by class.
        known_labels (int): Images whose label, empty or not, is known.
        unlabelled (int): Images without a label.
        difficult_only_images (int): Images whose labels all come from
            objects marked difficult.
        difficult_only_labels (int): Labels that do.
        without_mask (int): Images without a mask.
        mask_counts (Counter): Pixels of all masks by label.
        agreement (LabelAgreement): Of masks and weak labels.
    """

    split: SplitToCheck
    entries: list[tuple[int, str]] = field(default_factory=list)
    bad: dict[str, None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    notes: Counter = field(default_factory=Counter)
    converted: Counter = field(default_factory=Counter)
    plain: list[str] = field(default_factory=list)
    per_class: Counter = field(default_factory=Counter)
    known_labels: int = 0
    unlabelled: int = 0
    difficult_only_images: int = 0
    difficult_only_labels: int = 0
    without_mask: int = 0
    mask_counts: Counter = field(default_factory=Counter)
    agreement: LabelAgreement = field(init=False)

    def __post_init__(self):
        self.agreement = LabelAgreement(self.split.source.classes)

    def fault(self, line: int, image_id: str | None, text: str) -> None:
        """Note what is wrong with a line, or with its image."""
        self.faults.append(f'{self.split.path}:{line}: {text}')
        if image_id is not None:
            self.bad[image_id] = None

    def broken(self, text: str) -> None:
        """Note what is wrong with a list or label file as a whole."""
        self.whole.append(text)

    @property
    def good(self) -> list[str]:
        """Ids without a fault, in the order of the list."""
        return [i for _, i in self.entries if i not in self.bad]

    def content(self) -> dict:
        """Counts and faults as JSON can hold them."""
        source = self.split.source
        return {
            'file': str(self.split.path),
            'role': self.split.role,
            'images': len(self.entries),
            'bad_images': len(self.bad),
            'fault_count': len(self.faults) + len(self.whole),
            'unlabelled': self.unlabelled,
            'difficult_only_images': self.difficult_only_images,
            'difficult_only_labels': self.difficult_only_labels,
            'without_mask': self.without_mask,
            'agreement': self.agreement.counts(),
            'converted': dict(sorted(self.converted.items())),
            'one_colour': len(self.plain),
            'notes': dict(sorted(self.notes.items())),
            'per_class': {
                name: self.per_class[name] for name in source.classes[1:]
            },
            'faults': [*self.whole, *self.faults],
        }

    def one_sided(self) -> list[str]:
        """Classes that a training cannot learn, one line each."""
        if self.split.role != 'train':
            return []
        classes = self.split.source.classes[1:]
        counts = {name: self.per_class[name] for name in classes}
        return one_sided_classes(counts, self.known_labels)

    def _mask_notes(self) -> list[str]:
        """Masks that hold next to nothing."""
        classes = self.split.source.classes
        counts = [self.mask_counts[label] for label in range(len(classes))]
        return label_notes(counts, classes, 'masks') if any(counts) else []

    def _plain_lines(self) -> list[str]:
        """Images that show nothing."""
        if not self.plain:
            return []
        count = len(self.plain)
        return [f'  {count:,} images of one colour', list_faults(self.plain)]

    def lines(self) -> list[str]:
        """Counts for a reader; what is zero is left out."""
        wanted = self.split.source.mask_dir is not None
        counts = {
            'images without any label': self.unlabelled,
            'images with difficult objects alone': self.difficult_only_images,
            'labels of difficult objects alone': self.difficult_only_labels,
            'images without a mask': self.without_mask if wanted else 0,
            **{f'{k}: {_CONVERTED}': n for k, n in self.converted.items()},
            **{f'{what} (tolerated)': n for what, n in self.notes.items()},
        }
        head = (
            f'{self.split.name} ({self.split.path}): '
            f'{len(self.entries):,} images, {len(self.bad):,} bad'
        )
        return [
            head,
            *(f'  {n:,} {what}' for what, n in counts.items() if n),
            *self._plain_lines(),
            *(f'  {line}' for line in self._mask_notes()),
            *(f'  {line}' for line in self.agreement.lines()),
            *(f'  {line}' for line in self.one_sided()),
        ]


@dataclass
class PreflightReport:
    """What was found in all lists.

    Args:
        splits (list[SplitReport]): One a list.
        overlaps (dict[tuple, list[str]]): Ids that a training list shares
            with another, by both reports.
        allow_overlap (bool): Whether overlaps were allowed.
        files_read (int): Files that were read.
        files_known (int): Files that were known from an earlier check.
        max_contradictions (float): Share of the images of all lists whose
            label and mask may contradict each other. Defaults to 0.1.
    """

    splits: list[SplitReport]
    overlaps: dict[tuple, list[str]]
    allow_overlap: bool
    files_read: int
    files_known: int
    max_contradictions: float = MAX_CONTRADICTIONS

    def overlap_faults(self) -> list[str]:
        """One line for each overlap that is not allowed."""
        return [
            f'{one.split.path} shares {len(ids):,} images with '
            f'{other.split.path} ({other.split.role}), such as '
            f'{", ".join(ids[:3])}: scores on them would be those of '
            'training images. Take them out, or record it with '
            '--allow-overlap'
            for (one, other), ids in self.overlaps.items()
            if other.split.role != 'made' and not self.allow_overlap
        ]

    def general_faults(self) -> list[str]:
        """Faults that leaving images out does not mend."""
        whole = [fault for report in self.splits for fault in report.whole]
        faults = [*dict.fromkeys(whole), *self.overlap_faults()]
        contradiction = LabelAgreement.joined(
            [report.agreement for report in self.splits]
        ).fault(self.max_contradictions)
        return faults if contradiction is None else [*faults, contradiction]

    def empty_lists(self) -> list[str]:
        """One line for each list of bad images alone."""
        return [
            f'{report.split.path}: no image of it can be used'
            for report in self.splits
            if report.entries and not report.good
        ]

    def faults(self) -> list[str]:
        """Every fault."""
        own = [fault for report in self.splits for fault in report.faults]
        return [*self.general_faults(), *own]

    def content(self) -> dict:
        """The report as JSON can hold it, numbers under dotted names."""
        return {
            'images': sum(len(r.entries) for r in self.splits),
            'fault_count': len(self.faults()),
            'bad_images': sum(len(r.bad) for r in self.splits),
            'files_read': self.files_read,
            'files_known': self.files_known,
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
            if made or self.allow_overlap:
                why = 'labels are made of them' if made else '--allow-overlap'
                lines.append(
                    f'{one.split.name} and {other.split.name} share '
                    f'{len(ids):,} images ({why})'
                )
        lines.append(
            f'{self.files_read:,} files read, {self.files_known:,} known '
            'from an earlier check'
        )
        return lines

    def require_sound(self, skip_bad: bool = False) -> None:
        """Refuse what was found.

        Args:
            skip_bad (bool): Whether bad images are left out and only what
                that does not mend is refused. Defaults to False.

        Raises:
            DataError: With the first ten faults and their number.
        """
        faults = self.faults()
        if skip_bad:
            faults = [*self.general_faults(), *self.empty_lists()]
        if not faults:
            return
        remedy = (
            ''
            if skip_bad
            else '\nMend them, or write lists without the bad images with '
            '--skip-bad DIR'
        )
        raise DataError(
            f'{len(faults):,} fault(s) in the data:\n{list_faults(faults)}'
            f'{remedy}'
        )

    def write_clean_lists(self, folder: str | Path) -> list[Path]:
        """Write each list without its bad images.

        Args:
            folder (str | Path): Made where it is missing. A list keeps its
                file name, or gets that of its split where two are alike.

        Returns:
            list[Path]: The lists.

        Raises:
            UserError: If the folder cannot be written or is that of a list.
        """
        folder = Path(folder)
        names = Counter(report.split.path.name for report in self.splits)
        paths = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for report in self.splits:
                path = report.split.path
                name = path.name
                if names[name] > 1:
                    name = f'{report.split.name}.txt'
                if folder.resolve() == path.parent.resolve():
                    raise UserError(
                        f'--skip-bad {folder} holds the lists themselves: '
                        'choose another folder'
                    )
                with atomic_write(folder / name) as file:
                    text = ''.join(f'{i}\n' for i in report.good)
                    file.write(text.encode())
                paths.append(folder / name)
        except OSError as error:
            raise UserError(f'{folder} cannot be written ({error})') from None
        return paths
