"""A figure of detections that were left out would be wrong, whichever side it is on."""

import inspect
import logging

import pytest
import torch
from ultralytics.utils import LOGGER

from lidd_yolo.training.nms_watch import complete_nms, listen_to_nms

GIVEN_UP = "NMS time limit 2.800s exceeded"


@pytest.fixture
def level(request):
    """Ultralytics' logger at the level that the test asks for; as it was before, afterwards."""
    before = LOGGER.level
    LOGGER.setLevel(getattr(request, "param", logging.INFO))
    yield LOGGER.level
    LOGGER.setLevel(before)


@pytest.fixture
def lines():
    """What Ultralytics' logger hands to its handlers."""
    handler = logging.Handler()
    passed = []
    handler.emit = lambda record: passed.append(record.getMessage())
    LOGGER.addHandler(handler)
    yield passed
    LOGGER.removeHandler(handler)


class TestCompleteNMS:
    @pytest.mark.usefixtures("level")
    def test_complete__nothing_held_back(self, lines):
        with complete_nms():
            LOGGER.info("a line")
        assert lines == ["a line"]

    @pytest.mark.parametrize("quiet", [False, True])
    @pytest.mark.parametrize("level", [logging.INFO, logging.ERROR], indirect=True)
    def test_given_up__refused(self, level, quiet, lines):
        """Also where YOLO_VERBOSE=False keeps warnings back."""
        filters = list(LOGGER.filters)
        with pytest.raises(TimeoutError, match="gave up NMS"), complete_nms(quiet=quiet):
            LOGGER.warning(GIVEN_UP)
        assert (LOGGER.level, LOGGER.filters) == (level, filters)
        assert [GIVEN_UP in line for line in lines] == ([True] if level == logging.INFO and not quiet else [])

    @pytest.mark.usefixtures("level")
    def test_quiet__nothing_printed(self, lines):
        with complete_nms(quiet=True):
            LOGGER.info("a line")
            LOGGER.error("another")
        assert lines == []

    def test_other_failure__as_it_is(self, level):
        filters = list(LOGGER.filters)

        def fail():
            LOGGER.warning(GIVEN_UP)
            raise KeyError("box")

        with pytest.raises(KeyError, match="box"), complete_nms():
            fail()
        assert (LOGGER.level, LOGGER.filters) == (level, filters)

    @pytest.mark.usefixtures("level")
    def test_stock_nms__without_time(self):
        """The release that is installed says it in these words."""
        nms = pytest.importorskip("ultralytics.utils.nms", reason="older releases have it elsewhere")
        if "max_time_img" not in inspect.signature(nms.non_max_suppression).parameters:
            pytest.skip("this release of Ultralytics has no time limit")
        raw = torch.rand(4, 6, 50) * 40
        with pytest.raises(TimeoutError), complete_nms():
            nms.non_max_suppression(raw, conf_thres=0.1, max_time_img=-1.0)


class TestListenToNMS:
    @pytest.mark.parametrize("level", [logging.INFO, logging.ERROR], indirect=True)
    def test_given_up__told_once(self, level, lines):
        filters = list(LOGGER.filters)
        with listen_to_nms() as gave_up:
            assert not gave_up()
            LOGGER.warning(GIVEN_UP)
            LOGGER.warning("something else")
            assert gave_up()
            assert not gave_up()
        assert (LOGGER.level, LOGGER.filters) == (level, filters)
        assert len(lines) == (2 if level == logging.INFO else 0)
