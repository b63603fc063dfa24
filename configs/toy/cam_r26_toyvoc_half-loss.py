# Control beyond the paper: Eq. 10 halves each branch's loss, which is half
# the learning rate; here the baseline has it too.
_base_ = './cam_r26_toyvoc.py'
model = dict(loss_cls=dict(loss_weight=0.5))
