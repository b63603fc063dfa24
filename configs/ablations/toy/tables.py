# Rows of tools/run_ablation.py's tables on ToyVOC: `--tables
# configs/ablations/toy/tables.py --table 3`. Published figures are of VOC
# 2012: they stand beside ToyVOC's, and are never to be compared with them.
toy = True
work_dir = 'work_dirs/ablation/toyvoc'
# Shown beside every table if it was run (it is a row of `controls`).
ceiling = dict(
    name='ceiling: heads painted over',
    config='../../toy/cam_r26_toyvoc_painted-over.py',
)
baseline = dict(
    name='baseline',
    config='../../toy/cam_r26_toyvoc.py',
    published=('Table 3', 'baseline'),
)
amm = dict(
    name='+ AMM',
    config='../../toy/amr_r26_toyvoc_no-cps.py',
    published=('Table 3', 'baseline + AMM'),
)
amr = dict(
    name='+ AMM + L_cps',
    config='../../toy/amr_r26_toyvoc.py',
    published=('Table 3', 'baseline + AMM + L_cps'),
)
wide_classifier = dict(TOY_WRN38_CLASSIFIER='../../toy/cam_wrn38_toyvoc.py')
plain_pair = dict(
    name='two plain networks',
    config='../../toy/amr_r26_toyvoc_no-amm-no-cps.py',
)
tables = {
    '3': dict(
        title='Table 3: what each part adds',
        rows=[
            baseline,
            dict(
                name='+ channel AMM',
                config='amr_r26_toyvoc_no-cps_channel.py',
                published=('Table 3', 'baseline + channel AMM'),
            ),
            dict(
                name='+ spatial AMM',
                config='amr_r26_toyvoc_no-cps_spatial.py',
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
                config='../../toy/cam_r26_toyvoc.py',
                published=('Table 4', 'no modulation'),
            ),
            dict(
                name='threshold',
                config='amr_r26_toyvoc_threshold.py',
                published=('Table 4', 'threshold modulation'),
            ),
            dict(
                name='Gaussian',
                config='../../toy/amr_r26_toyvoc.py',
                published=('Table 4', 'Gaussian modulation'),
            ),
            dict(
                name='threshold, no L_cps',
                config='amr_r26_toyvoc_no-cps_threshold.py',
            ),
            dict(
                name='Gaussian, no L_cps',
                config='../../toy/amr_r26_toyvoc_no-cps.py',
            ),
        ],
    ),
    # xi (Eq. 2) weighs the two maps in the test alone.
    '5': dict(
        title='Table 5: xi, the weight of the spotlight map',
        rows=[
            dict(
                name='xi 0.1',
                config='amr_r26_toyvoc_xi0.1.py',
                weights_of='../../toy/amr_r26_toyvoc.py',
                published=('Table 5', 'xi 0.1'),
            ),
            dict(
                name='xi 0.3',
                config='amr_r26_toyvoc_xi0.3.py',
                weights_of='../../toy/amr_r26_toyvoc.py',
                published=('Table 5', 'xi 0.3'),
            ),
            dict(
                name='xi 0.5',
                config='../../toy/amr_r26_toyvoc.py',
                published=('Table 5', 'xi 0.5'),
            ),
            dict(
                name='xi 0.7',
                config='amr_r26_toyvoc_xi0.7.py',
                weights_of='../../toy/amr_r26_toyvoc.py',
                published=('Table 5', 'xi 0.7'),
            ),
            dict(
                name='xi 0.9',
                config='amr_r26_toyvoc_xi0.9.py',
                weights_of='../../toy/amr_r26_toyvoc.py',
                published=('Table 5', 'xi 0.9'),
            ),
            dict(
                name='xi 0.1, no L_cps',
                config='amr_r26_toyvoc_no-cps_xi0.1.py',
                weights_of='../../toy/amr_r26_toyvoc_no-cps.py',
            ),
            dict(
                name='xi 0.3, no L_cps',
                config='amr_r26_toyvoc_no-cps_xi0.3.py',
                weights_of='../../toy/amr_r26_toyvoc_no-cps.py',
            ),
            dict(
                name='xi 0.5, no L_cps',
                config='../../toy/amr_r26_toyvoc_no-cps.py',
            ),
            dict(
                name='xi 0.7, no L_cps',
                config='amr_r26_toyvoc_no-cps_xi0.7.py',
                weights_of='../../toy/amr_r26_toyvoc_no-cps.py',
            ),
            dict(
                name='xi 0.9, no L_cps',
                config='amr_r26_toyvoc_no-cps_xi0.9.py',
                weights_of='../../toy/amr_r26_toyvoc_no-cps.py',
            ),
        ],
    ),
    '6': dict(
        title='Table 6: AMR on other methods',
        rows=[
            dict(
                name='IRNet',
                config='../../toy/cam_r26_toyvoc.py',
                published=('Table 6', 'IRNet'),
            ),
            dict(
                name='IRNet + AMR',
                config='../../toy/amr_r26_toyvoc.py',
                published=('Table 6', 'IRNet + AMR'),
            ),
            dict(
                name="SEAM's backbone",
                config='../../toy/cam_wrn38_toyvoc.py',
            ),
            # SEAM and SEAM + AMR train on from that row's weights, as does
            # this control.
            dict(
                name='trained on without SEAM',
                config='../../toy/cam_wrn38_toyvoc_as-seam.py',
                starts_from=wide_classifier,
            ),
            dict(
                name='SEAM',
                config='../../toy/seam_wrn38_toyvoc.py',
                starts_from=wide_classifier,
                published=('Table 6', 'SEAM'),
            ),
            dict(
                name='SEAM + AMR',
                config='../../toy/seam_amr_wrn38_toyvoc.py',
                starts_from=wide_classifier,
                published=('Table 6', 'SEAM + AMR'),
            ),
            dict(
                name='SEAM + AMR, no L_cps',
                config='../../toy/seam_amr_wrn38_toyvoc_no-cps.py',
                starts_from=wide_classifier,
            ),
        ],
    ),
    'controls': dict(
        title='Controls: is it the AMM, or two networks and more compute?',
        rows=[
            baseline,
            dict(
                name='loss halved, as Eq. 10 does',
                config='../../toy/cam_r26_toyvoc_half-loss.py',
            ),
            dict(name='same compute', config='cam_r26_toyvoc_24e.py'),
            plain_pair,
            dict(
                name='+ L_cps, no AMM',
                config='../../toy/amr_r26_toyvoc_no-amm.py',
            ),
            amm,
            amr,
            ceiling,
        ],
    ),
    'release': dict(
        title="The released code's switches",
        rows=[
            dict(
                name='paper, L_cps weight 0.05',
                config='../../toy/amr_r26_toyvoc_cps0.05.py',
            ),
            dict(
                name='paper, L_cps weight 1',
                config='../../toy/amr_r26_toyvoc.py',
            ),
            dict(
                name='detached spotlight',
                config='amr_r26_toyvoc_cps0.05_detached-spotlight.py',
                starts_from=dict(TOY_CLASSIFIER='../../toy/cam_r26_toyvoc.py'),
            ),
            dict(
                name='stem and layer1 frozen',
                config='amr_r26_toyvoc_cps0.05_frozen-layer1.py',
            ),
            dict(
                name='channel MLP',
                config='amr_r26_toyvoc_cps0.05_mlp.py',
            ),
            dict(
                name='spatial max and mean',
                config='amr_r26_toyvoc_cps0.05_max-mean.py',
            ),
            dict(
                name='batch statistics',
                config='amr_r26_toyvoc_cps0.05_batch-stats.py',
            ),
            dict(
                name='density, not bell',
                config='amr_r26_toyvoc_cps0.05_density.py',
            ),
            dict(
                name='L_cps across images',
                config='amr_r26_toyvoc_cps0.05_pairing.py',
            ),
            dict(
                name='10x lr in compensation',
                config='amr_r26_toyvoc_cps0.05_lr-compensation.py',
            ),
            dict(
                name='no momentum',
                config='amr_r26_toyvoc_cps0.05_no-momentum.py',
            ),
            dict(
                name='all at once',
                config='amr_r26_toyvoc_release.py',
                starts_from=dict(TOY_CLASSIFIER='../../toy/cam_r26_toyvoc.py'),
            ),
        ],
    ),
    'beyond': dict(
        # The compensation branch does not see what the spotlight finds.
        title='Beyond the paper: erasing what the spotlight finds',
        rows=[
            amm,
            dict(
                name='+ AMM, erasing at 0.3',
                config='amr_r26_toyvoc_no-cps_erase0.3.py',
            ),
            dict(
                name='+ AMM, erasing at 0.5',
                config='amr_r26_toyvoc_no-cps_erase0.5.py',
            ),
            plain_pair,
            dict(
                name='two plain networks, erasing at 0.3',
                config='amr_r26_toyvoc_no-amm-no-cps_erase0.3.py',
            ),
        ],
    ),
    # With TOYVOC_ROOT at a set of another preset (heldout_*) and a --work-dir
    # of its own.
    'heldout': dict(
        title='On sets that no choice was made on',
        rows=[
            baseline,
            plain_pair,
            amm,
            dict(
                name='+ AMM, erasing at 0.3',
                config='amr_r26_toyvoc_no-cps_erase0.3.py',
            ),
        ],
    ),
}
