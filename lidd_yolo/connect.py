"""The touch points in Ultralytics, and nothing else.

Seven functions in three modules are wrapped; each wrapper calls the original first or for everything that is not ours,
so stock models get stock objects. Private or undocumented names of Ultralytics that this package relies on are listed
in ``TOUCHED`` (the criterion's return format: ``models/upstream.py``) and checked before anything is wrapped. In a
module that fails the check, model YAMLs of ours are refused with the reason and everything else stays stock. Besides,
one callback joins Ultralytics' own; it is silent for stock models.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from lidd_yolo import names
from lidd_yolo.export_notice import attach_notice
from lidd_yolo.files import safe_load_asked

TESTED = ("8.3.100", "8.4.190")

TOUCHED: dict[str, dict[str, tuple[str, ...]]] = {
    "ultralytics.nn.tasks": {
        "check_yaml": ("file", "suffix", "hard"),
        "guess_model_scale": ("model_path",),
        "parse_model": ("d", "ch", "verbose"),
        "torch_safe_load": ("weight",),
    },
    "ultralytics.engine.model": {"Model._smart_load": ("self", "key"), "Model.tune": ("self", "use_ray")},
    "ultralytics.data.utils": {"check_file": ("file", "suffix")},
}

_REFUSED_BY = ("check_yaml", "parse_model", "torch_safe_load")
"""What refuses our model YAMLs and weights in a module that cannot be connected."""

_problems: dict[str, str] = {}
_attached: set[str] = set()


def attach(module: ModuleType) -> None:
    """Wrap what ``TOUCHED`` names in one Ultralytics module; a second call for the same wrapping does nothing."""
    touched = TOUCHED[module.__name__]
    if problem := _mismatch(module, touched):
        _problems[module.__name__] = problem
        for name in touched.keys() & set(_REFUSED_BY):
            if callable(getattr(module, name, None)):
                _replace(module, name, _wrap_refusing)
        return
    for name in touched:
        _replace(*_owner(module, name), _WRAPPERS[name])
    _attached.add(module.__name__)
    if module.__name__ == "ultralytics.engine.model":
        attach_notice()
    if module.__name__ == "ultralytics.nn.tasks":
        allow_safe_load()


def _replace(owner: Any, attribute: str, wrap: Callable[[Callable[..., Any]], Any]) -> None:
    original = getattr(owner, attribute)
    if not getattr(original, "_lidd_yolo", False):
        wrapper = wrap(original)
        wrapper._lidd_yolo = True
        setattr(owner, attribute, wrapper)


def attach_all() -> None:
    """Connect to every watched module, importing those that are not loaded yet (what ``import lidd_yolo`` promises)."""
    for name in TOUCHED:
        attach(import_module(name))


def state() -> dict[str, str]:
    """Return, for each watched module, ``connected``, ``not loaded`` or what is wrong with it."""
    return {m: _problems.get(m, "connected" if m in _attached else "not loaded") for m in TOUCHED}


def explain_problem() -> str:
    """Return why our models cannot be built with this Ultralytics, or an empty string."""
    if not _problems:
        return ""
    from ultralytics import __version__  # noqa: PLC0415 - loads torch where `lidd doctor` has not yet

    return (
        f"lidd_yolo cannot build its models with ultralytics {__version__}: {'; '.join(_problems.values())}. "
        f"Tested with {TESTED[0]} to {TESTED[1]}: pip install 'ultralytics=={TESTED[1]}'"
    )


def untested(version: str) -> str:
    """Say how a release, such as ``8.4.190``, lies outside the tested range; an empty string if it does not."""
    numbers, oldest, newest = (tuple(map(int, re.findall(r"\d+", v)[:3])) for v in (version, *TESTED))
    if oldest <= numbers <= newest:
        return ""
    age = "older" if numbers < oldest else "newer"
    return f"ultralytics {version} is {age} than what lidd_yolo was tested with ({TESTED[0]} to {TESTED[1]})"


@functools.cache
def _mention_untested() -> None:
    """Log, once in a process, that one of our models is built with an untested release."""
    from ultralytics import __version__  # noqa: PLC0415 - as above
    from ultralytics.utils import LOGGER  # noqa: PLC0415 - as above

    if text := untested(__version__):
        LOGGER.warning(f"{text}; it passed the checks. `lidd doctor` shows more.")


def _refuse_if_unconnected() -> None:
    if problem := explain_problem():
        raise RuntimeError(problem)


def _owner(module: ModuleType, dotted: str) -> tuple[Any, str]:
    *path, attribute = dotted.split(".")
    return functools.reduce(getattr, path, module), attribute


def _mismatch(module: ModuleType, touched: dict[str, tuple[str, ...]]) -> str:
    for name, expected in touched.items():
        try:
            function: Any = functools.reduce(getattr, name.split("."), module)
        except AttributeError:
            return f"{module.__name__}.{name} does not exist"
        actual = tuple(inspect.signature(function).parameters)[: len(expected)]
        if actual != expected:
            return f"{module.__name__}.{name}{actual} is not {expected}"
    return ""


def _wrap_refusing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse our YAMLs by name or by rows, whatever arguments this release passes."""

    @functools.wraps(original)
    def refusing(*args: Any, **kwargs: Any) -> Any:
        from lidd_yolo.models.registry import uses_our_rows  # noqa: PLC0415 - loads torchvision: a second

        values = (*args, *kwargs.values())
        if any(names.is_ours(v) or names.weights_name(v) or (isinstance(v, dict) and uses_our_rows(v)) for v in values):
            _refuse_if_unconnected()
        return original(*args, **kwargs)

    return refusing


