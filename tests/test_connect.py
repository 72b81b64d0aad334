"""The touch points: connected here, refused with a reason where Ultralytics is not what we expect."""

import importlib
import inspect
from types import ModuleType, SimpleNamespace

import pytest
import torch
from ultralytics import YOLO, __version__
from ultralytics.data.utils import check_det_dataset
from ultralytics.nn import tasks
from ultralytics.utils import IterableSimpleNamespace

from lidd_yolo import connect, paths
from lidd_yolo.models.lidd import LIDDModel
from lidd_yolo.training.trainers import LIDDTrainer
from tests.helpers.lidd_model import build_lidd, noise_batch

OUR_ROWS = {"nc": 1, "backbone": [[-1, 1, "CSEA", [8]]], "head": []}


@pytest.fixture
def fresh(monkeypatch):
    """Forget what was connected, for this test."""
    monkeypatch.setattr(connect, "_problems", {})
    monkeypatch.setattr(connect, "_attached", set())


def stand_in(**functions):
    """Return a module ``ultralytics.nn.tasks`` with the right signatures, but for those given; None is absent."""
    module = ModuleType("ultralytics.nn.tasks")
    right = {
        "check_yaml": lambda file, suffix=(), hard=True: f"stock {file}",  # noqa: ARG005 - signatures are what counts
        "guess_model_scale": lambda model_path: "stock",  # noqa: ARG005
        "parse_model": lambda d, ch, verbose=True: "stock",  # noqa: ARG005
    }
    for name, function in {**right, **functions}.items():
        if function is not None:
            setattr(module, name, function)
    return module


class TestAttach:
    def test_state__connected_here(self):
        connect.attach_all()
        assert set(connect.state().values()) == {"connected"}
        assert connect.explain_problem() == ""

    @pytest.mark.parametrize("module", connect.TOUCHED)
    def test_wrappers__keep_name_and_signature(self, module):
        for name in connect.TOUCHED[module]:
            owner, attribute = connect._owner(importlib.import_module(module), name)
            wrapper = getattr(owner, attribute)
            original = inspect.unwrap(wrapper)
            assert original is not wrapper
            assert original.__module__.startswith("ultralytics.")
            assert inspect.signature(wrapper) == inspect.signature(original)
            assert wrapper.__name__ == attribute

    def test_twice__wrapped_once(self):
        before = tasks.parse_model
        connect.attach(tasks)
        assert tasks.parse_model is before

    @pytest.mark.usefixtures("fresh")
    def test_state__before_anything_is_loaded(self):
        assert set(connect.state().values()) == {"not loaded"}

    @pytest.mark.usefixtures("fresh")
    def test_other_names__go_to_ultralytics(self):
        module = stand_in()
        connect.attach(module)
        assert module.check_yaml("yolov8n.yaml") == "stock yolov8n.yaml"
        assert module.guess_model_scale("yolov8n.yaml") == "stock"
        assert module.parse_model({"backbone": [[-1, 1, "Conv", [8]]], "head": []}, 3) == "stock"


@pytest.mark.usefixtures("fresh")
class TestMismatch:
    """An Ultralytics that changed a touch point: ours are refused with the tested range, the rest stays stock."""

    def test_signature__changed(self):
        def parse_model(d, ch, log, verbose=True):  # noqa: ARG001
            return "stock"

        module = stand_in(parse_model=parse_model)
        connect.attach(module)
        reason = r"ultralytics\.nn\.tasks\.parse_model\('d', 'ch', 'log'\) is not \('d', 'ch', 'verbose'\)"
        with pytest.raises(RuntimeError, match=reason) as error:
            module.check_yaml("lidd.yaml")
        assert f"cannot build its models with ultralytics {__version__}" in str(error.value)
        assert "Tested with 8.3.100 to 8.4.190: pip install 'ultralytics==8.4.190'" in str(error.value)
        with pytest.raises(RuntimeError, match=reason):
            module.parse_model(OUR_ROWS, 3, None)
        assert module.check_yaml("yolov8n.yaml") == "stock yolov8n.yaml"
        assert module.parse_model({"backbone": [], "head": []}, 3, None) == "stock"
        assert not hasattr(module.guess_model_scale, "__wrapped__")
        assert "is not" in connect.state()["ultralytics.nn.tasks"]

    def test_function__gone(self):
        module = stand_in(guess_model_scale=None, parse_model=None)
        connect.attach(module)
        with pytest.raises(RuntimeError, match=r"ultralytics\.nn\.tasks\.guess_model_scale does not exist"):
            module.check_yaml("lidds.yaml")

    def test_other_module__stops_our_models_too(self):
        """Without ``_smart_load`` a network of ours would get the stock trainer."""
        model = ModuleType("ultralytics.engine.model")
        model.Model = SimpleNamespace()
        module = stand_in()
        connect.attach(module)
        connect.attach(model)
        for ask in (lambda: module.check_yaml("lidd.yaml"), lambda: module.parse_model(OUR_ROWS, 3)):
            with pytest.raises(RuntimeError, match=r"engine\.model\.Model\._smart_load does not exist"):
                ask()
        assert module.check_yaml("yolov8n.yaml") == "stock yolov8n.yaml"


