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
        data = self.cast_data(data)
        inputs = [image.float() for image in data['inputs']]
        if self._channel_conversion:
            inputs = [image[[2, 1, 0]] for image in inputs]
        if self._enable_normalize:
            inputs = [(image - self.mean) / self.std for image in inputs]
        return {'inputs': inputs, 'data_samples': data.get('data_samples')}
