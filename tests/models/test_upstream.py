"""What differs between releases of Ultralytics: the form of the loss items, and wrappers around the network."""

import inspect

import pytest
import torch
from torch import nn
from ultralytics.models.yolo.detect import DetectionTrainer

from lidd_yolo.models import upstream


def release_that_names_losses():
    """Return what ``get_validator`` of a release up to 8.4.100 looks like: it sets ``loss_names``."""

    def get_validator(self):
        self.loss_names = "box_loss", "cls_loss", "dfl_loss"

    return get_validator


def release_that_does_not():
    """Return what ``get_validator`` of a later release looks like."""

    def get_validator(self):
        return self.args

    return get_validator


@pytest.fixture
def install(monkeypatch):
    """Exchange the trainer's ``get_validator`` and forget what was found out before."""

    def exchange(get_validator):
        monkeypatch.setattr(DetectionTrainer, "get_validator", get_validator)
        upstream.trainer_names_losses.cache_clear()

    yield exchange
    monkeypatch.undo()
    upstream.trainer_names_losses.cache_clear()


class TestTrainerNamesLosses:
    def test_value__of_the_installed_release(self):
        source = inspect.getsource(DetectionTrainer.get_validator)
        assert upstream.trainer_names_losses() == ("self.loss_names" in source)

    @pytest.mark.parametrize(("make", "want"), [(release_that_names_losses, True), (release_that_does_not, False)])
    def test_value__of_either_kind(self, install, make, want):
        install(make())
        assert upstream.trainer_names_losses() is want


class TestLossItems:
    def terms(self):
        return {name: torch.tensor(float(i), requires_grad=True) * 2 for i, name in enumerate("abc")}

    def test_vector__where_the_trainer_names_them(self, install):
        install(release_that_names_losses())
        items = upstream.loss_items(self.terms())
        assert items.tolist() == [0, 2, 4]
        assert not items.requires_grad

    def test_dict__where_the_criterion_does(self, install):
        install(release_that_does_not())
        items = upstream.loss_items(self.terms())
        assert {name: item.item() for name, item in items.items()} == {"a": 0, "b": 2, "c": 4}
        assert not any(item.requires_grad for item in items.values())


class TestUnwrapped:
    def test_model__without_wrapper(self):
        model = nn.Linear(1, 1)
        assert upstream.unwrapped(model) is model

    @pytest.mark.parametrize("names", [["module"], ["_orig_mod"], ["_orig_mod", "module"], ["module", "_orig_mod"]])
    def test_model__inside_the_wrappers_of_torch(self, names):
        """DistributedDataParallel calls what it holds ``module``, torch.compile calls it ``_orig_mod``."""
        model = wrapped = nn.Linear(1, 1)
        for name in names:
            outer = nn.Module()
            setattr(outer, name, wrapped)
            wrapped = outer
        assert upstream.unwrapped(wrapped) is model


class TestStudent:
    def test_student__inside_all_wrappers(self):
        """Ultralytics' distillation calls it ``student_model``, inside those of torch."""
        model, wrapped, outer = nn.Linear(1, 1), nn.Module(), nn.Module()
        wrapped.student_model, outer.module = model, wrapped
        assert upstream.student(outer) is model
        assert upstream.student(model) is model
