"""Files compared with a list of checksums."""

import pytest

from lidd_yolo.data.releases.download import Verification, read_checksums, verify_files
from tests.helpers.folders import text

_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, example 1
_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class TestReadChecksums:
    def test_lines_of_sha256sum(self, tmp_path):
        file = text(tmp_path / "x.sha256", f"{_OF_ABC}  a/b c.txt\n{_OF_NOTHING}  d\n")
        assert read_checksums(file) == {"a/b c.txt": _OF_ABC, "d": _OF_NOTHING}

    @pytest.mark.parametrize("line", ["", _OF_ABC, f"{_OF_ABC[1:]}  a", f"{_OF_ABC.upper()}  a", f"{_OF_ABC} *a"])
    def test_other_lines__named(self, tmp_path, line):
        file = text(tmp_path / "x.sha256", f"{_OF_ABC}  a\n{line}\n")
        with pytest.raises(ValueError, match=r"x\.sha256, line 2"):
            read_checksums(file)


class TestVerify:
    def test_all_four_cases(self, tmp_path):
        text(tmp_path / "equal/a", "abc")
        text(tmp_path / "changed", "abcd")
        text(tmp_path / "unlisted", "")
        listed = {"equal/a": _OF_ABC, "changed": _OF_ABC, "missing": _OF_NOTHING}
        assert verify_files(tmp_path, listed) == Verification(1, ("changed",), ("missing",), ("unlisted",))