class TestCheckYaml:
    def test_soft_question__never_ends_at_the_packaged_file(self, tmp_path):
        """Up to 8.4.150 the first, soft question is for a path that the user did not type."""
        assert not tasks.check_yaml(str(tmp_path / "lidd.yaml"), hard=False)
        assert tasks.check_yaml(str(tmp_path / "lidd.yaml")) == str(paths.cfg_dir() / "models" / "lidd.yaml")

    def test_soft_question__own_base_file(self, tmp_path):
        (tmp_path / "lidd.yaml").touch()
        assert tasks.check_yaml(str(tmp_path / "lidds.yaml"), hard=False) == str(tmp_path / "lidd.yaml")


class TestCheckFile:
    """``check_file`` as the data loader uses it."""

    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        return tmp_path

    def test_own_file__wins(self, folder):
        (folder / "pictures").mkdir()
        text = f"path: {folder}\ntrain: pictures\nval: pictures\nnames: [mine]\n"
        (folder / "neu-det.yaml").write_text(text, encoding="utf-8")
        assert check_det_dataset("neu-det.yaml")["names"] == {0: "mine"}

    @pytest.mark.parametrize("name", ["neu-det.yaml", "neu-det"])
    def test_packaged__missing_pictures_say_how_to_make_them(self, folder, name, monkeypatch):
        monkeypatch.setattr("ultralytics.data.utils.DATASETS_DIR", folder)
        with pytest.raises(FileNotFoundError, match="lidd data neu-det --source FOLDER"):
            check_det_dataset(name)

    @pytest.mark.usefixtures("folder")
    def test_nobodys__stock_error(self):
        with pytest.raises(FileNotFoundError, match=r"'neu-dat\.yaml' does not exist"):
            check_det_dataset("neu-dat.yaml")


class TestSmartLoad:
    def test_parts__of_our_model(self):
        model = YOLO("lidd.yaml")
        assert type(model.model) is LIDDModel
        assert model.task == "detect"
        assert model._smart_load("trainer") is LIDDTrainer
        assert model._smart_load("validator").__module__.startswith("ultralytics.")

    def test_parts__of_a_stock_model(self):
        model = YOLO("yolov8n.yaml")
        assert type(model.model) is tasks.DetectionModel
        assert model._smart_load("trainer").__module__.startswith("ultralytics.")


class TestUntested:
    @pytest.mark.parametrize("version", ["8.3.100", "8.3.253", "8.4.0", "8.4.190", "8.4.190.dev1"])
    def test_version__inside(self, version):
        assert connect.untested(version) == ""

    @pytest.mark.parametrize(
        ("version", "age"), [("8.3.99", "older"), ("8.2.200", "older"), ("8.4.191", "newer"), ("9.0.0", "newer")]
    )
    def test_version__outside(self, version, age):
        want = f"ultralytics {version} is {age} than what lidd_yolo was tested with (8.3.100 to 8.4.190)"
        assert connect.untested(version) == want

    def test_log__one_line_for_our_models_only(self, monkeypatch):
        lines = []
        monkeypatch.setattr("ultralytics.__version__", "8.9.0")
        monkeypatch.setattr("ultralytics.utils.LOGGER.warning", lines.append)
        connect._mention_untested.cache_clear()
        YOLO("yolov8n.yaml")
        assert lines == []
        YOLO("lidd.yaml")
        YOLO("lidd.yaml")
        connect._mention_untested.cache_clear()
        assert len(lines) == 1
        assert "8.9.0 is newer than what lidd_yolo was tested with" in lines[0]


@pytest.mark.usefixtures("allow_list")
class TestAllowSafeLoad:
    @pytest.fixture
    def allow_list(self):
        """Give torch's allow-list back as it was."""
        before = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        yield
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)

    @pytest.mark.parametrize("value", ["", "0"])
    def test_variable__not_set(self, monkeypatch, value):
        monkeypatch.setenv("ULTRALYTICS_SAFE_LOAD", value)
        connect.allow_safe_load()
        assert torch.serialization.get_safe_globals() == []

    def test_variable__set_names_our_classes(self, monkeypatch):
        monkeypatch.setenv("ULTRALYTICS_SAFE_LOAD", "1")
        connect.allow_safe_load()
        allowed = torch.serialization.get_safe_globals()
        assert LIDDModel in allowed
        assert all(c.__module__.startswith("lidd_yolo.") for c in allowed)

    def test_checkpoint__of_a_training_loads(self, monkeypatch, tmp_path):
        if "safe_only" not in inspect.signature(tasks.torch_safe_load).parameters:
            pytest.skip(f"ultralytics {__version__} has no restricted loading")
        model = build_lidd()
        model.args = IterableSimpleNamespace(**vars(model.args))  # as a trainer has it
        model.loss(noise_batch(size=64))
        torch.save({"model": model}, tmp_path / "last.pt")
        with pytest.raises(TypeError, match="outside the supported Ultralytics checkpoint format"):
            tasks.torch_safe_load(tmp_path / "last.pt", safe_only=True)
        monkeypatch.setenv("ULTRALYTICS_SAFE_LOAD", "1")
        connect.allow_safe_load()
        loaded = tasks.torch_safe_load(tmp_path / "last.pt", safe_only=True)[0]["model"]
        assert type(loaded) is LIDDModel
        assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), model.parameters(), strict=True))
