"""Options out of range: registered types refuse them by name when built."""

import pytest
from mmseg.registry import METRICS, MODELS, TASK_UTILS, TRANSFORMS

from model_configs import AMM, amr, branch, seam

CPS = 'CrossPseudoSupervisionLoss'
TAPS = {'in_channels': (4, 4)}
AMMS = {'type': 'AttentionModulation', 'in_channels': 8}
OTHER = branch(AMM)
OTHER['head']['num_classes'] = 7
CASES = [
    # type or config, options; the first of them is at fault
    *((amr(), {'xi': value}) for value in (2.0, -0.1)),
    (amr(loss_cps=None), {'erase_thr': 1.5}),
    (amr(loss_cps={'type': CPS}), {'erase_thr': 0.5}),
    *((seam(), {'view_scale': value}) for value in (0.0, 1.0)),
    ('AdaptiveMinPoolingLoss', {'share': 0.0}),
    ('AdaptiveMinPoolingLoss', {'share': 1.1}),
    ('EquivariantCrossRegularizationLoss', {'top_share': 0.0}),
    ('EquivariantCrossRegularizationLoss', {'top_share': 1.5}),
    *((CPS, {name: 'x'}) for name in ('pairing', 'stop_gradient')),
    (CPS, {'beta': -1}),
    (CPS, {'labelled_only': True, 'pairing': 'first_two'}),
    *(
        ('DenseEnergyLoss', {name: 0})
        for name in ('sigma_rgb', 'sigma_xy', 'scale')
    ),
    (AMMS, {'channel_transform': 'fc'}),
    (AMMS, {'spatial_transform': 'fc'}),
    (AMMS, {'kernel_size': 4}),
    (AMMS, {'modulation': {'type': 'sigmoid'}}),
    (AMMS, {'channel': False, 'spatial': False}),
    *(
        ({'type': 'RegionSuppression', 'in_channels': 4}, {'delta': value})
        for value in (0.0, 1.1, -0.2)
    ),
    ('PixelCorrelation', {'channels': (64,)}),
    ('BoundaryHead', TAPS),
    ('BoundaryHead', {'strides': (4, 6), **TAPS}),
    *(
        ({'type': 'DeepLabV2Head', 'in_channels': 8, 'num_classes': 3}, option)
        for option in ({'dilations': ()}, {'norm_cfg': {'type': 'BN'}})
    ),
    *(('WideResNet38', {'out_indices': value}) for value in ((6,), ())),
    *(('WideResNet38', {'strides': value}) for value in ((2, 2), (2, 2, 4))),
    *(('WideResNet38', {'dilations': value}) for value in ((2, 0), (2,))),
    ('WideResNet38', {'width_divisor': 3}),
    ('WideResNet38', {'frozen_stages': 7}),
    ('EfficientNetLite', {'arch': 'lite9'}),
    ('EfficientNetLite', {'output_stride': 12}),
    *(('EfficientNetLite', {'out_indices': value}) for value in ((), (8,))),
    ('EfficientNetLite', {'frozen_stages': 8}),
    *(('MultiScaleCAM', {'scales': value}) for value in ((), (0.0,))),
    ('MultiScaleCAM', {'output_stride': 0}),
    ('MultiScaleCAM', {'max_batch': 0}),
    *(('AdvCAM', {'num_steps': value}) for value in (-1, ())),
    ('AdvCAM', {'step_size': 0.0}),
    ('AdvCAM', {'ad_thr': 1.5}),
    ('AdvCAM', {'ad_reduction': 'max'}),
    ('CAMIoUMetric', {'bg_thr': 1.2}),
    *(
        ('CAMIoUMetric', {'sweep': value, 'bg_thr': 0.2})
        for value in ((0.5, 0.1, 0.1), (0.1, 0.5, 0))
    ),
    ('MapAgreementMetric', {'bg_thr': 1.4}),
    ('RandomResizeLongestSide', {'min_side': 9, 'max_side': 8}),
    ('RandomCropOrPad', {'crop_size': (0, 8)}),
]


@pytest.mark.parametrize(('kind', 'options'), CASES)
def test_an_option_out_of_range_is_named(kind, options):
    config = kind if isinstance(kind, dict) else {'type': kind}
    registry = next(
        each
        for each in (MODELS, METRICS, TRANSFORMS, TASK_UTILS)
        if config['type'] in each.module_dict
    )
    with pytest.raises(ValueError, match=next(iter(options))):
        registry.build({**config, **options})


def test_branches_have_the_same_classes():
    with pytest.raises(ValueError, match='same classes'):
        MODELS.build(amr(compensation=OTHER))
