import hashlib

import pytest
import torch

from projects.amr.errors import DataError
from projects.amr.runtime.files.fingerprint import (
    file_digest,
    weights_digest,
)


def test_weights_digest_sees_every_value_name_and_type():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    before = weights_digest(model)
    assert weights_digest(model) == before
    model[1].running_mean[2] += 1e-6
    moved = weights_digest(model)
    assert moved != before
    assert weights_digest(model.half()) != moved
    assert weights_digest(torch.nn.Sequential(model)) != moved


def test_file_digest_of_what_cannot_be_read(tmp_path):
    path = tmp_path / 'a.npz'
    assert file_digest(path) == ''
    path.write_bytes(b'abc')
    assert file_digest(path) == hashlib.sha256(b'abc').hexdigest()
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=r'a\.npz cannot be read \('):
        file_digest(path)
