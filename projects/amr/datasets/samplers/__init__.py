from .size_grouped_batch_sampler import SizeGroupedBatchSampler

__all__ = ['SizeGroupedBatchSampler']
