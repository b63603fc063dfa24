"""One undisturbed training that the disturbed ones are held against."""

from pathlib import Path
from typing import NamedTuple

import pytest
from tool_process import state_digest
from training_faults import classifier_file, killed_after, train


class Training(NamedTuple):
    """A training of three epochs."""

    config: Path
    folder: Path  # its work dir
    digest: str  # of the weights that it ends with

    def again(self, cwd, *flags, **options) -> str:
        """Train into ``work``; returns the output."""
        return train(self.config, 'work', *flags, cwd=cwd, **options)

    def resumed(self, cwd, *flags, **options) -> str:
        """Go on in ``work``; returns the output."""
        return self.again(cwd, '--resume', *flags, **options)


@pytest.fixture(scope='session')
def undisturbed(toy_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp('undisturbed')
    config = classifier_file(toy_root, folder)
    train(config, 'whole', cwd=folder)
    digest = state_digest(folder / 'whole/epoch_3.pth')
    return Training(config, folder / 'whole', digest)


@pytest.fixture(scope='session')
def killed(undisturbed, tmp_path_factory):
    """The work dir of such a training, killed in its second epoch."""
    folder = tmp_path_factory.mktemp('killed')
    undisturbed.again(folder, patch=killed_after(6), code=137)
    return folder / 'work'
