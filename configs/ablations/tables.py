# Rows of tools/run_ablation.py's tables on VOC 2012: `--table 3`. Tables 3 to
# 6 are the paper's, the others ours. Every published figure is of the CAMs
# on train, and stands in projects/amr/evaluation/published_tables.py.
toy = False
work_dir = 'work_dirs/ablation/voc'
baseline = dict(
    name='baseline',
    config='../cam_r50_voc.py',
    published=('Table 3', 'baseline'),
)
amm = dict(
    name='+ AMM',
    config='amr_r50_voc_no-cps.py',
    published=('Table 3', 'baseline + AMM'),
)
amr = dict(
    name='+ AMM + L_cps',
    config='../amr_r50_voc.py',
    published=('Table 3', 'baseline + AMM + L_cps'),
)
tables = {
    '3': dict(
        title='Table 3: what each part adds',
        rows=[
            baseline,
            dict(
                name='+ channel AMM',
                config='amr_r50_voc_no-cps_channel.py',
                published=('Table 3', 'baseline + channel AMM'),
            ),
            dict(
                name='+ spatial AMM',
                config='amr_r50_voc_no-cps_spatial.py',
                published=('Table 3', 'baseline + spatial AMM'),
            ),
            amm,
            amr,
        ],
    ),
    '4': dict(
        title='Table 4: the modulation function',
        rows=[
            dict(
                name='no modulation',
                config='../cam_r50_voc.py',
                published=('Table 4', 'no modulation'),
            ),
            dict(
                name='threshold',
                config='amr_r50_voc_threshold.py',
                published=('Table 4', 'threshold modulation'),
            ),
            dict(
                name='Gaussian',
                config='../amr_r50_voc.py',
                published=('Table 4', 'Gaussian modulation'),
            ),
        ],
    ),
    # xi (Eq. 2) weighs the two maps in the test alone.
    '5': dict(
        title='Table 5: xi, the weight of the spotlight map',
        rows=[
            dict(
                name='xi 0.1',
                config='amr_r50_voc_xi0.1.py',
                weights_of='../amr_r50_voc.py',
                published=('Table 5', 'xi 0.1'),
            ),
            dict(
                name='xi 0.3',
                config='amr_r50_voc_xi0.3.py',
                weights_of='../amr_r50_voc.py',
                published=('Table 5', 'xi 0.3'),
            ),
            dict(
                name='xi 0.5',
                config='../amr_r50_voc.py',
                published=('Table 5', 'xi 0.5'),
            ),
            dict(
                name='xi 0.7',
                config='amr_r50_voc_xi0.7.py',
                weights_of='../amr_r50_voc.py',
                published=('Table 5', 'xi 0.7'),
            ),
            dict(
                name='xi 0.9',
                config='amr_r50_voc_xi0.9.py',
                weights_of='../amr_r50_voc.py',
                published=('Table 5', 'xi 0.9'),
            ),
        ],
    ),
    '6': dict(
        title='Table 6: AMR on other methods',
        rows=[
            dict(
                name='IRNet',
                config='../cam_r50_voc.py',
                published=('Table 6', 'IRNet'),
            ),
            dict(
                name='IRNet + AMR',
                config='../amr_r50_voc.py',
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
            dict(name='same compute', config='cam_r50_voc_16e.py'),
            dict(
                name='two plain networks',
                config='amr_r50_voc_no-amm-no-cps.py',
            ),
            dict(name='+ L_cps, no AMM', config='amr_r50_voc_no-amm.py'),
            amm,
            amr,
        ],
    ),
    'release': dict(
        title='The released code',
        rows=[
            dict(
                name='paper',
                config='../amr_r50_voc.py',
                published=('Table 2', 'AMR'),
            ),
            dict(name='L_cps weight 0.05', config='amr_r50_voc_cps0.05.py'),
            dict(
                name='all switches',
                config='../amr_r50_voc_release.py',
                starts_from=dict(VOC_CLASSIFIER='../cam_r50_voc_release.py'),
                published=('Table 2', 'AMR'),
            ),
        ],
    ),
    'beyond': dict(
        # The compensation branch does not see what the spotlight finds.
        title='Beyond the paper: erasing what the spotlight finds',
        rows=[
            amm,
            dict(
                name='+ erasing at 0.3',
                config='amr_r50_voc_no-cps_erase0.3.py',
            ),
        ],
    ),
}
