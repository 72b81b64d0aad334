"""A tethered process ends with its parent."""

import subprocess
import sys
import time

TETHERED = "from lidd_yolo.compare.process import end_with_parent; import time; end_with_parent(); time.sleep({})"


def started(seconds):
    return subprocess.Popen([sys.executable, "-c", TETHERED.format(seconds)], stdin=subprocess.PIPE)


class TestEndWithParent:
    def test_end__when_input_closes(self):
        process = started(60)
        time.sleep(0.5)
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(10) == 1

    def test_end__of_itself_is_not_disturbed(self):
        assert started(0).wait(10) == 0
