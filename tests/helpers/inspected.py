"""Made-up pictures of an inspection: random defects, detections on and beside them, and clutter."""

import numpy as np

from lidd_yolo.inspection.pictures import InspectedPicture, gather

CLASSES = ("crack", "pit", "stain")


def made_up_pictures(seed, *, pictures=60, classes=3, good=0.5, groups=None, crowd=40.0):
    """Return pictures of 100 x 100 px, about half of them without a defect; coarse confidences, so some are equal."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(pictures):
        truth = 0 if rng.random() < good else rng.integers(1, 6)
        corner = rng.uniform(0, crowd, (truth, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(8, 30, (truth, 2))], axis=1)
        kind = rng.integers(0, classes, truth)
        near = np.repeat(np.arange(truth), 2)[rng.random(2 * truth) < 0.7]
        clutter = rng.integers(0, 4)
        spots = rng.uniform(0, crowd, (clutter, 2))
        found = np.concatenate(
            [boxes[near] + rng.normal(0, 1.5, (len(near), 4)), np.concatenate([spots, spots + 15], axis=1)]
        )
        as_kind = np.where(rng.random(len(near)) < 0.8, kind[near], rng.integers(0, classes, len(near)))
        score = np.concatenate([rng.beta(4, 2, len(near)), rng.beta(2, 5, clutter)]).round(2)
        made.append(
            InspectedPicture(
                name=f"{number:03}.png",
                truth_class=kind,
                truth_boxes=boxes,
                found_class=np.concatenate([as_kind, rng.integers(0, classes, clutter)]),
                confidence=score,
                found_boxes=found,
                group=None if groups is None else int(rng.integers(0, groups)),
            )
        )
    return made


def made_up_inspection(seed, **words):
    return gather(made_up_pictures(seed, **words), CLASSES[: words.get("classes", 3)])


def bare_inspection(defects, good, *, group=None, classes=1):
    """Return a picture for each defect, ``(class, confidence)`` with 0 for unfound, and for each good part.

    ``good`` has a list of detections ``(class, confidence)`` of each; ``group`` the group of each defect's picture.
    """
    box = np.array([[0.0, 0.0, 10.0, 10.0]])
    nothing = np.zeros((0, 4))
    pictures = []
    for number, (kind, score) in enumerate(defects):
        seen = score > 0
        pictures.append(
            InspectedPicture(
                f"bad{number}.png",
                np.array([kind]),
                box,
                np.full(int(seen), kind),
                np.full(int(seen), float(score)),
                box[: int(seen)],
                group=None if group is None else int(group[number]),
            )
        )
    for number, seen in enumerate(good):
        kinds, scores = np.array([k for k, _ in seen], dtype=int), np.array([s for _, s in seen], dtype=float)
        pictures.append(
            InspectedPicture(
                f"good{number}.png", np.zeros(0, int), nothing, kinds, scores, np.repeat(box, len(seen), axis=0)
            )
        )
    return gather(pictures, CLASSES[:classes])
