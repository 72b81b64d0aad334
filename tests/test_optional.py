"""Optional packages: loaded, or a message that says what to install."""

import json.decoder
import sys

import pytest

from lidd_yolo import optional
from lidd_yolo.optional import check_extra, load_extra


class TestLoadExtra:
    def test_load_extra__there(self):
        assert load_extra("json.decoder") is json.decoder

    def test_load_extra__missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy", None)
        monkeypatch.delitem(sys.modules, "scipy.special", raising=False)
        with pytest.raises(ImportError, match=r'^scipy is missing: pip install "lidd-yolo\[compare\]"$'):
            load_extra("scipy.special")


class TestCheckExtra:
    def test_check__there(self):
        check_extra("json", "pathlib")

    def test_check__all_that_are_missing(self, monkeypatch):
        monkeypatch.setattr(optional, "find_spec", lambda name: name == "json" or None)
        with pytest.raises(ImportError, match=r'^scipy, ray are missing: pip install "lidd-yolo\[ray\]"$'):
            check_extra("scipy", "json", "ray", extra="ray")
