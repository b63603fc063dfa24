"""The class list of the data, for a classifier by texts."""

from mmengine.hooks import Hook
from mmseg.registry import HOOKS

from projects.amr.runtime.checkpoints.checkpoint import unwrap_model


@HOOKS.register_module()
class TextClassesHook(Hook):
    """Give a :class:`CLIPClassifier` the foreground classes of the test set.

    Runs ``before_test``, with priority VERY_HIGH: before keys are made of
    the model's weights, which its texts are part of.

    Raises:
        DataError: If the text file lacks a class.
        UserError: If the model has another number of classes.
    """

    priority = 'VERY_HIGH'

    def before_test(self, runner) -> None:
        """Set the classes; the background, label 0, has its own texts."""
        names = runner.test_dataloader.dataset.metainfo['classes'][1:]
        unwrap_model(runner.model).set_classes(names)
