from .size_grouped_sampler import SizeGroupedSampler

__all__ = ['SizeGroupedSampler']
