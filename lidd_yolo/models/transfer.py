"""Start a network from the weights of another: what fits is taken over, and one message says what is new and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ultralytics.utils import LOGGER, RANK

_TRAINING_ONLY = ".latm."


def source_of(weights: Any) -> Any:
    """Return the network in what Ultralytics passes to ``load``: a network, or the content of a checkpoint."""
    return (weights.get("ema") or weights["model"]) if isinstance(weights, dict) else weights


def transfer(model: Any, weights: Any, load: Callable[..., None]) -> None:
    """Load the weights that fit, by Ultralytics' own ``load(weights, verbose=...)``, and log what is new.

    Raises:
        ValueError: If nothing fits: a checkpoint of another network.
    """
    source = source_of(weights)
    theirs = {key: value.shape for key, value in source.state_dict().items()}
    ours = {key: value.shape for key, value in model.state_dict().items()}
    name = getattr(source, "pt_path", None) or getattr(source, "yaml", {}).get("yaml_file", type(source).__name__)
    if not any(shape and theirs.get(key) == shape for key, shape in ours.items()):
        raise ValueError(
            f"no weight of the checkpoint ({name}) fits {model.yaml.get('yaml_file', 'this network')}: start from a "
            "checkpoint of the same network, or leave pretrained= out"
        )
    load(source, verbose=False)
    if RANK in {-1, 0}:
        LOGGER.info(_message(str(name), ours, theirs, _classes(source), _classes(model)))


def _message(
    name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], before: Mapping[int, str], now: Mapping[int, str]
) -> str:
    """Return the line to log; shapes of our tensors and of the source's by their names, and both networks' classes."""
    lasting = [key for key in ours if _TRAINING_ONLY not in key]
    missing = [key for key in lasting if theirs.get(key) != ours[key]]
    of_classes = [key for key in missing if _only_classes_differ(ours[key], theirs.get(key), len(now), len(before))]
    news = []
    if of_classes:
        same = sorted(set(now.values()) & set(before.values()))
        kept = f", but for {', '.join(same)}" if same else ""
        news.append(f"the class layers start anew ({len(before)} classes there, {len(now)} here{kept})")
    if others := [key for key in missing if key not in of_classes]:
        news.append(f"{len(others)} tensors of another shape start anew (the first: {others[0]})")
    if len(lasting) < len(ours) and not any(_TRAINING_ONLY in key for key in theirs):
        news.append("the auxiliary head, which only training has, starts anew behind a copy of the neck")
    taken = "all weights" if not missing else f"{len(lasting) - len(missing)} of {len(lasting)} tensors"
    return f"Start from {name}: {taken} taken over" + "".join(f"; {item}" for item in news)


def _only_classes_differ(here: Any, there: Any, nc_here: int, nc_there: int) -> bool:
    """Tell whether two shapes differ in the number of classes alone."""
    return (
        there is not None
        and nc_here != nc_there
        and tuple(here[1:]) == tuple(there[1:])
        and (here[:1] == (nc_here,) and there[:1] == (nc_there,))
    )


def _classes(model: Any) -> Mapping[int, str]:
    return dict(getattr(model, "names", None) or {})
