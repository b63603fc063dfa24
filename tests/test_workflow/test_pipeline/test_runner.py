"""What a run does to a stage's folder; the stage only pretends."""

import pytest
from runner_configs import tiny_config

from projects.amr.errors import UserError
from projects.amr.runtime.files.progress import Reporter
from projects.amr.workflow.pipeline.runner import PipelineRunner
from projects.amr.workflow.pipeline.stages import Stage
from projects.amr.workflow.pipeline.workspace import Workspace


@pytest.fixture
def train(toy_root, tmp_path, monkeypatch):
    """Run a training stage with a value of xi; returns whether it ran."""
    tiny_config(toy_root, tmp_path).dump(tmp_path / 'tiny.py')
    (tmp_path / 'work').mkdir()

    def run(momentum, fails=False, **options):
        calls = []

        def call(_runner, context):
            calls.append(momentum)
            (context.folder / 'mark').write_text(str(momentum))
            if fails:
                raise UserError('stopped')
            (context.folder / 'last_checkpoint').write_text('epoch_1.pth')
            (context.folder / 'epoch_1.pth').touch()

        monkeypatch.setattr(PipelineRunner, '_call', call)
        stage = Stage(
            'a',
            'train',
            str(tmp_path / 'tiny.py'),
            cfg_options={'optim_wrapper.optimizer.momentum': momentum},
            outputs={'checkpoint': '{stage}/last_checkpoint'},
        )
        space = Workspace(tmp_path / 'work', [stage], random_init=True)
        try:
            PipelineRunner(space, Reporter()).run([stage], **options)
        except UserError:
            if not fails:
                raise
        return bool(calls)

    return run


def test_values_set_back_bring_the_finished_training_back(train, tmp_path):
    assert train(0.5)
    assert train(0.6, fails=True)
    assert train(0.7, fails=True)  # must not replace what is finished
    assert not train(0.5)
    assert (tmp_path / 'work' / 'a' / 'mark').read_text() == '0.5'
    assert not train(0.5)


def test_a_stopped_forced_run_resumes(train):
    """It is not replaced by the finished run of the same values."""
    assert train(0.5)
    assert train(0.5, fails=True, force=True)
    assert train(0.5, force=True)
    assert not train(0.5)


def test_files_of_others_are_not_removed(train, tmp_path):
    own = tmp_path / 'work' / 'a' / 'notes.txt'
    own.parent.mkdir()
    own.write_text('mine')
    with pytest.raises(UserError, match=r'notes\.txt'):
        train(0.5)
    assert own.read_text() == 'mine'


def test_a_stages_folder_may_be_a_link(train, tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'work' / 'a').symlink_to(tmp_path / 'disk')
    assert train(0.5)
    assert (tmp_path / 'disk' / 'epoch_1.pth').is_file()
    assert train(0.6)
    assert train(0.7)  # in the place of the link
    assert not train(0.6)
