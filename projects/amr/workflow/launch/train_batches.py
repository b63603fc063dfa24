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
    _refuse_lone_image(runner, loader, images)
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


def _refuse_lone_image(runner: Runner, loader, images: int) -> None:
    """Refuse a last batch of one image for a loss between two images."""
    loss = runner.cfg.get('model', {}).get('loss_cps') or {}
    share = -(-images // runner.world_size)
    if (
        loss.get('pairing') == 'first_two'
        and not loader.drop_last
        and share % loader.batch_size == 1
    ):
        raise DataError(
            f"model.loss_cps.pairing is 'first_two', and of {share} images "
            f'in batches of {loader.batch_size} one is left for the last '
            'batch. Set train_dataloader.drop_last=True'
        )


def _list_of(dataset) -> str:
    """The list of a dataset, or what it is."""
    return str(getattr(dataset, 'ann_file', None) or type(dataset).__name__)
