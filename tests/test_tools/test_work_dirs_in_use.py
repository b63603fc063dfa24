"""faults.md, rows 8 and 9, through the tools: before anything is built."""

import pytest
from mmengine.runner import Runner
from pipeline_configs import write_pipeline

from projects.amr.runtime.processes.work_dir_lock import work_dir_lock


@pytest.fixture(params=['train', 'test', 'run_pipeline'])
def start(request, output_of, tiny_file, toy_root, tmp_path, monkeypatch):
    """Start a tool in a work dir; it must end before it builds a runner."""

    def built(*_):
        raise AssertionError('a model was built')

    monkeypatch.setattr(Runner, 'from_cfg', built)
    monkeypatch.setattr(
        'projects.amr.workflow.pipeline.runner.call_tool', built
    )
    arguments = {
        'train': lambda: [tiny_file, '--no-pretrained'],
        'test': lambda: [tiny_file, tiny_file],
        'run_pipeline': lambda: [write_pipeline(toy_root, tmp_path)],
    }[request.param]()

    def _start(work_dir):
        words = (request.param, *arguments, '--work-dir', work_dir)
        return output_of(*words, code=2)

    lock = '.lock' if 'pipe' in request.param else f'.{request.param}.lock'
    return _start, lock


def test_fault09_a_tool_refuses_a_work_dir_in_use(start, tmp_path):
    run, lock = start
    with work_dir_lock(tmp_path / 'work', lock):
        assert 'work is in use by process' in run(tmp_path / 'work')
    assert {p.name for p in (tmp_path / 'work').iterdir()} == {lock}


def test_fault08_a_tool_refuses_a_folder_it_cannot_write(start, tmp_path):
    run, _ = start
    (tmp_path / 'file').write_text('')
    errors = run(tmp_path / 'file' / 'work')
    assert 'cannot be written' in errors
    assert '--work-dir' in errors
