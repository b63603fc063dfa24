# Rows of tools/run_ablation.py's tables on real photos. VOC_ROOT and
# CLASS_FILE name the photos; published figures are of VOC 2012, ResNet-50.
work_dir = 'work_dirs/ablation/lite0'
cam, amr = '../../cam_lite0_voc.py', '../../amr_lite0_voc.py'
baseline = dict(name='baseline', config=cam)
no_cps = {'model.loss_cps': None}
no_amm = {'model.compensation.backbone.branches': None}
amm = dict(name='+ AMM', config=amr, cfg_options=no_cps)
full = dict(name='+ AMM + L_cps', config=amr)
modulation = 'model.compensation.backbone.amm'
seam = dict(name='SEAM', config='../../seam_lite0_voc.py')
seam_amr = dict(name='SEAM + AMR', config='../../seam_amr_lite0_voc.py')
# Little is learned: many CAMs are empty, and that is the result.
scored = {'default_hooks.cam_writer.max_empty': 1.0}
raw = {'model.loss_cps.normalize': False, **scored}
labelled = dict(
    name='normalised, labelled classes',
    config=amr,
    cfg_options={'model.loss_cps.labelled_only': True, **scored},
)
# Threshold, weight and steps are AdvCAM's own. So is the step's size: 0.08 of
# ImageNet's deviation is 4.6 grey levels, 0.036 of this range.
adv_cam = {
    'model.test_cfg.extractor.type': 'AdvCAM',
    'model.test_cfg.extractor.num_steps': 27,
    'model.test_cfg.extractor.step_size': 0.036,
    'model.test_cfg.extractor.ad_reduction': 'positive',
    'model.test_cfg.max_batch': 32,
}
# On every fifth photo: 27 steps are as many passes with gradients per class.
fifth = {'test_dataloader.dataset.indices': list(range(0, 437, 5))}
climbed = [
    dict(
        name=name + more,
        variant=variant,
        config=config,
        weights_of=config,
        cfg_options={**options, **fifth},
    )
    for name, config in (('baseline', cam), ('AMR', amr))
    for more, variant, options in (
        ('', 'fifth', {}),
        (', AdvCAM', 'fifth-advcam', adv_cam),
    )
]
# Eq. 2 weighs the two maps in the test alone.
other_xi = [
    dict(
        name=f'xi {xi}',
        config=amr,
        weights_of='amr_lite0_voc',
        cfg_options={'model.xi': xi},
    )
    for xi in (0.1, 0.3, 0.7, 0.9)
]
tables = {
    '3': dict(
        title='Table 3: what each part adds',
        rows=[
            baseline,
            dict(
                name='+ channel AMM',
                config=amr,
                cfg_options={**no_cps, f'{modulation}.spatial': False},
            ),
            dict(
                name='+ spatial AMM',
                config=amr,
                cfg_options={**no_cps, f'{modulation}.channel': False},
            ),
            amm,
            full,
        ],
    ),
    '4': dict(
        title='Table 4: the modulation function',
        rows=[
            baseline,
            dict(
                name='threshold',
                config=amr,
                cfg_options={f'{modulation}.modulation.type': 'threshold'},
            ),
            full,
        ],
    ),
    '5': dict(
        title='Table 5: xi, the weight of the spotlight map',
        rows=[
            *other_xi[:2],
            dict(name='xi 0.5', config=amr),
            *other_xi[2:],
        ],
    ),
    '6': dict(
        title='Table 6: AMR on other methods',
        rows=[
            baseline,
            full,
            seam,
            seam_amr,
            dict(
                name='SEAM + L_cps, no AMM',
                variant='no-amm',
                config=seam_amr['config'],
                cfg_options=no_amm,
            ),
            dict(
                name='SEAM + AMM, no L_cps',
                variant='no-cps',
                config=seam_amr['config'],
                cfg_options=no_cps,
            ),
        ],
    ),
    'controls': dict(
        title='Controls: is it the AMM, or two networks and more compute?',
        rows=[
            baseline,
            dict(
                name='twice the steps',
                config=cam,
                cfg_options={
                    'train_cfg.max_iters': 510,
                    'param_scheduler.end': 510,
                },
            ),
            dict(
                name='two plain networks',
                config=amr,
                cfg_options={**no_cps, **no_amm},
            ),
            dict(
                name='+ L_cps, no AMM',
                config=amr,
                cfg_options=no_amm,
            ),
            amm,
            full,
        ],
    ),
    # Eq. 11 does not say on which CAMs it is taken.
    'eq11': dict(
        title='Readings of Eq. 11',
        rows=[
            dict(name='normalised', config=amr),
            dict(name='raw', config=amr, cfg_options=raw),
            dict(
                name='rectified',
                config=amr,
                cfg_options={**raw, 'model.loss_cps.rectify': True},
            ),
            labelled,
            dict(
                name='normalised, released weight',
                config=amr,
                cfg_options={'model.loss_cps.loss_weight': 0.05},
            ),
        ],
    ),
    'systems': dict(
        title='Systems beside AMR, on the same backbone and schedule',
        rows=[
            baseline,
            amm,
            seam,
            dict(
                name='BES, attention pooling',
                config='../../cam_lite0_voc_bes.py',
            ),
            dict(name='DRS', config='../../cam_lite0_voc_drs.py'),
            full,
            seam_amr,
        ],
    ),
    'adv_cam': dict(title='AdvCAM, on every fifth photo', rows=climbed),
    'beyond': dict(
        title='Beyond the paper: do the branches find different parts?',
        rows=[
            amm,
            full,
            labelled,
            # A labelled class is pulled as before: 1.1 of 6 are labelled.
            dict(
                name='labelled classes, weight 0.2',
                variant='labelled-0.2',
                config=amr,
                cfg_options={
                    'model.loss_cps.labelled_only': True,
                    'model.loss_cps.loss_weight': 0.2,
                },
            ),
            dict(
                name='smooth L1',
                config=amr,
                cfg_options={'model.loss_cps.beta': 0.1},
            ),
            dict(
                name='L_cps moves the compensation branch alone',
                variant='stop-gradient',
                config=amr,
                cfg_options={'model.loss_cps.stop_gradient': 'spotlight'},
            ),
            dict(
                name='+ AMM, erasing at 0.3, no L_cps',
                variant='erasing-at-0.3',
                config=amr,
                cfg_options={**no_cps, 'model.erase_thr': 0.3},
            ),
        ],
    ),
}
