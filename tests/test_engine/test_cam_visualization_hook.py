import cv2
from mmengine.runner import Runner
from runner_configs import tiny_config


def run(toy_root, tmp_path, **options):
    cfg = tiny_config(toy_root, tmp_path / 'work')
    cfg.experiment_name = tmp_path.name
    cfg.default_hooks.visualization.update(
        out_dir=str(tmp_path / 'strips'), **options
    )
    runner = Runner.from_cfg(cfg)
    runner.model.init_weights()
    runner.test()
    paths = sorted((tmp_path / 'strips').glob('*.png'))
    return paths, [cv2.imread(str(path)) for path in paths]


def test_every_nth_image_gets_a_strip_of_all_maps(toy_root, tmp_path):
    paths, strips = run(toy_root, tmp_path, interval=3, min_height=100)
    ids = (toy_root / 'ImageSets/Segmentation/train.txt').read_text().split()
    assert [path.stem for path in paths] == ids[::3]
    for path, strip in zip(paths, strips, strict=True):
        image = cv2.imread(str(toy_root / 'JPEGImages' / f'{path.stem}.jpg'))
        height, width = image.shape[:2]
        zoom = -(-100 // height)
        # Image, spotlight, compensation, weighted and mask, 4 px apart.
        assert strip.shape[:2] == (18 + zoom * height, 5 * (zoom * width + 4))
        first = strip[18:, : zoom * width : zoom][::zoom]
        assert (first == image).all()
