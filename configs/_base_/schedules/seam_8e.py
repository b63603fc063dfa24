# SEAM's released training: 8 epochs of batches of 8, lr 0.01, ten times that
# for the new layers; the poly schedule is schedule_8e.py's.
_base_ = './schedule_8e.py'
optim_wrapper = dict(
    # Momentum: the released poly optimiser passes weight decay in SGD's
    # momentum slot.
    optimizer=dict(lr=0.01, momentum=5e-4, weight_decay=5e-4),
    paramwise_cfg=dict(
        custom_keys={
            'head': dict(lr_mult=10),
            'pcm': dict(lr_mult=10),
            # The new layers of a compensation branch, by the same rule.
            'amm': dict(lr_mult=10),
        }
    ),
)
