"""Made-up evidence files: what a network of a given quality would have found on the same labelled pictures."""

from pathlib import Path

import numpy as np

from lidd_yolo.results.evidence import Evidence


def write_evidence(
    target: Path,
    *,
    quality: float,
    pictures: int = 40,
    classes: int = 3,
    noise: int = 5,
    seed: int = 0,
    masks: bool = False,
    groups: int | None = None,
) -> Path:
    """Write an evidence file; the labels depend on ``pictures`` and ``classes`` alone.

    Args:
        target: File to write, ``.npz``.
        quality: Share of the objects that are found, and how exactly, 0 to 1.
        pictures: Number of pictures.
        classes: Number of classes.
        noise: False detections in each picture.
        seed: Seed of the detections.
        masks: Give the masks a correctness of their own.
        groups: Number of groups that the pictures form; None for a file that states none.
    """
    labels = np.random.default_rng(12345)
    truth_picture = np.repeat(np.arange(pictures), labels.integers(1, 5, pictures))
    truth_class = labels.integers(0, classes, len(truth_picture))

    rng = np.random.default_rng(seed)
    found = rng.random(len(truth_picture)) < quality
    hits = int(found.sum())
    levels = rng.binomial(10, quality, hits)
    false = pictures * noise
    correct = np.concatenate([(1 << levels) - 1, np.zeros(false, dtype=int)])
    arrays = {
        "pictures": np.array([f"steel_{i:04d}.jpg" for i in range(pictures)]),
        "truth_picture": truth_picture.astype(np.int32),
        "truth_class": truth_class.astype(np.int16),
        "found_picture": np.concatenate([truth_picture[found], np.repeat(np.arange(pictures), noise)]).astype(np.int32),
        "found_class": np.concatenate([truth_class[found], rng.integers(0, classes, false)]).astype(np.int16),
        "confidence": np.concatenate([rng.uniform(0.2, 1, hits), rng.uniform(0, 0.6, false)]).astype(np.float32),
        "correct": correct.astype(np.uint16),
    }
    if masks:
        arrays["mask_correct"] = (arrays["correct"] >> 1).astype(np.uint16)
    if groups:
        arrays["groups"] = (np.arange(pictures) % groups).astype(np.int32)
    np.savez_compressed(target, **arrays)
    return target


def make_evidence(folder: Path, **words: object) -> Evidence:
    """Return made-up evidence as it is read from its file."""
    return Evidence.load(write_evidence(folder / "made-up.npz", **words))
