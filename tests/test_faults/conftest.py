"""One undisturbed training that the disturbed ones are held against."""

from types import SimpleNamespace

import pytest
from tool_process import state_digest
from training_faults import classifier_file, killed_after, train


@pytest.fixture(scope='session')
def undisturbed(toy_root, tmp_path_factory):
    """A training of three epochs: its config, folder and weights' digest."""
    folder = tmp_path_factory.mktemp('undisturbed')
    config = classifier_file(toy_root, folder)
    train(config, 'whole', cwd=folder)
    return SimpleNamespace(
        config=config,
        folder=folder / 'whole',
        digest=state_digest(folder / 'whole/epoch_3.pth'),
    )


@pytest.fixture(scope='session')
def killed(undisturbed, tmp_path_factory):
    """The work dir of such a training, killed in its second epoch."""
    folder = tmp_path_factory.mktemp('killed')
    patch = killed_after(6)
    train(undisturbed.config, 'work', cwd=folder, patch=patch, code=137)
    return folder / 'work'
