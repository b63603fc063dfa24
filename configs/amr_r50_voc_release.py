# The released code's AMR, switch by switch; amr_r50_voc.py is the paper's.
# With --no-pretrained the residual branches start closed, and the released
# modulation, which has no eps, divides zero by zero in them: then give
# model.compensation.backbone.plugins.0.cfg.modulation.eps=1e-5.
_base_ = ['./amr_r50_voc.py', '_base_/models/released_amm.py']
model = dict(
    # Features and logits of the spotlight carry no gradient; it starts from
    # a trained plain classifier.
    detach_spotlight=True,
    spotlight=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='work_dirs/cam_r50_voc_release/epoch_8.pth',
        )
    ),
    compensation=dict(
        backbone=dict(
            frozen_stages=1,  # stem and layer1, its AMMs included
            plugins=[dict(cfg={{_base_.amm}}, position='after_conv3')],
        )
    ),
    loss_cps=dict(
        loss_weight=0.05,
        normalize=False,
        rectify=True,
        pairing='first_two',
    ),
    # Seven scales and flip are those of the paper preset.
    test_cfg=dict(
        extractor=dict(
            type='AdvCAM',
            # 27 passes, 13 at scale 0.5; the last step's image is never seen.
            num_steps=(12, 26, 26, 26, 26, 26, 26),
            rectify_logits=True,
            ad_reduction='positive',
        ),
        # The AMM's statistics are those of a batch, and a batch is one class
        # of an image and of its mirrored copy.
        max_batch=1,
    ),
)
optim_wrapper = dict(
    # Momentum: the poly optimiser of the released code passes weight decay
    # in SGD's momentum slot.
    optimizer=dict(lr=0.01, momentum=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(
        custom_keys={'compensation.backbone': dict(lr_mult=10)}
    ),
)
