"""The device check's short form: parts pass, fail and report on a CPU."""

import json
import sys

import device_checks
import gpu_check
import pytest


def _run(monkeypatch, out, *parts):
    options = ['--short', '--out', str(out), '--parts', *parts]
    monkeypatch.setattr(sys, 'argv', ['gpu_check.py', *options])
    with pytest.raises(SystemExit) as stop:
        gpu_check.main()
    return stop.value.code, json.loads(out.read_text())


def test_ops_and_steps_on_a_cpu(tmp_path, monkeypatch):
    out = tmp_path / 'check.json'
    code, found = _run(monkeypatch, out, 'ops', 'steps')
    assert code == 0
    ops = {row['name'] for row in found['parts']['ops']['rows']}
    assert ops == set(device_checks.op_cases())
    steps = found['parts']['steps']['rows']
    assert len(steps) == 6
    assert all(row['ms'] > 0 for row in steps)
    assert out.with_suffix('.md').read_text().count('| True |') == 6 + len(ops)


def test_wrong_values_and_failures_are_results(tmp_path, monkeypatch):
    def wrong(options):
        return [dict(name='nan', error=float('nan'), bound=1.0)]

    def broken(options):
        raise RuntimeError('no kernel')

    monkeypatch.setitem(device_checks.CHECKS, 'ops', wrong)
    monkeypatch.setitem(device_checks.CHECKS, 'cams', broken)
    monkeypatch.setattr(gpu_check.measuring, 'isolated', lambda f, *a: f(*a))
    code, found = _run(monkeypatch, tmp_path / 'c.json', 'ops', 'cams')
    assert code == 1
    assert not found['parts']['ops']['passed']
    assert 'no kernel' in found['parts']['cams']['failure']


def test_a_script_that_takes_too_long_is_stopped(tmp_path):
    script = tmp_path / 'slow.py'
    script.write_text('import time; time.sleep(60)')
    assert gpu_check.call([str(script)], 0.5)
    script.write_text('raise SystemExit(3)')
    assert gpu_check.call([str(script)], 60) is not None
    script.write_text('print("fine")')
    assert gpu_check.call([str(script)], 60) is None
