from .cam_strip import (
    cam_picture,
    colour_labels,
    overlay_cam,
    picture_strip,
)

__all__ = ['cam_picture', 'colour_labels', 'overlay_cam', 'picture_strip']
