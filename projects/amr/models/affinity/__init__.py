from .affinity_net import AffinityNet
from .base_affinity_network import BaseAffinityNetwork
from .irnet import IRNet

__all__ = ['AffinityNet', 'BaseAffinityNetwork', 'IRNet']
