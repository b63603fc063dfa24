from .affinity_net import AffinityNet
from .base_affinity_network import BaseAffinityNetwork
from .benet import BENet
from .irnet import IRNet

__all__ = ['AffinityNet', 'BENet', 'BaseAffinityNetwork', 'IRNet']
