"""The ``activation:`` key: what is built inside, what is left behind, what is refused."""

import threading

import pytest
from torch import nn
from ultralytics.nn.modules import Conv

from lidd_yolo.models.activation import default_activation


class TestDefaultActivation:
    @pytest.mark.parametrize(
        ("text", "kind", "attributes"),
        [
            ("torch.nn.LeakyReLU(0.1)", nn.LeakyReLU, {"negative_slope": 0.1, "inplace": False}),
            ("nn.LeakyReLU(negative_slope=0.2, inplace=True)", nn.LeakyReLU, {"negative_slope": 0.2, "inplace": True}),
            ("torch.nn.Hardtanh(-1.5, 1.5)", nn.Hardtanh, {"min_val": -1.5, "max_val": 1.5}),
            ("torch.nn.ReLU()", nn.ReLU, {}),
        ],
    )
    def test_blocks__built_inside(self, text, kind, attributes):
        with default_activation(text):
            act = Conv(1, 1).act
        assert type(act) is kind
        assert {name: getattr(act, name) for name in attributes} == attributes

    def test_default__restored(self):
        before = Conv.default_act
        with default_activation("torch.nn.ReLU()"), default_activation("torch.nn.Tanh()"):
            assert isinstance(Conv.default_act, nn.Tanh)
        assert Conv.default_act is before

    def test_default__restored_after_an_error(self):
        before = Conv.default_act
        with pytest.raises(KeyError), default_activation("torch.nn.ReLU()"):
            raise KeyError
        assert Conv.default_act is before

    @pytest.mark.parametrize("text", [None, ""])
    def test_text__none_keeps_the_default(self, text):
        before = Conv.default_act
        with default_activation(text):
            assert Conv.default_act is before

    @pytest.mark.parametrize("text", [None, "torch.nn.ReLU()"])
    def test_default__restored_whatever_is_set_inside(self, text):
        """Ultralytics up to 8.4.100 leaves a YAML's activation behind."""
        before = Conv.default_act
        with default_activation(text):
            Conv.default_act = nn.Tanh()
        assert Conv.default_act is before

    @pytest.mark.parametrize(
        "text",
        [
            "LeakyReLU(0.1)",
            "torch.nn.LeakyReLU",
            "torch.nn.NoSuchThing()",
            "torch.nn.functional()",
            "torch.nn.LeakyReLU(slope)",
            "torch.nn.LeakyReLU(no_such_argument=1)",
            "LeakyReLU 0.1",
            "torch.nn.LeakyReLU(0.1",
            "__import__('os').system('true')",
            "torch.nn.Sequential(__import__('os'))",
        ],
    )
    def test_text__refused(self, text):
        before = Conv.default_act
        with (
            pytest.raises(ValueError, match=r"is not a torch.nn activation such as") as error,
            default_activation(text),
        ):
            pass
        assert repr(text) in str(error.value)
        assert Conv.default_act is before

    def test_threads__build_one_after_the_other(self):
        """A network built in another thread meanwhile must not get our activation."""
        seen, inside, order = [], threading.Event(), []

        def build():
            inside.wait()
            with default_activation("torch.nn.Tanh()"):
                order.append("other")
                seen.append(Conv(1, 1).act)

        thread = threading.Thread(target=build)
        thread.start()
        with default_activation("torch.nn.ReLU()"):
            inside.set()
            thread.join(0.2)
            order.append("first")
            assert isinstance(Conv(1, 1).act, nn.ReLU)
        thread.join()
        assert order == ["first", "other"]
        assert isinstance(seen[0], nn.Tanh)
