"""Message for a data set that is not there: which command makes it, and where its release can be had.

The packaged YAML files call it from their ``download`` entry, which stock Ultralytics runs when the pictures
are missing. Nothing is downloaded unasked: a release without a licence is the user's to fetch, or to ask for.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

_RELEASES = {
    "neu-det": "the NEU-DET release of Northeastern University, China (Y. He, K. Song, Q. Meng, Y. Yan, IEEE Trans. "
    "Instrum. Meas. 69(4), 2020, doi 10.1109/TIM.2019.2915404), "
    "from http://faculty.neu.edu.cn/songkc/en/zdylm/263265/list/index.htm "
    "or github.com/siddhartamukherjee/NEU-DET-Steel-Surface-Defect-Detection",
    "neu-seg": "the NEU-Seg release of Northeastern University, China (H. Dong, K. Song, Y. He, J. Xu, Y. Yan, "
    "Q. Meng, IEEE Trans. Ind. Informatics 16(12), 2020, doi 10.1109/TII.2019.2958826), "
    "from github.com/DHW-Master/NEU_Seg",
    "aluminium-sheet": "photographs of aluminium sheets 1.jpg to 100.jpg in images and their labelme files in json; "
    "its publisher is not known to us",
}
FETCHED = ("neu-det", "neu-seg")
"""Those that `lidd_yolo.data.releases.download` can fetch."""


def explain_packaged(stem: str, folder: str | Path) -> None:
    """Call `explain` for a packaged YAML; its name is that of the data set, perhaps with the protocol behind it.

    A number there is the share of the training pictures: the same command makes their list.
    """
    name = next((known for known in _RELEASES if f"{stem}-".startswith(f"{known}-")), None)
    if name is not None:
        behind = stem.removeprefix(name).removeprefix("-")
        explain(name, folder, "" if behind.isdecimal() else behind)


def explain(name: str, folder: str | Path, protocol: str = "") -> NoReturn:
    """Say how to make a data set, named as ``lidd data`` calls it, that was not found in a folder.

    Raises:
        FileNotFoundError: Always; its message names the command and the release.
        ValueError: If no such data set is known.
    """
    if name not in _RELEASES:
        raise ValueError(f"no data set {name!r}; known: {', '.join(_RELEASES)}")
    option = f" --protocol {protocol}" if protocol else ""
    fetched = "\n`--download` in place of `--source FOLDER` fetches it for you." if name in FETCHED else ""
    raise FileNotFoundError(
        f"The data set {Path(folder).name} is not at {folder}. Make it with\n"
        f"    lidd data {name} --source FOLDER{option}\n"
        f"where FOLDER holds {_RELEASES[name]}.{fetched}"
    )
