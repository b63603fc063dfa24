"""Tables of published mIoU on PASCAL VOC 2012: nothing here was run by us.

All values are in percent. ``cam`` and ``pseudo`` are scored on the 1,464
images of train, ``val`` and ``test`` hold a segmentor's scores. A number
stands here as it is printed in the source that its record names: Table 1 of
AMR lists most systems' segmentation scores as its authors cite them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

METRICS = {
    'cam': 'CAM (train)',
    'pseudo': 'pseudo label (train)',
    'val': 'val',
    'test': 'test',
}
AMR_PAPER = 'AMR, AAAI'
ABLATIONS = ('Table 3', 'Table 4', 'Table 5')


@dataclass(frozen=True)
class PublishedResult:
    """One published number.

    Args:
        method (str): The system.
        metric (str): Key of ``METRICS``.
        value (float): mIoU in percent.
        paper (str): Where it is printed.
        year (int): Of that source.
        table (str): Table of that source; '' where we did not note it.
            Defaults to ''.
        supervision (str): What the system learned from. Defaults to 'image
            labels'.
        note (str): Segmentor, initialisation or setting. Defaults to ''.
    """

    method: str
    metric: str
    value: float
    paper: str
    year: int
    table: str = ''
    supervision: str = 'image labels'
    note: str = ''


def _amr_table(table: str, metrics: Sequence[str], rows: Iterable, **more):
    """Records of one table of the AMR paper; a row is name, values, note."""
    return tuple(
        PublishedResult(
            name, metric, value, AMR_PAPER, 2022, table, note=note, **more
        )
        for name, values, note in rows
        for metric, value in zip(metrics, values, strict=True)
    )


_DEEPLAB = 'DeepLab-v2 ResNet-101, ImageNet initialisation'
_WRN38 = 'CAMs of a Wide-ResNet38'
_TABLE_1_LABELS = (
    ('AffinityNet', (61.7, 63.7), ''),
    ('IRNet', (63.5, 64.8), ''),
    ('CIAN', (64.3, 65.3), ''),
    ('SSDD', (64.9, 65.5), ''),
    ('OAA+', (65.2, 66.9), ''),
    ('SEAM', (64.5, 65.7), _WRN38),
    ('SC-CAM', (66.1, 65.9), 'Chang et al. 2020'),
    ('Zhang et al. 2020a', (66.3, 66.5), 'taken to be RRM'),
    ('Chen et al. 2020', (65.7, 66.7), 'taken to be BES'),
    ('CONTA', (66.1, 66.7), ''),
    ('DRS', (66.8, 67.4), ''),
    (
        'AdvCAM',
        (68.1, 68.0),
        f'{_DEEPLAB}, 30k iterations, class-balanced loss',
    ),
    ('AMR', (68.8, 69.1), _DEEPLAB),
)
_TABLE_1_SALIENCY = (
    ('MCOF', (60.3, 61.2), ''),
    ('SeeNet', (63.1, 62.8), ''),
    ('DSRG', (61.4, 63.2), ''),
    ('FickleNet', (64.9, 65.3), ''),
    ('MCIS', (66.2, 66.9), ''),
    ('ICD', (67.8, 68.0), ''),
    ('Yao et al. 2021', (68.3, 68.5), ''),
)
_TABLE_2 = (
    ('AffinityNet', (48.0, 59.7), ''),
    ('IRNet', (48.3, 66.5), 'CAMs of a ResNet-50'),
    ('CONTA', (48.8, 67.9), ''),
    ('SEAM', (55.4, 63.6), _WRN38),
    ('SC-CAM', (50.9, 63.4), 'Chang et al. 2020'),
    ('AMR', (56.8, 69.7), 'CAMs of ResNet-50s, ImageNet initialisation'),
)
_TABLE_3 = (
    ('baseline', (48.3,), 'one classification network'),
    ('baseline + channel AMM', (52.9,), ''),
    ('baseline + spatial AMM', (53.5,), ''),
    ('baseline + AMM', (54.9,), 'channel, then spatial'),
    ('baseline + AMM + L_cps', (56.8,), 'AMR'),
)
_TABLE_4 = (
    ('no modulation', (48.3,), 'the baseline'),
    ('threshold modulation', (50.1,), ''),
    ('Gaussian modulation', (56.8,), 'AMR'),
)
_TABLE_5 = tuple(
    (f'xi {xi}', (value,), 'Eq. 2')
    for xi, value in (
        (0.1, 49.2),
        (0.3, 53.4),
        (0.5, 56.8),
        (0.7, 54.5),
        (0.9, 50.7),
    )
)
_TABLE_6 = (
    ('IRNet', (48.3,), 'its classifier'),
    ('IRNet + AMR', (56.8,), ''),
    ('SEAM', (55.4,), _WRN38),
    ('SEAM + AMR', (57.9,), _WRN38),
)
_SUPERVISED = 'DeepLab-v2 on masks'
_MASKS = {'method': _SUPERVISED, 'metric': 'val', 'supervision': 'masks'}
_OTHER = (
    PublishedResult(
        'AdvCAM', 'cam', 55.6, 'AdvCAM, CVPR', 2021, note='ResNet-50'
    ),
    PublishedResult(
        'AdvCAM', 'pseudo', 69.9, 'AdvCAM, CVPR', 2021, note="IRNet's walk"
    ),
    PublishedResult(
        **_MASKS,
        value=76.7,
        paper='kazuto1011/deeplab-pytorch, README',
        year=2019,
        note='COCO initialisation',
    ),
    PublishedResult(
        **_MASKS,
        value=77.9,
        paper='kazuto1011/deeplab-pytorch, README',
        year=2019,
        note='COCO initialisation, dense CRF',
    ),
    PublishedResult(
        **_MASKS,
        value=73.4,
        paper='jbeomlee93/BBAM, issue 1',
        year=2021,
        note='ImageNet initialisation',
    ),
    PublishedResult(
        **_MASKS,
        value=74.2,
        paper='jbeomlee93/BBAM, issue 1',
        year=2021,
        note='ImageNet initialisation, a second report',
    ),
)
_WITH_CLIP = tuple(
    PublishedResult(
        method,
        metric,
        value,
        paper,
        year,
        supervision='image labels, CLIP',
        note=note,
    )
    for method, paper, year, scores, note in (
        ('CLIP-ES', 'CLIP-ES, CVPR', 2023, {'val': 73.8, 'test': 73.9}, ''),
        ('ExCEL', 'ExCEL, CVPR', 2025, {'val': 78.4, 'test': 78.5}, ''),
        ('WeCLIP+', 'WeCLIP+, TPAMI', 2025, {'test': 83.9}, ''),
    )
    for metric, value in scores.items()
)

RESULTS: tuple[PublishedResult, ...] = (
    *_amr_table('Table 2', ('cam', 'pseudo'), _TABLE_2),
    *_amr_table('Table 1', ('val', 'test'), _TABLE_1_LABELS),
    *_amr_table(
        'Table 1',
        ('val', 'test'),
        _TABLE_1_SALIENCY,
        supervision='image labels, saliency',
    ),
    *_amr_table('Table 3', ('cam',), _TABLE_3),
    *_amr_table('Table 4', ('cam',), _TABLE_4),
    *_amr_table('Table 5', ('cam',), _TABLE_5),
    *_amr_table('Table 6', ('cam',), _TABLE_6),
    *_OTHER,
    *_WITH_CLIP,
)

# Systems of the tables that this project does not have: what each would
# take on top of what is here.
WHAT_IT_WOULD_TAKE = {
    'CIAN': 'a block by which pairs of images that share a class read each '
    "other's features, in classifier and segmentor",
    'SSDD': 'two networks that predict what a refinement step changes and '
    'whether to believe it, trained together with the segmentor',
    'OAA+': "a running maximum of each image's attention maps over the "
    'epochs, kept on disk, and a second network trained on them',
    'SC-CAM': 'k-means over the features of each class between training '
    'rounds and a second classification head for the clusters',
    'Zhang et al. 2020a': 'a segmentor trained together with the classifier '
    'on the reliable part of its CAMs, and an energy loss on the rest',
    'Chen et al. 2020': 'a network for object boundaries trained on labels '
    'made from CAMs, and boundary-guided propagation instead of the walk',
    'CONTA': 'a dictionary of average masks per class fed back into the '
    'classifier, over several rounds of the whole chain',
    'DRS': 'a layer that caps the largest activations after each stage, and '
    'a refinement network; the layer alone is one plugin beside the AMM',
    'MCOF': 'superpixels, a region classifier and a saliency model, in turns',
    'SeeNet': 'a second and third branch with erased attention, and a '
    'saliency model for the background',
    'DSRG': 'a segmentor whose seeds grow during training, and a saliency '
    'model for the background',
    'FickleNet': 'dropout over the receptive field of each feature and a few '
    'hundred forward passes an image, then DSRG',
    'MCIS': 'co-attention between images that share a class, and a saliency '
    'model',
    'ICD': 'a discriminator of object against background per class, and '
    'superpixels or a saliency model',
    'Yao et al. 2021': 'a graph of image regions, a search for objects '
    'outside the salient ones, and a saliency model',
    'CLIP-ES': "CLIP's weights, text prompts per class, Grad-CAM on the image "
    'encoder, and attention instead of the walk; no training of CAMs',
    'ExCEL': "CLIP's weights, class descriptions by a language model, and "
    'calibration layers on frozen patch features',
    'WeCLIP+': "CLIP's and DINO's frozen weights and a light decoder trained "
    'on their own maps, in one stage',
}
