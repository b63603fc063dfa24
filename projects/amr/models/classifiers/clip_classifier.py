"""Frozen CLIP as a classifier, as CLIP-ES uses it (arXiv:2212.09506)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from projects.amr.errors import UserError
from projects.amr.models.attention_recording import recorded_attention
from projects.amr.models.classifiers.base_cam_classifier import (
    BaseCAMClassifier,
)
from projects.amr.models.text_embeddings import TextEmbeddings
from projects.amr.ops.attention_affinity import refine_by_attention
from projects.amr.ops.attention_cam import (
    softmax_target,
    token_grad_cam,
)
from projects.amr.ops.cam import stretch_cam
from projects.amr.ops.checks import require
from projects.amr.ops.precision import full_precision


@dataclass
class EncodedView:
    """A pass of N images that gradients of their scores can follow back.

    Args:
        tokens (Tensor): Behind the first norm of the last block, shape
            (N, T, C).
        logits (Tensor): Of the K classes, then the D background texts, shape
            (N, K + D).
        attentions (list[Tensor]): See :func:`recorded_attention`.
        size (tuple[int, int]): Patches (h, w).
    """

    tokens: Tensor
    logits: Tensor
    attentions: list[Tensor]
    size: tuple[int, int]


@MODELS.register_module()
class CLIPClassifier(BaseCAMClassifier):
    """Likeness of images and texts by CLIP, and Grad-CAMs of it.

    Needs no training: weights are those of ``backbone.init_cfg``, texts those
    of a file, so that no tokenizer runs here. The map of a labelled class is
    the Grad-CAM of its probability, by the softmax over the image's labelled
    classes and all background texts, refined by CLIP-ES's attention affinity.

    Scores are the softmax over all classes and background texts; of an image
    with several classes they share 1.

    The class list of the data is set by :class:`TextClassesHook` or
    ``classes``.

    Args:
        backbone (dict): Config of a :class:`TimmViT` with ``projection``.
        num_classes (int): Number K of foreground classes.
        text_file (str): See :meth:`TextEmbeddings.load`.
        classes (Sequence[str], optional): Their K names in order, which
            ``text_file`` must have. Defaults to None: set later.
        logit_scale (float): Factor on the cosines, positive. Defaults to
            100.0, CLIP's.
        affinity_layers (int): Last blocks whose attention refines maps; 0
            does not refine. Defaults to 8 (CLIP-ES).
        test_cfg (dict, optional): Defaults to ``SoftmaxGradCAM`` of one
            scale without flip (CLIP-ES); so does ``val_cfg``.
        **kwargs: Of :class:`BaseCAMClassifier`.

    Raises:
        ValueError: If a number is out of range.
        MissingWeightsError: If there is no ``text_file``.
        DataError: If it breaks a rule or lacks a class.
    """

    def __init__(
        self,
        backbone: dict,
        num_classes: int,
        text_file: str,
        classes: Sequence[str] | None = None,
        logit_scale: float = 100.0,
        affinity_layers: int = 8,
        test_cfg: dict | None = None,
        val_cfg: dict | None = None,
        **kwargs,
    ):
        default = {'type': 'mmseg.SoftmaxGradCAM', 'flip': False}
        super().__init__(
            test_cfg={**default, **(test_cfg or {})},
            val_cfg={**default, **(val_cfg or {})},
            **kwargs,
        )
        require(logit_scale > 0, 'logit_scale', logit_scale, 'positive')
        fits = affinity_layers >= 0
        require(fits, 'affinity_layers', affinity_layers, 'at least 0')
        self.backbone = MODELS.build(backbone)
        self.logit_scale = logit_scale
        self.affinity_layers = affinity_layers
        self.texts = self._read_texts(text_file)
        self.classes: tuple[str, ...] | None = None
        length = self.backbone.projection
        # Stored, so that CAM records tell other texts from these.
        self.register_buffer('text', torch.zeros(num_classes, length))
        background = torch.from_numpy(self.texts.background)
        self.register_buffer('background', background)
        if classes is not None:
            self.set_classes(classes)

    def _read_texts(self, path: str) -> TextEmbeddings:
        """Read the texts, whose length must be that of image embeddings."""
        texts = TextEmbeddings.load(path)
        lengths = texts.embeddings.shape[1], self.backbone.projection
        if lengths[0] != lengths[1]:
            raise UserError(
                f'{path} has embeddings of length {lengths[0]}, and '
                f'model.backbone.projection is {lengths[1]}: texts must be '
                'of the same CLIP as the image weights'
            )
        return texts

    @property
    def num_classes(self) -> int:
        """Number of foreground classes."""
        return len(self.text)

    def set_classes(self, names: Sequence[str]) -> None:
        """Take the texts of K foreground classes in the data's order.

        Raises:
            UserError: If they are more or fewer than ``num_classes``.
            DataError: If the file lacks one.
        """
        if len(names) != self.num_classes:
            raise UserError(
                f'model.num_classes is {self.num_classes}, and the data have '
                f'{len(names)} classes'
            )
        rows = torch.from_numpy(self.texts.of_classes(names))
        self.text.copy_(rows)
        self.classes = tuple(names)

    def branches(self) -> dict[str, 'CLIPClassifier']:
        """Return the classifier itself."""
        return {self.final: self}

    def loss(self, inputs, data_samples):
        """Refuse: CLIP is frozen."""
        raise UserError(
            'CLIPClassifier is not trained: run tools/test.py without a '
            'checkpoint, and train the next stage on its CAMs'
        )

    def forward_cam(self, inputs: Tensor) -> Tensor:
        """Maps (N, K, h, w) of images (N, 3, H, W), all classes labelled."""
        labelled = inputs.new_ones(len(inputs), self.num_classes).bool()
        return self.label_cams(self.encode(inputs), labelled)

    def encode(self, images: Tensor) -> EncodedView:
        """Pass images (N, 3, H, W); gradients lead to the last block alone.

        In full precision, as gradients of a probability are small.

        Raises:
            UserError: If the class list is not set.
        """
        if self.classes is None:
            raise UserError(
                'CLIPClassifier does not know the class list: write '
                "custom_hooks=[dict(type='TextClassesHook')], or "
                'model.classes'
            )
        leaf: list[Tensor] = []

        def cut(module, inputs, output) -> Tensor:
            leaf.append(output.detach().float().requires_grad_())
            return leaf[0]

        norm = self.backbone.vit.blocks[-1].norm1
        handle = norm.register_forward_hook(cut)
        try:
            with (
                torch.enable_grad(),
                full_precision(images.device),
                recorded_attention(self.backbone) as attentions,
            ):
                found = self.backbone.embedding(images.detach().float())
                texts = torch.cat([self.text, self.background])
                cosines = F.normalize(found, dim=1) @ texts.T
                logits = self.logit_scale * cosines
        finally:
            handle.remove()
        size = self.backbone.grid_size(images)
        return EncodedView(leaf[0], logits, attentions, size)

    def label_cams(self, view: EncodedView, labelled: Tensor) -> Tensor:
        """Refined Grad-CAMs (N, K, h, w), at least 0, of N images.

        They are 0 where not ``labelled``, bool (N, K).
        """
        with torch.enable_grad(), full_precision(labelled.device):
            target = softmax_target(view.logits, labelled)
            taken = labelled.any(0).nonzero()[:, 0]
            # Images do not meet, so one pass serves a class of all of them.
            maps = [self._grad_cam(view, target[:, k]) for k in taken]
        result = view.tokens.new_zeros(*labelled.shape, *view.size)
        if not maps:
            return result
        cams = torch.stack(maps, 1)
        if self.affinity_layers:
            layers = min(self.affinity_layers, len(view.attentions))
            cams = refine_by_attention(
                cams, view.attentions, 'clip_es', layers
            )
        result[:, taken] = cams * labelled[:, taken, None, None]
        return result

    @staticmethod
    def _grad_cam(view: EncodedView, target: Tensor) -> Tensor:
        """Grad-CAM (N, h, w) of a probability (N,)."""
        (gradient,) = torch.autograd.grad(
            target.sum(), view.tokens, retain_graph=True
        )
        return token_grad_cam(view.tokens.detach(), gradient, view.size)

    def finish_cam(self, cam: Tensor) -> Tensor:
        """Merged maps (k, h', w') stretched to [0, 1] (CLIP-ES)."""
        return stretch_cam(cam)
