# Rows of tools/run_ablation.py's tables on VOC 2012: `--table 3`. Tables 3 to
# 6 are the paper's, the others ours. Published figures are of the CAMs on
# train, see projects/amr/evaluation/published_results.csv.
toy = False
work_dir = 'work_dirs/ablation/voc'
cam, amr = '../cam_r50_voc.py', '../amr_r50_voc.py'
amm = 'model.compensation.backbone.plugins.0.cfg'
no_cps = {'model.loss_cps': None}
no_amm = {'model.compensation.backbone.plugins': None}
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
        ],
    ),
    # xi (Eq. 2) weighs the two maps in the test alone.
    '5': dict(
        title='Table 5: xi, the weight of the spotlight map',
        rows=[
            dict(
                name=f'xi {xi}',
                config=amr,
                published=('Table 5', f'xi {xi}'),
                **(
                    {}
                    if xi == 0.5
                    else dict(
                        variant=f'xi{xi}',
                        weights_of='amr_r50_voc',
                        cfg_options={'model.xi': xi},
                    )
                ),
            )
            for xi in (0.1, 0.3, 0.5, 0.7, 0.9)
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
            dict(
                name='SEAM',
                config='../seam_wrn38_voc.py',
                published=('Table 6', 'SEAM'),
            ),
            dict(
                name='SEAM + AMR',
                config='../seam_amr_wrn38_voc.py',
                published=('Table 6', 'SEAM + AMR'),
            ),
        ],
    ),
    'controls': dict(
        title='Controls: is it the AMM, or two networks and more compute?',
        rows=[
            baseline,
            dict(
                name='same compute',
                config=cam,
                variant='16e',
                cfg_options={
                    'train_cfg.max_epochs': 16,
                    'param_scheduler.end': 16,
                },
            ),
            dict(
                name='two plain networks',
                config=amr,
                variant='no-amm-no-cps',
                cfg_options={**no_amm, **no_cps},
            ),
            dict(
                name='+ L_cps, no AMM',
                config=amr,
                variant='no-amm',
                cfg_options=no_amm,
            ),
            with_amm,
            full,
        ],
    ),
    'release': dict(
        title='The released code',
        rows=[
            dict(name='paper', config=amr, published=('Table 2', 'AMR')),
            dict(
                name='L_cps weight 0.05',
                config=amr,
                variant='cps0.05',
                cfg_options={'model.loss_cps.loss_weight': 0.05},
            ),
            dict(
                name='all switches',
                config='../amr_r50_voc_release.py',
                starts_from={
                    'model.spotlight.init_cfg.checkpoint': (
                        '../cam_r50_voc_release.py'
                    )
                },
                published=('Table 2', 'AMR'),
            ),
        ],
    ),
    'beyond': dict(
        # The compensation branch does not see what the spotlight finds.
        title='Beyond the paper: erasing what the spotlight finds',
        rows=[
            with_amm,
            dict(
                name='+ erasing at 0.3',
                config=amr,
                variant='no-cps_erase0.3',
                cfg_options={**no_cps, 'model.erase_thr': 0.3},
            ),
        ],
    ),
}
