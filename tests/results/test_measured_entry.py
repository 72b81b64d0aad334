"""Ledger entries of measured times."""

import json
from datetime import datetime, timezone

import torch

from lidd_yolo.results.ledger import keep, verify


class TestKeep:
    def test_entry__facts_machine_and_chain(self, tmp_path):
        file = keep(tmp_path, "a-time", {"x": {"median_s": 1.5}}, threads=7, imgsz=64)
        entry = json.loads(file.read_text(encoding="utf-8"))
        assert (entry["name"], entry["imgsz"], entry["results"]) == ("a-time", 64, {"x": {"median_s": 1.5}})
        assert entry["date"] == datetime.now(timezone.utc).date().isoformat()
        assert entry["machine"]["threads"] == 7
        assert "device" not in entry
        assert verify(tmp_path) == []

    def test_device__said(self, tmp_path):
        assert json.loads(keep(tmp_path, "c", {}, device="cpu").read_text(encoding="utf-8"))["device"] == "cpu"

    def test_threads__torchs_own(self, tmp_path):
        entry = json.loads(keep(tmp_path, "b", {}).read_text(encoding="utf-8"))
        assert entry["machine"]["threads"] == torch.get_num_threads()
