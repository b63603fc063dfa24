"""The file that holds a pipeline's figures."""

import json

import numpy as np

from projects.amr.workflow.pipeline.summary import write_summary


def test_figures_that_are_no_numbers_are_null(tmp_path):
    """Own photos without masks: others than Python do not read NaN."""

    def refuse(constant):
        raise AssertionError(f'{constant} is no JSON')

    metrics = {'a': float('nan'), 'b': np.float32(0.5), 'c': -np.inf, 'd': 1}
    path = write_summary(tmp_path, {'stages': [{'metrics': metrics}]})
    content = json.loads(path.read_text(), parse_constant=refuse)
    assert content == {
        'stages': [{'metrics': {'a': None, 'b': 0.5, 'c': None, 'd': 1}}]
    }
