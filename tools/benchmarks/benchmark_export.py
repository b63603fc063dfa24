"""Time exported models: PyTorch, TorchScript and ONNX, a photo at a time.

The model is the config's, with random weights. Each way labels the same
photo, on ``--threads`` threads.
"""

import argparse
import tempfile
from pathlib import Path

import measuring  # puts the project's folder on the path
import numpy as np
import torch

import projects.amr  # noqa: F401  registers everything
from projects.amr.runtime.config.config_reading import read_config
from projects.amr.workflow.deploy.export_formats import (
    export_onnx,
    export_torchscript,
)
from projects.amr.workflow.deploy.exported_model import exported, model_facts
from projects.amr.workflow.deploy.trained_model import build_trained

WAYS = ('pytorch', 'torchscript', 'onnx')


def run_case(way: str, size: int, options: argparse.Namespace) -> dict:
    """Time one way at one size."""
    torch.set_num_threads(options.threads)
    trained = build_trained(read_config(options.config))
    model, facts = exported(trained), model_facts(trained)
    image = np.random.default_rng(0).integers(
        0, 256, (1, size, size, 3), np.uint8
    )
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode(False):
        run = make_call(way, model, facts, Path(folder), options.threads)
        return measuring.measure(lambda: run(image), options)


def make_call(way, model, facts, folder: Path, threads: int):
    """A function of a photo (1, H, W, 3), uint8."""
    if way == 'onnx':
        import onnxruntime

        export_onnx(model, facts, folder / 'a.onnx')
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(
            str(folder / 'a.onnx'), settings, ['CPUExecutionProvider']
        )
        return lambda image: session.run(None, {'image': image})
    if way == 'torchscript':
        export_torchscript(model, facts, folder / 'a.pt')
        model = torch.jit.load(str(folder / 'a.pt'))

    @torch.no_grad()
    def call(image):
        return model(torch.from_numpy(image))

    return call


if __name__ == '__main__':
    options = measuring.parse(
        __doc__,
        sizes=[256, 384, 512],
        config='configs/deeplabv2_lite0_voc.py',
    )
    measuring.compare(run_case, WAYS, options)
