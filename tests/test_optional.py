"""Optional packages: loaded, or a message that says what to install."""

import json.decoder
import sys

import pytest

from lidd_yolo.optional import load_extra, missing_packages, not_installed, package_version


class TestLoadExtra:
    def test_load_extra__there(self):
        assert load_extra("json.decoder") is json.decoder

    def test_load_extra__missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy", None)
        monkeypatch.delitem(sys.modules, "scipy.special", raising=False)
        with pytest.raises(ImportError, match=r'^scipy is missing: pip install "lidd-yolo\[compare\]"$'):
            load_extra("scipy.special")

    def test_load_extra__of_another_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnx", None)
        with pytest.raises(ImportError, match=r'^onnx is missing: pip install "lidd-yolo\[export\]"$'):
            load_extra("onnx", "export")


class TestInstalled:
    def test_missing_packages__each_once(self):
        assert missing_packages(["json", "no_such_package", "no_such_package"]) == ["no_such_package"]

    def test_not_installed__with_the_remedy(self):
        assert not_installed(["json"], "export") == ""
        text = "no_a, no_b not installed: pip install 'lidd-yolo[export]'"
        assert not_installed(["no_a", "json", "no_b"], "export") == text

    def test_package_version__or_nothing(self):
        assert package_version("pytest") == pytest.__version__
        assert package_version("no-such-package") == ""
