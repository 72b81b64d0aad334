"""The start-up hook, in interpreters of its own with a stand-in for Ultralytics: every case takes milliseconds."""

import ast
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOOK = ROOT / "lidd_yolo_startup.py"
NOTED = """
    seen = []

    def attach(module):
        seen.append((module.__name__, module.ready))
"""


@pytest.fixture
def world(tmp_path):
    """A folder with the hook, an ``ultralytics`` whose modules only set ``ready``, and a ``lidd_yolo`` that notes."""
    (tmp_path / "lidd_yolo_startup.py").write_text(HOOK.read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("nn/tasks", "engine/model", "data/utils", "engine/other"):
        file = tmp_path / "ultralytics" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("ready = True\n", encoding="utf-8")
        (file.parent / "__init__.py").touch()
    (tmp_path / "ultralytics" / "__init__.py").touch()
    package = tmp_path / "lidd_yolo"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "connect.py").write_text(textwrap.dedent(NOTED), encoding="utf-8")
    return tmp_path


def run(world, code, *, check=True, **variables):
    """Run code in a bare interpreter that finds only the standard library and the world; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-S", "-W", "always", "-c", textwrap.dedent(code)],
        cwd=world,
        env={"PYTHONPATH": str(world), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip(), done.stderr


class TestInstall:
    def test_import__one_extra_module_and_nothing_of_ours(self, world):
        code = """
            import os, sys  # ``site`` has loaded os
            before = set(sys.modules)
            import lidd_yolo_startup; lidd_yolo_startup.install()
            print(sorted(set(sys.modules) - before))
        """
        assert run(world, code)[0] == "['lidd_yolo_startup']"

    def test_import__standard_library_only(self):
        imports = list(ast.walk(ast.parse(HOOK.read_text(encoding="utf-8"))))
        top = {alias.name.split(".")[0] for node in imports if isinstance(node, ast.Import) for alias in node.names}
        top |= {node.module.split(".")[0] for node in imports if isinstance(node, ast.ImportFrom)}
        assert top - {"lidd_yolo"} <= set(sys.stdlib_module_names)

    def test_cost__at_most_two_milliseconds(self, world):
        """Processor time, the best of ten runs, as other programs share the machine."""
        code = """
            import os, sys  # ``site`` has loaded both
            from time import process_time
            start = process_time()
            import lidd_yolo_startup; lidd_yolo_startup.install()
            print(process_time() - start)
        """
        run(world, code)  # writes the byte code
        assert min(float(run(world, code)[0]) for _ in range(10)) <= 2e-3

    @pytest.mark.parametrize(
        ("value", "asked", "watching"),
        [
            ("1", False, 1),
            ("", False, 1),
            ("true", False, 1),
            *[(value, False, 0) for value in ("0", "false", "False", "off", "OFF", "no", " no ")],
            ("0", True, 1),
            ("off", True, 1),
        ],
    )
    def test_variable__turns_it_off_unless_asked(self, world, value, asked, watching):
        code = f"""
            import sys, lidd_yolo_startup
            lidd_yolo_startup.install(asked={asked})
            print(sum(type(finder).__name__ == "_Finder" for finder in sys.meta_path))
        """
        assert run(world, code, LIDD_YOLO_AUTOLOAD=value)[0] == str(watching)

    def test_twice__one_finder(self, world):
        code = """
            import sys, lidd_yolo_startup as s
            s.install(); s.install(asked=True)
            print(sum(isinstance(finder, s._Finder) for finder in sys.meta_path))
        """
        assert run(world, code)[0] == "1"


class TestConnecting:
    @pytest.mark.parametrize("module", ["nn.tasks", "engine.model", "data.utils"])
    def test_module__after_it_has_run(self, world, module):
        code = f"""
            import sys, lidd_yolo_startup
            lidd_yolo_startup.install()
            import ultralytics.engine.other
            assert "lidd_yolo" not in sys.modules
            import ultralytics.{module}
            from lidd_yolo import connect
            print(connect.seen)
        """
        assert run(world, code)[0] == f"[('ultralytics.{module}', True)]"

    def test_module__loaded_before(self, world):
        code = """
            import ultralytics.nn.tasks, lidd_yolo_startup
            lidd_yolo_startup.install()
            from lidd_yolo import connect
            print(connect.seen)
        """
        assert run(world, code)[0] == "[('ultralytics.nn.tasks', True)]"

    def test_module__half_loaded_waits_until_it_has_run(self, world):
        """A module that imports us while it runs has not defined what we wrap."""
        text = "import lidd_yolo_startup\nlidd_yolo_startup.install()\nready = True\n"
        (world / "ultralytics" / "nn" / "tasks.py").write_text(text, encoding="utf-8")
        code = """
            import lidd_yolo_startup
            lidd_yolo_startup.install()
            import ultralytics.nn.tasks
            from lidd_yolo import connect
            print(connect.seen)
        """
        assert run(world, code)[0] == "[('ultralytics.nn.tasks', True)]"

    def test_module__reloaded(self, world):
        code = """
            import importlib, lidd_yolo_startup
            lidd_yolo_startup.install()
            import ultralytics.nn.tasks as tasks
            importlib.reload(tasks)
            from lidd_yolo import connect
            print(len(connect.seen), type(tasks.__spec__.loader).__name__)
        """
        assert run(world, code)[0] == "2 SourceFileLoader"

    def test_module__missing_stays_missing(self, world):
        code = """
            import lidd_yolo_startup
            lidd_yolo_startup.install()
            try:
                import ultralytics.nn.nothing
            except ModuleNotFoundError as error:
                print(error.name)
        """
        assert run(world, code)[0] == "ultralytics.nn.nothing"


class TestFailure:
    """Whatever is wrong with us, Python and Ultralytics go on."""

    CODE = """
        import lidd_yolo_startup
        lidd_yolo_startup.install()
        import ultralytics.nn.tasks
        print(ultralytics.nn.tasks.ready)
    """

    @pytest.mark.parametrize("text", ["raise OSError('no')", "def attach(module):\n    raise KeyError('no')", "x ="])
    def test_connect__fails(self, world, text):
        (world / "lidd_yolo" / "connect.py").write_text(text, encoding="utf-8")
        out, err = run(world, self.CODE)
        assert out == "True"
        assert err.count("RuntimeWarning: lidd_yolo could not connect to ultralytics.nn.tasks") == 1
        assert "Ultralytics works as if it were absent" in err

    def test_package__deleted(self, world):
        for file in (world / "lidd_yolo").iterdir():
            file.unlink()
        (world / "lidd_yolo").rmdir()
        out, err = run(world, self.CODE)
        assert out == "True"
        assert "No module named 'lidd_yolo'" in err
        assert run(world, "import lidd_yolo_startup; lidd_yolo_startup.install()") == ("", "")

    def test_ultralytics__its_own_error_is_kept(self, world):
        (world / "ultralytics" / "nn" / "tasks.py").write_text("raise ImportError('broken itself')", encoding="utf-8")
        out, err = run(world, self.CODE, check=False)
        assert out == ""
        assert err.strip().endswith("ImportError: broken itself")
        assert "RuntimeWarning" not in err


class TestStartUpFiles:
    def test_pth__one_line_that_calls_install(self, world):
        (line,) = (ROOT / "lidd_yolo_startup.pth").read_text(encoding="utf-8").splitlines()
        assert line.startswith("import ")  # what ``site`` asks of a line that it runs
        out, _ = run(world, f"{line}\nimport sys\nprint(type(sys.meta_path[0]).__name__)")
        assert out == "_Finder"

    def test_start__names_the_same_function(self):
        """PEP 829: ``package.module:callable``."""
        (line,) = (ROOT / "lidd_yolo_startup.start").read_text(encoding="utf-8").splitlines()
        assert line == "lidd_yolo_startup:install"
