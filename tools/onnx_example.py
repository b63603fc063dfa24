"""Label a photo with an exported segmentor: MODEL.onnx PHOTO OUT.png.

Needs onnxruntime, numpy and Pillow alone: copy this file.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

if len(sys.argv) != 4:
    sys.exit(__doc__)
model, photo, out = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
facts = json.loads(session.get_modelmeta().custom_metadata_map['amr.json'])
image = ImageOps.exif_transpose(Image.open(photo)).convert('RGB')
shrink = min(1, (facts['max_pixels'] / (image.width * image.height)) ** 0.5)
small = image.resize([max(int(side * shrink), 1) for side in image.size])
labels, _ = session.run(None, {'image': np.asarray(small)[None]})
for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
    print(f'{facts["classes"][label]}: {count / labels.size:.1%}')
mask = Image.fromarray(labels[0]).resize(image.size, Image.NEAREST)
mask.putpalette(np.ravel(facts['palette']).tolist())
mask.save(out)
