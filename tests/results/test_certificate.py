"""Certificates as files: what is refused, and whether the files that one names are still the same."""

import hashlib
import json

import pytest

from lidd_yolo.results.certificate import AS_CERTIFIED, CHANGED, ELSEWHERE, file_states, read_certificate
from tests.helpers.folders import text

WHOLE = {"weights": {"file": "best.pt", "sha256": "w"}, "fold": {"passed": True}, "formats": {"onnx": {"passed": True}}}


class TestReadCertificate:
    def test_read__whole(self, tmp_path):
        assert read_certificate(text(tmp_path / "c.json", json.dumps(WHOLE))) == WHOLE

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("", "no JSON"),
            ("{", "no JSON"),
            ("[]", "it holds no object"),
            ('{"name": "neu-det-s0"}', "'weights' is missing"),
            (json.dumps({**WHOLE, "weights": {"file": "best.pt"}}), "'weights' has no 'sha256'"),
            (json.dumps({**WHOLE, "fold": {}}), "'fold' has no 'passed'"),
            (json.dumps({**WHOLE, "formats": ["onnx"]}), "'formats' is missing"),
            (json.dumps({**WHOLE, "formats": {"onnx": {}}}), "'onnx' of its formats does not say whether it passed"),
        ],
    )
    def test_read__refused(self, tmp_path, content, told):
        file = text(tmp_path / "c.json", content)
        with pytest.raises(ValueError, match=told) as refused:
            read_certificate(file)
        assert str(refused.value).startswith(f"{file}: ")

    def test_read__no_text_or_no_file(self, tmp_path):
        (tmp_path / "c.json").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ValueError, match="no JSON"):
            read_certificate(tmp_path / "c.json")
        with pytest.raises(ValueError, match=r"none.json: No such file"):
            read_certificate(tmp_path / "none.json")
        with pytest.raises(ValueError, match="Is a directory"):
            read_certificate(tmp_path)


class TestFileStates:
    def test_states__of_each_file(self, tmp_path):
        text(tmp_path / "best.pt", "weights")
        text(tmp_path / "best_ncnn_model" / "model.bin", "changed")
        digest = hashlib.sha256(b"weights").hexdigest()
        files = {"best_ncnn_model/model.bin": "a", "best_ncnn_model/model.param": "b"}
        content = {
            "weights": {"file": "best.pt", "sha256": digest},
            "formats": {"ncnn": {"passed": True, "files": files}, "onnx": {"passed": False}},
        }
        assert file_states(tmp_path / "c.json", content) == {
            "weights": {"best.pt": (digest, AS_CERTIFIED)},
            "ncnn": {
                "best_ncnn_model/model.bin": ("a", CHANGED),
                "best_ncnn_model/model.param": ("b", ELSEWHERE),
            },
        }
