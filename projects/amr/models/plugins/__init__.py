from .attention_modulation import AttentionModulation

__all__ = ['AttentionModulation']
