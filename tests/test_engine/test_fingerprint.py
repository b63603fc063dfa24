import torch

from projects.amr.engine.fingerprint import config_digest, weights_digest


def test_weights_digest_sees_every_value_name_and_type():
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    before = weights_digest(model)
    assert weights_digest(model) == before
    model[1].running_mean[2] += 1e-6
    moved = weights_digest(model)
    assert moved != before
    assert weights_digest(model.half()) != moved
    assert weights_digest(torch.nn.Sequential(model)) != moved


def test_config_digest_ignores_order_only():
    assert config_digest({'a': [1, {'b': 2}]}) != config_digest({'a': [1, 2]})
    assert config_digest({'a': 1, 'b': 2}) == config_digest({'b': 2, 'a': 1})
    assert config_digest((1, 2)) == config_digest([1, 2])
    assert config_digest([1, 2]) != config_digest([2, 1])
