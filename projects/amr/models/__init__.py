"""Networks, losses and CAM methods; importing the package registers them."""

from .affinity import *  # noqa: F403
from .backbones import *  # noqa: F403
from .cam_methods import *  # noqa: F403
from .classifiers import *  # noqa: F403
from .data_preprocessor import WeakLabelDataPreprocessor  # noqa: F401
from .decode_heads import *  # noqa: F403
from .heads import *  # noqa: F403
from .losses import *  # noqa: F403
from .plugins import *  # noqa: F403
from .segmentors import *  # noqa: F403
