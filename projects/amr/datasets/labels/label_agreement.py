"""Agreement of the weak labels and masks of the same images."""

import argparse
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from projects.amr.errors import UserError, list_faults
from projects.amr.structures.label_space import (
    BACKGROUND_LABEL,
    IGNORE_LABEL,
)

MAX_CONTRADICTIONS = 0.1
"""Share of the images with a label and a mask that may contradict."""

_FEW = 3  # fewer are slips, whatever their share, unless all are wrong
FLAG = '--max-contradictions'


def add_max_contradictions(parser: argparse.ArgumentParser) -> None:
    """Add the flag that says how much may contradict."""
    parser.add_argument(
        FLAG,
        type=float,
        default=MAX_CONTRADICTIONS,
        metavar='SHARE',
        help='share of the images with a label and a mask that may contradict '
        'each other; 1 accepts all (default: %(default)s)',
    )


def check_max_contradictions(share: float) -> None:
    """Refuse a ``--max-contradictions`` outside [0, 1] (UserError)."""
    if not 0 <= share <= 1:
        raise UserError(f'{FLAG} must be within [0, 1], got {share}')


@dataclass
class LabelAgreement:
    """Counts images whose mask and weak label contradict each other.

    A labelled class should have a pixel in the mask, and a class of the mask
    should be in the label. 255 is no class.

    Example:
        >>> found = LabelAgreement(('background', 'dog', 'cat'))
        >>> found.add('a.png', {'dog'}, {0, 2})
        >>> found.not_in_mask, found.not_in_label
        (['a.png: dog'], ['a.png: cat'])
        >>> found.fault(0.5) is None, found.fault(1.0) is None
        (False, True)
    """

    classes: tuple[str, ...]  # names by label, background first
    compared: int = 0  # images with a label and a mask
    contradicting: int = 0  # images of the first two lists
    # Masks that lack a class of their label, and the reverse, with the class.
    not_in_mask: list[str] = field(default_factory=list)
    not_in_label: list[str] = field(default_factory=list)
    # Masks of 255 and at most 0.
    two_values: list[str] = field(default_factory=list)

    @classmethod
    def joined(cls, parts: Iterable['LabelAgreement']) -> 'LabelAgreement':
        """The counts of several lists together."""
        total = cls(())
        for part in parts:
            total.classes = total.classes or part.classes
            total.compared += part.compared
            total.contradicting += part.contradicting
            total.not_in_mask += part.not_in_mask
            total.not_in_label += part.not_in_label
            total.two_values += part.two_values
        return total

    def add(
        self,
        where: str,
        names: Collection[str] | None,
        values: Iterable[int],
        doubtful: Collection[str] = (),
    ) -> None:
        """Compare one image.

        ``where`` is the path of the mask, for messages; ``names`` are the
        classes of the weak label, None if unknown; ``values`` the labels in
        the mask, in range or 255; ``doubtful`` classes that the image may
        have, as of VOC's difficult objects.
        """
        values = set(values)
        foreground = values - {BACKGROUND_LABEL, IGNORE_LABEL}
        drawn = {self.classes[value] for value in foreground}
        two = IGNORE_LABEL in values and not drawn
        if two:
            self.two_values.append(where)
        self.compared += 1
        if names is None:
            self.contradicting += two
            return
        missing = sorted(set(names) - drawn - set(doubtful))
        unlabelled = sorted(drawn - set(names) - set(doubtful))
        if missing:
            self.not_in_mask.append(f'{where}: {", ".join(missing)}')
        if unlabelled:
            self.not_in_label.append(f'{where}: {", ".join(unlabelled)}')
        self.contradicting += bool(missing or unlabelled)

    def lines(self) -> list[str]:
        """Findings, for a reader; what is zero is left out."""
        first = self.classes[1] if self.classes[1:] else 'the first'
        found = {
            'masks lack a class of their label': self.not_in_mask,
            'labels lack a class of their mask': self.not_in_label,
            'masks hold 255 and no class: 255 means "ignored", not an object. '
            'Write the number of the class in its place, 1 for '
            f'{first!r} (mask[mask == 255] = 1)': self.two_values,
        }
        return [
            f'{len(items):,} of {self.compared:,} {what}\n{list_faults(items)}'
            for what, items in found.items()
            if items
        ]

    def counts(self) -> dict[str, int]:
        """The numbers as JSON can hold them."""
        return {
            'compared': self.compared,
            'contradicting': self.contradicting,
            'class_not_in_mask': len(self.not_in_mask),
            'class_not_in_label': len(self.not_in_label),
            'masks_of_0_and_255': len(self.two_values),
        }

    def fault(self, max_share: float = MAX_CONTRADICTIONS) -> str | None:
        """Message that too many images contradict, or None.

        ``max_share`` of the compared images may, in [0, 1]. One or two of more
        images pass, unless it is 0.
        """
        few = self.contradicting < min(_FEW, self.compared)
        if self.contradicting <= max_share * self.compared or (
            few and max_share > 0
        ):
            return None
        return (
            f'labels and masks contradict each other on {self.contradicting:,}'
            f' of {self.compared:,} images, more than {max_share:.0%}; are '
            'the masks of these images, and their values those of this class '
            'list (1 for the first class)? Correct them, or accept them with '
            f'{FLAG} 1 (`max_contradictions=1` in own_data):\n'
            + '\n'.join(self.lines())
        )
