"""Batches for weakly supervised training, single images for testing."""

from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS


@MODELS.register_module()
class WeakLabelDataPreprocessor(SegDataPreProcessor):
    """mmseg's preprocessor that leaves test images at their own sizes.

    In training images are normalised, padded and stacked as in mmseg. In
    testing ``inputs`` is a list of normalised images (3, H, W), whose sizes
    may differ: the CAM method batches those of one size.
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise ``inputs``; in training pad and stack them too."""
        if training:
            return super().forward(data, training=True)
        normalise = super().forward
        inputs = [
            normalise({'inputs': [image]})['inputs'][0]
            for image in data['inputs']
        ]
        samples = self.cast_data(data.get('data_samples'))
        return {'inputs': inputs, 'data_samples': samples}
