# Rows of tools/run_ablation.py's tables on ToyVOC: `--tables
# configs/toy/tables.py --table 3`. Published figures are of VOC 2012: never
# compare them with ToyVOC's.
toy = True
work_dir = 'work_dirs/ablation/toyvoc'
cam, amr = 'cam_r26_toyvoc.py', 'amr_r26_toyvoc.py'
light = {'model.loss_cps.loss_weight': 0.05}  # as released
amm = 'model.compensation.backbone.plugins.0.cfg'
no_cps = {'model.loss_cps': None}
no_amm = {'model.compensation.backbone.plugins': None}
painted_over = 'data/toyvoc_painted-over'
# What the baseline makes of the bodies, on images whose heads are painted
# over: the set allows no more.
ceiling = dict(
    name='ceiling: heads painted over',
    config=cam,
    variant='painted-over',
    cfg_options={
        f'{split}_dataloader.dataset.data_root': painted_over
        for split in ('train', 'val', 'test')
    },
)
baseline = dict(name='baseline', config=cam, published=('Table 3', 'baseline'))
with_amm = dict(
    name='+ AMM',
    config=amr,
    variant='no-cps',
    cfg_options=no_cps,
    published=('Table 3', 'baseline + AMM'),
)
full = dict(
    name='+ AMM + L_cps',
    config=amr,
    published=('Table 3', 'baseline + AMM + L_cps'),
)
plain_pair = dict(
    name='two plain networks',
    config=amr,
    variant='no-amm-no-cps',
    cfg_options={**no_amm, **no_cps},
)
erase = dict(
    name='+ AMM, erasing at 0.3',
    config=amr,
    variant='no-cps_erase0.3',
    cfg_options={**no_cps, 'model.erase_thr': 0.3},
)
# Half of the steps at the smallest scale, as in the released code. L_AD is the
# mean over positions, not the released sum (ad_reduction='positive').
adv_cam = {
    'model.test_cfg.extractor.type': 'AdvCAM',
    'model.test_cfg.extractor.num_steps': '(13,27,27,27)',
    'model.test_cfg.max_batch': 32,
}
pretrained_spotlight = {'model.spotlight.init_cfg.type': 'Pretrained'}
from_the_baseline = {'model.spotlight.init_cfg.checkpoint': 'cam_r26_toyvoc'}
wide = 'cam_wrn38_toyvoc'
wide_classifier = {'model.backbone.init_cfg.checkpoint': wide}
wide_branches = {
    'model.spotlight.backbone.init_cfg.checkpoint': wide,
    'model.compensation.backbone.backbone.init_cfg.checkpoint': wide,
}
tables = {
    '3': dict(
        title='Table 3: what each part adds',
        rows=[
            baseline,
            dict(
                name='+ channel AMM',
                config=amr,
                variant='no-cps_channel',
                cfg_options={**no_cps, f'{amm}.spatial': False},
                published=('Table 3', 'baseline + channel AMM'),
            ),
            dict(
                name='+ spatial AMM',
                config=amr,
                variant='no-cps_spatial',
                cfg_options={**no_cps, f'{amm}.channel': False},
                published=('Table 3', 'baseline + spatial AMM'),
            ),
            with_amm,
            full,
        ],
    ),
    '4': dict(
        title='Table 4: the modulation function',
        rows=[
            dict(
                name='no modulation',
                config=cam,
                published=('Table 4', 'no modulation'),
            ),
            dict(
                name='threshold',
                config=amr,
                cfg_options={f'{amm}.modulation.type': 'threshold'},
                published=('Table 4', 'threshold modulation'),
            ),
            dict(
                name='Gaussian',
                config=amr,
                published=('Table 4', 'Gaussian modulation'),
            ),
            dict(
                name='threshold, no L_cps',
                config=amr,
                variant='no-cps_threshold',
                cfg_options={**no_cps, f'{amm}.modulation.type': 'threshold'},
            ),
            dict(
                name='Gaussian, no L_cps',
                config=amr,
                variant='no-cps',
                cfg_options=no_cps,
            ),
        ],
    ),
    # xi (Eq. 2) weighs the two maps in the test alone.
    '5': dict(
        title='Table 5: xi, the weight of the spotlight map',
        rows=[
            *(
                dict(
                    name=f'xi {xi}',
                    config=amr,
                    published=('Table 5', f'xi {xi}'),
                    **(
                        {}
                        if xi == 0.5
                        else dict(
                            variant=f'xi{xi}',
                            weights_of='amr_r26_toyvoc',
                            cfg_options={'model.xi': xi},
                        )
                    ),
                )
                for xi in (0.1, 0.3, 0.5, 0.7, 0.9)
            ),
            *(
                dict(
                    name=f'xi {xi}, no L_cps',
                    config=amr,
                    **(
                        dict(variant='no-cps', cfg_options=no_cps)
                        if xi == 0.5
                        else dict(
                            variant=f'no-cps_xi{xi}',
                            weights_of='amr_r26_toyvoc_no-cps',
                            cfg_options={**no_cps, 'model.xi': xi},
                        )
                    ),
                )
                for xi in (0.1, 0.3, 0.5, 0.7, 0.9)
            ),
        ],
    ),
    '6': dict(
        title='Table 6: AMR on other methods',
        rows=[
            dict(name='IRNet', config=cam, published=('Table 6', 'IRNet')),
            dict(
                name='IRNet + AMR',
                config=amr,
                published=('Table 6', 'IRNet + AMR'),
            ),
            dict(name="SEAM's backbone", config='cam_wrn38_toyvoc.py'),
            # SEAM and SEAM + AMR train on from that row's weights, as does
            # this control.
            dict(
                name='trained on without SEAM',
                config='cam_wrn38_toyvoc_as-seam.py',
                starts_from=wide_classifier,
            ),
            dict(
                name='SEAM',
                config='seam_wrn38_toyvoc.py',
                starts_from=wide_classifier,
                published=('Table 6', 'SEAM'),
            ),
            dict(
                name='SEAM + AMR',
                config='seam_amr_wrn38_toyvoc.py',
                starts_from=wide_branches,
                published=('Table 6', 'SEAM + AMR'),
            ),
            dict(
                name='SEAM + AMR, no L_cps',
                config='seam_amr_wrn38_toyvoc.py',
                variant='no-cps',
                starts_from=wide_branches,
                cfg_options=no_cps,
            ),
        ],
    ),
    'controls': dict(
        title='Controls: is it the AMM, or two networks and more compute?',
        rows=[
            baseline,
            dict(
                name='loss halved, as Eq. 10 does',
                config=cam,
                variant='half-loss',
                cfg_options={'model.loss_cls.loss_weight': 0.5},
            ),
            dict(
                name='same compute',
                config=cam,
                variant='24e',
                cfg_options={
                    'train_cfg.max_epochs': 24,
                    'param_scheduler.end': 24,
                },
            ),
            plain_pair,
            dict(
                name='+ L_cps, no AMM',
                config=amr,
                variant='no-amm',
                cfg_options=no_amm,
            ),
            with_amm,
            full,
            ceiling,
        ],
    ),
    'release': dict(
        title="The released code's switches",
        rows=[
            dict(
                name='paper, L_cps weight 0.05',
                config=amr,
                variant='cps0.05',
                cfg_options=light,
            ),
            dict(name='paper, L_cps weight 1', config=amr),
            dict(
                # The spotlight is a trained classifier; only its head moves.
                name='detached spotlight',
                config=amr,
                variant='cps0.05_detached-spotlight',
                starts_from=from_the_baseline,
                cfg_options={
                    **light,
                    'model.detach_spotlight': True,
                    **pretrained_spotlight,
                },
            ),
            dict(
                # On VOC they start from ImageNet, here from random weights.
                name='stem and layer1 frozen',
                config=amr,
                variant='cps0.05_frozen-layer1',
                cfg_options={
                    **light,
                    'model.compensation.backbone.frozen_stages': 1,
                },
            ),
            dict(
                name='channel MLP',
                config=amr,
                variant='cps0.05_mlp',
                cfg_options={**light, f'{amm}.channel_transform': 'mlp'},
            ),
            dict(
                name='spatial max and mean',
                config=amr,
                variant='cps0.05_max-mean',
                cfg_options={**light, f'{amm}.spatial_transform': 'max_mean'},
            ),
            dict(
                name='batch statistics',
                config=amr,
                variant='cps0.05_batch-stats',
                cfg_options={
                    **light,
                    f'{amm}.modulation.stats': 'batch',
                    f'{amm}.modulation.unbiased': True,
                    f'{amm}.modulation.detach_stats': True,
                },
            ),
            dict(
                name='density, not bell',
                config=amr,
                variant='cps0.05_density',
                cfg_options={**light, f'{amm}.modulation.peak': False},
            ),
            dict(
                # Rectified CAMs, first image plus mirrored second image.
                name='L_cps across images',
                config=amr,
                variant='cps0.05_pairing',
                cfg_options={
                    **light,
                    'model.loss_cps.rectify': True,
                    'model.loss_cps.pairing': 'first_two',
                },
            ),
            dict(
                name='10x lr in compensation',
                config='amr_r26_toyvoc_cps0.05_lr-compensation.py',
            ),
            dict(
                # Weight decay in momentum's place.
                name='no momentum',
                config=amr,
                variant='cps0.05_no-momentum',
                cfg_options={
                    **light,
                    'optim_wrapper.optimizer.momentum': 1e-4,
                },
            ),
            dict(
                name='all at once',
                config='amr_r26_toyvoc_release.py',
                starts_from=from_the_baseline,
            ),
        ],
    ),
    'beyond': dict(
        # The compensation branch does not see what the spotlight finds.
        title='Beyond the paper: erasing what the spotlight finds',
        rows=[
            with_amm,
            erase,
            dict(
                name='+ AMM, erasing at 0.5',
                config=amr,
                variant='no-cps_erase0.5',
                cfg_options={**no_cps, 'model.erase_thr': 0.5},
            ),
            plain_pair,
            dict(
                name='two plain networks, erasing at 0.3',
                config=amr,
                variant='no-amm-no-cps_erase0.3',
                cfg_options={
                    **no_amm,
                    **no_cps,
                    'model.erase_thr': 0.3,
                },
            ),
        ],
    ),
    'readings': dict(
        title='What the paper leaves open, and CAMs by AdvCAM',
        rows=[
            full,
            dict(
                name='L_cps on rectified CAMs',
                config=amr,
                variant='cps-rectified',
                cfg_options={'model.loss_cps.rectify': True},
            ),
            dict(
                # Each CAM is divided by its maximum before Eq. 11.
                name='L_cps on normalised CAMs',
                config=amr,
                variant='cps-normalized',
                cfg_options={'model.loss_cps.normalize': True},
            ),
            dict(
                name='spotlight from the trained baseline',
                config=amr,
                variant='spotlight-init',
                starts_from=from_the_baseline,
                cfg_options=pretrained_spotlight,
            ),
            dict(
                name='AMM in stage 4 alone',
                config=amr,
                variant='amm-stage4',
                cfg_options={
                    'model.compensation.backbone.plugins.0.stages': (
                        '(False,False,False,True)'
                    )
                },
            ),
            dict(
                name='density, not bell',
                config=amr,
                variant='density',
                cfg_options={f'{amm}.modulation.peak': False},
            ),
            dict(
                name='AdvCAM, one network',
                config=cam,
                variant='advcam',
                weights_of='cam_r26_toyvoc',
                cfg_options=adv_cam,
            ),
            dict(
                name='AdvCAM, L_cps weight 0.05',
                config=amr,
                variant='cps0.05_advcam',
                weights_of='amr_r26_toyvoc_cps0.05',
                cfg_options={**light, **adv_cam},
            ),
        ],
    ),
    # With TOYVOC_ROOT at a set of another preset (heldout_*) and a --work-dir
    # of its own.
    'heldout': dict(
        title='On sets that no choice was made on',
        rows=[baseline, plain_pair, with_amm, erase],
    ),
}
