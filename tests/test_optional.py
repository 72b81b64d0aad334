"""Optional packages: loaded, or a message that says what to install."""

import json.decoder
import sys

import pytest

from lidd_yolo.optional import load_extra


class TestLoadExtra:
    def test_load_extra__there(self):
        assert load_extra("json.decoder") is json.decoder

    def test_load_extra__missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy", None)
        monkeypatch.delitem(sys.modules, "scipy.special", raising=False)
        with pytest.raises(ImportError, match=r'^scipy is missing: pip install "lidd-yolo\[compare\]"$'):
            load_extra("scipy.special")