def _wrap_check_yaml(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def check_yaml(file: Any, suffix: Any = (".yaml", ".yml"), hard: bool = True, *args: Any, **kwargs: Any) -> Any:
        if not names.is_ours(file):
            return original(file, suffix, hard, *args, **kwargs)
        _refuse_if_unconnected()
        path = original(file, suffix, False, *args, **kwargs) or names.find_beside(file)
        # Ultralytics asks softly for the path as typed and for one with digits and letters cut out of its folders, in
        # an order that differs between releases. Only the last, hard call may end at the packaged file.
        if not path and hard:
            path = names.find_packaged(file)
        return path or original(file, suffix, hard, *args, **kwargs)

    return check_yaml


def _wrap_guess_model_scale(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def guess_model_scale(model_path: Any) -> Any:
        return names.scale(model_path) if names.is_ours(model_path) else original(model_path)

    return guess_model_scale


def _wrap_check_file(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def check_file(file: Any, *args: Any, **kwargs: Any) -> Any:
        packaged = names.find_data_yaml(file)
        if packaged is None:
            return original(file, *args, **kwargs)
        # the file of the user or of Ultralytics wins; ours is the last resort
        return original(file, hard=False) or str(packaged)

    return check_file


def _wrap_torch_safe_load(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def torch_safe_load(weight: Any, *args: Any, **kwargs: Any) -> Any:
        named = names.weights_name(weight)
        if named:
            from lidd_yolo.models import pretrained  # noqa: PLC0415 - as the layers

            packaged = pretrained.find(weight)
        checkpoint, file = original(packaged if named and packaged else weight, *args, **kwargs)
        if not isinstance(checkpoint, dict) or names.WEIGHTS_FORMAT not in checkpoint:
            return checkpoint, file
        from lidd_yolo.models import pretrained  # noqa: PLC0415 - as the layers

        _refuse_if_unconnected()
        # named as typed: what is exported of the network goes into the working folder, not into the package
        return pretrained.build(checkpoint), str(weight)

    return torch_safe_load


def _wrap_parse_model(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def parse_model(d: dict[str, Any], ch: int, verbose: bool = True) -> Any:
        from lidd_yolo.models import activation, guard, registry  # noqa: PLC0415 - loads torchvision: a second

        guard.check(d)
        if not registry.uses_our_rows(d):
            with activation.BUILDING:  # a thread beside may be building one of ours, with another activation
                return original(d, ch, verbose)
        from lidd_yolo.models import parser  # noqa: PLC0415 - stock networks do not depend on what it imports

        _refuse_if_unconnected()
        _mention_untested()
        return parser.parse_with_our_rows(original, d, ch, verbose=verbose)

    return parse_model


def _wrap_smart_load(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def _smart_load(self: Any, key: str) -> Any:
        stock = original(self, key)
        if key == "model":
            return functools.partial(_build, stock, self.task)
        if not type(getattr(self, "model", None)).__module__.startswith("lidd_yolo."):
            return stock
        from lidd_yolo.training.trainers import part_for  # noqa: PLC0415 - as the layers

        return part_for(self.model, key) or stock

    return _smart_load


def _wrap_tune(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def tune(self: Any, use_ray: bool = False, *args: Any, **kwargs: Any) -> Any:
        if not type(getattr(self, "model", None)).__module__.startswith("lidd_yolo."):
            return original(self, use_ray, *args, **kwargs)
        from lidd_yolo.training import recipes  # noqa: PLC0415 - as the layers
        from lidd_yolo.training.trainers import part_for  # noqa: PLC0415 - as the layers

        trainer = part_for(self.model, "trainer")
        given = {**self.overrides, **kwargs}
        recipe = recipes.begun_with(given, trainer.recipe, trainer.from_weights, trainer.from_teacher)
        limits = {} if use_ray or not recipe else {"space": recipes.tuning_space(recipe)}
        with recipes.all_typed():
            return original(self, use_ray, *args, **{**recipe, **limits, **kwargs})

    return tune


def _build(stock: Callable[..., Any], task: str | None, cfg: Any, *args: Any, **kwargs: Any) -> Any:
    """Build our model class for a YAML with our head, else the stock one."""
    from lidd_yolo.models.classes import model_class  # noqa: PLC0415 - as the layers

    return (model_class(cfg, task) or stock)(cfg, *args, **kwargs)


def allow_safe_load() -> None:
    """Name our classes to torch's restricted unpickler when ``ULTRALYTICS_SAFE_LOAD=1`` asks for it."""
    if safe_load_asked():
        from lidd_yolo.models.classes import allow_pickled_names  # noqa: PLC0415 - as the layers

        allow_pickled_names()


_WRAPPERS: dict[str, Callable[[Callable[..., Any]], Any]] = {
    "check_yaml": _wrap_check_yaml,
    "guess_model_scale": _wrap_guess_model_scale,
    "parse_model": _wrap_parse_model,
    "torch_safe_load": _wrap_torch_safe_load,
    "Model._smart_load": _wrap_smart_load,
    "Model.tune": _wrap_tune,
    "check_file": _wrap_check_file,
}
