"""fashion-mnist: 28x28 grey images of clothes, with three tasks of three different kinds.

Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), MIT licence. The three tasks are those of [VALP] section VII, where the
histogram adapts to each image and the samples are judged by an own variant of the inception score; here the histogram
has fixed steps, and samples are judged by a Frechet distance (``docs/problems.md``).
"""

from __future__ import annotations

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.problem import Problem
from valpnas.problems._idx_images import idx_files, image_class_problem, whole_image_problem

FILES = idx_files(
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "fashion-mnist",
    (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)

# Validation objectives of the constant predictor: the commonest class, the mean histogram and the mean image of the
# training rows (recomputed by a test).
REFERENCE = {"label": 0.907, "histogram": 1.0, "sample": 1.37}

# Bounds that no model is expected to pass. label: dense networks miss 11 in 100, convolutional ones 5 to 7. histogram:
# two layers of 256 units leave 0.12. sample: 2,000 training images are at 0.0022 from the validation images (0.0019 to
# 0.0029 over draws and over seeds of the classifier), which is the noise floor of the yardstick; the images blurred
# over 3x3 pixels are at 0.05, a Gaussian fitted to their pixels is at 0.27.
IDEAL = {"label": 0.04, "histogram": 0.02, "sample": 0.002}


def fashion_mnist() -> Problem:
    """Return the problem; its files are looked for, and fetched if need be, when it is loaded."""
    summary = "28x28 images of clothes: name the article, count its grey levels, draw new ones"
    return whole_image_problem("fashion-mnist", summary, FILES, REFERENCE, IDEAL)


def fashion_class() -> Problem:
    """Return the problem of naming alone: the same rows in the same parts."""
    return _naming("fashion-class", "28x28 images of clothes: name the article", None)


def fashion_class_10k() -> Problem:
    """Return the same with 10,000 of the training rows; all other parts are as they are there."""
    return _naming("fashion-class-10k", "the same, with 10,000 images to learn from", 10_000)


def _naming(name: str, summary: str, most: int | None) -> Problem:
    reference, ideal = ({"label": bound["label"]} for bound in (REFERENCE, IDEAL))
    return image_class_problem(name, summary, FILES, reference, ideal, Augmentation(shift=0.125, flip=True), most)
