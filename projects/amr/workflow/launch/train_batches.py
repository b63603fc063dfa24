"""Whether a training has anything to train on."""

from mmengine.runner import Runner

from projects.amr.errors import DataError


def require_batches(runner: Runner) -> None:
    """Refuse a training whose loader makes no batch.

    With ``drop_last`` a list of fewer images than a batch leaves nothing:
    with some schedules that ends in an assertion, with others in a
    checkpoint of untrained weights. The loader is built here and stays.

    Args:
        runner (Runner): Before ``runner.train()``.

    Raises:
        DataError: If there is no batch; sizes and remedy are named.
    """
    loader = runner.train_loop.dataloader
    images, batch = len(loader.dataset), loader.batch_size
    if images == 0:
        raise DataError(
            f'no image to train on: {_list_of(loader.dataset)} names none '
            'that has a label'
        )
    if len(loader) == 0:
        ranks = (
            f' on {runner.world_size} GPUs' if runner.world_size > 1 else ''
        )
        share = max(images // runner.world_size, 1)
        raise DataError(
            f'{images} images to train on ({_list_of(loader.dataset)}) are '
            f'fewer than a batch of {batch}{ranks}, and incomplete batches '
            'are left out (drop_last): nothing would be trained. Label more '
            f'images, or --cfg-options train_dataloader.batch_size={share} '
            'or less, and the learning rate with it; in a pipeline, '
            'stage_overrides for this stage'
        )


def _list_of(dataset) -> str:
    """The list of a dataset, or what it is."""
    return str(getattr(dataset, 'ann_file', None) or type(dataset).__name__)
