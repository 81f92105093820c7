"""SampleScorer: how a problem declares the yardstick of a generation output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SampleScorer:
    """The yardstick of a generation output; ``training`` fits it once, on training rows only.

    Every yardstick is the Frechet distance between Gaussians fitted to features of ``samples`` prior draws and of
    the held-out targets; ``name`` says which features (the table is in ``training/scorers.py``):

    - ``pca-frechet``: the first ``components`` principal components of the training targets. Cheap, and enough for
      small images and for vectors.
    - ``classifier-frechet``: what a small convolutional network sees just before it names the class in the output
      ``target``, a classification of the same problem. For images ``(channels, height, width)`` with classes.
    """

    name: str = "pca-frechet"
    components: int = 20
    samples: int = 1000
    target: str = ""
