"""timm's transformer as a backbone: sizes, foreign weights, its attention."""

import pytest
import torch
from mmseg.registry import MODELS
from small_transformers import CHANNELS, LENGTH, mmpretrain_vit, timm_vit
from small_transformers import built as build
from torch import nn

from projects.amr.errors import CheckpointError, CheckpointMismatchError
from projects.amr.models.attention_recording import recorded_attention
from projects.amr.runtime.checkpoints.strict_loading import use_strict_loading

safetensors = pytest.importorskip('safetensors.torch')


@pytest.mark.parametrize('patch', [5, 8, 16])
@pytest.mark.parametrize('size', [(32, 32), (33, 47), (7, 3), (1, 90)])
def test_any_patch_and_any_size(patch, size):
    model = build(timm_vit(patch, num_class_tokens=3))
    tokens = model.tokens(torch.rand(2, 3, *size))
    grid = tuple(-(-side // patch) for side in size)
    assert tokens.patches.shape == (2, CHANNELS, *grid)
    assert tokens.classes.shape == (2, 3, CHANNELS)
    assert [t.shape for t in tokens.block_classes] == [(2, 3, CHANNELS)] * 3
    assert not torch.equal(tokens.classes[:, 0], tokens.classes[:, 1])
    assert not torch.equal(tokens.classes, tokens.block_classes[-1])


def test_an_odd_image_is_stretched_not_padded():
    model = build(timm_vit(8))
    image = torch.rand(1, 3, 29, 43)
    larger = nn.functional.interpolate(
        image, size=(32, 48), mode='bilinear', align_corners=False
    )
    torch.testing.assert_close(model(image)[0], model(larger)[0])


def load(model, state, path):
    use_strict_loading()
    if path.suffix == '.safetensors':
        safetensors.save_file(state, path)
    else:
        torch.save(state, path)
    model.init_cfg = {'type': 'Pretrained', 'checkpoint': str(path)}
    model._is_init = False
    model.init_weights()


def named(model) -> dict:
    """Weights as timm's own files have them."""
    return {
        key.removeprefix('vit.'): value.clone()
        for key, value in model.state_dict().items()
    }


@pytest.mark.parametrize('name', ['a.pth', 'a.safetensors'])
def test_one_class_token_becomes_all(tmp_path, name):
    one = build(timm_vit(8))
    state = named(one)
    nn.init.normal_(state['cls_token'])
    state['head.weight'] = torch.rand(10, CHANNELS)  # ImageNet's
    many = build(timm_vit(8, num_class_tokens=3))
    content = {'model': state} if name == 'a.pth' else state  # as DeiT's
    load(many, content, tmp_path / name)
    torch.testing.assert_close(
        many.vit.reg_token, state['cls_token'].repeat(1, 3, 1)
    )
    first = state['pos_embed'][:, :1].repeat(1, 3, 1)
    torch.testing.assert_close(many.vit.pos_embed[:, :3], first)
    torch.testing.assert_close(
        many.vit.pos_embed[:, 3:], state['pos_embed'][:, 1:]
    )
    for key in ('blocks.2.mlp.fc2.weight', 'patch_embed.proj.weight'):
        torch.testing.assert_close(many.vit.state_dict()[key], state[key])


def test_positions_of_another_size_are_interpolated(tmp_path):
    state = named(build(timm_vit(8)))
    larger = timm_vit(8, num_class_tokens=2)
    larger['options']['img_size'] = 48
    model = build(larger)
    load(model, state, tmp_path / 'a.pth')
    assert model.vit.pos_embed.shape == (1, 2 + 36, CHANNELS)
    corner = state['pos_embed'][0, 1]
    cosine = torch.cosine_similarity(model.vit.pos_embed[0, 2], corner, 0)
    assert cosine > 0.9


def openai_names(state: dict) -> dict:
    """Weights as CLIP's and OpenCLIP's files name them."""
    result = {}
    for key, value in state.items():
        for own, theirs in (
            ('patch_embed.proj', 'conv1'),
            ('norm_pre', 'ln_pre'),
            ('blocks.', 'transformer.resblocks.'),
            ('norm1', 'ln_1'),
            ('norm2', 'ln_2'),
            ('attn.qkv.', 'attn.in_proj_'),
            ('attn.proj', 'attn.out_proj'),
            ('mlp.fc1', 'mlp.c_fc'),
            ('mlp.fc2', 'mlp.c_proj'),
        ):
            key = key.replace(own, theirs)
        if key.startswith('norm.'):
            key = key.replace('norm', 'ln_post')
        if key == 'head.bias':
            continue
        if key == 'head.weight':
            key, value = 'proj', value.T.contiguous()
        if key == 'cls_token':
            key, value = 'class_embedding', value[0, 0]
        if key == 'pos_embed':
            key, value = 'positional_embedding', value[0]
        result[f'visual.{key}'] = value
    result['logit_scale'] = torch.tensor(4.6)
    result['transformer.resblocks.0.ln_1.weight'] = torch.rand(7)  # texts'
    return result


@pytest.mark.parametrize('foreign', [False, True])
def test_clip_weights_under_both_names(tmp_path, foreign):
    config = timm_vit(
        8, arch='vit_base_patch16_clip_quickgelu_224', projection=LENGTH
    )
    given = build(config)
    nn.init.zeros_(given.vit.head.bias)
    state = named(given)
    fresh = build(config)
    nn.init.normal_(fresh.vit.head.weight)
    content = openai_names(state) if foreign else state
    load(fresh, content, tmp_path / 'clip.safetensors')
    images = torch.rand(2, 3, 37, 41)
    torch.testing.assert_close(
        fresh.embedding(images), given.embedding(images)
    )
    assert given.embedding(images).shape == (2, LENGTH)


def test_weights_of_another_depth_are_refused(tmp_path):
    state = named(build(timm_vit(8)))
    config = timm_vit(8)
    config['options']['depth'] = 2
    with pytest.raises(CheckpointMismatchError, match='blocks'):
        load(build(config), state, tmp_path / 'a.pth')


def test_a_cut_safetensors_file_is_named(tmp_path):
    path = tmp_path / 'cut.safetensors'
    safetensors.save_file({'a': torch.rand(99)}, path)
    path.write_bytes(path.read_bytes()[:60])
    model = build(timm_vit(8))
    model.init_cfg = {'type': 'Pretrained', 'checkpoint': str(path)}
    model._is_init = False
    use_strict_loading()
    with pytest.raises(CheckpointError, match=r'cut\.safetensors'):
        model.init_weights()


@pytest.mark.parametrize(
    ('changes', 'word'),
    [
        ({'num_class_tokens': 0}, 'num_class_tokens'),
        ({'projection': -1}, 'projection'),
        ({'arch': 'deit_tall'}, 'arch'),
        ({'arch': 'resnet18'}, 'arch'),
    ],
)
def test_arguments_are_checked(changes, word):
    with pytest.raises(ValueError, match=word):
        MODELS.build(timm_vit(8, **changes))


def block_attention(block, tokens):
    """Softmax of scaled products, head by head."""
    norm = block.norm1(tokens)
    query, key, _ = block.attn.qkv(norm).chunk(3, -1)
    width = CHANNELS // 2
    heads = [
        query[..., h * width : (h + 1) * width]
        @ key[..., h * width : (h + 1) * width].transpose(1, 2)
        / width**0.5
        for h in range(2)
    ]
    return sum(head.softmax(-1) for head in heads) / 2


@pytest.mark.parametrize('config', [timm_vit(), mmpretrain_vit()])
@torch.no_grad()
def test_recorded_attention_is_that_of_each_block(config):
    model = build(config)
    images = torch.rand(2, 3, 32, 40)
    plain = model(images)[0]
    blocks = model.vit.blocks if hasattr(model, 'vit') else model.layers
    seen = []
    handles = [
        block.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
        for block in blocks
    ]
    with recorded_attention(nn.Sequential(model)) as attentions:
        recorded = model(images)[0]
    for handle in handles:
        handle.remove()
    torch.testing.assert_close(recorded, plain)
    assert len(attentions) == 3
    for block, tokens, got in zip(blocks, seen, attentions, strict=True):
        torch.testing.assert_close(got[:, 0], block_attention(block, tokens))
    model(images)
    assert len(attentions) == 3  # nothing listens any more


def test_a_network_without_attention_is_named():
    with (
        pytest.raises(ValueError, match='Conv2d'),
        recorded_attention(nn.Conv2d(3, 3, 1)),
    ):
        pass
