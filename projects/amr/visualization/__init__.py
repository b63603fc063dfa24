from .cam_strip import colour_labels, overlay_cam, picture_strip

__all__ = ['colour_labels', 'overlay_cam', 'picture_strip']
