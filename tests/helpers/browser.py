"""Headless Chromium: a screenshot of a page, what it writes to the console and what it asks the network for."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # nothing leaves the machine
)


@dataclass(frozen=True)
class Shot:
    """What the browser made of a page.

    Args:
        picture: Shape (H, W, 3), BGR.
        console: Messages of the console.
        requests: Addresses that the page asked for, but for the file itself and what is in it; not the browser's own.
    """

    picture: np.ndarray
    console: list[str]
    requests: list[str]


def find_browser():
    """Return the browser's program, or None."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def open_page(page: Path, target: Path, *, width: int = 1200, height: int = 1600, dark: bool = False) -> Shot:
    """Open a page and take a screenshot of its upper part.

    Args:
        page: File to open.
        target: Picture to write, ``.png``.
        width: Width of the window in pixels.
        height: Height of the window in pixels.
        dark: Whether the reader prefers a dark page.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "net.json"
        words = [
            *_QUIET,
            f"--user-data-dir={folder}/user",
            f"--window-size={width},{height}",
            f"--screenshot={target}",
            f"--log-net-log={log}",
            "--enable-logging=stderr",
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
        ]
        done = subprocess.run(
            [find_browser(), *words, page.resolve().as_uri()], capture_output=True, text=True, timeout=180, check=True
        )
        console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
        requests = _requests(log)
    return Shot(cv2.imread(str(target)), console, requests)


def _requests(log: Path) -> list[str]:
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [event["params"] for event in events if {"url", "initiator"} <= event.get("params", {}).keys()]
    urls = {words["url"] for words in asked if words["initiator"] != "not an origin"}
    return sorted(url for url in urls if not url.startswith(("file:", "data:")))
