"""The rules of the code base that a reader can rely on, checked on the syntax trees of all modules."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "lidd_yolo").rglob("*.py"))
MODULES = [file for file in FILES if not file.name.startswith("__")]
TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in [*FILES, ROOT / "lidd_yolo_startup.py"]}

MAY_IMPORT = {
    "cli": {"benchmark", "compare", "data", "doctor", "engine", "export", "paths", "report"},
    "compare": {"benchmark", "engine", "names", "paths", "report"},
    "report": {"benchmark", "paths"},
    "doctor": {"connect", "models", "names", "paths"},
    "connect": {"engine", "models", "names", "paths"},
    "names": {"paths"},
    "benchmark": {"data", "engine", "export", "paths"},
    "export": {"data", "engine", "layers", "models", "paths"},
    "engine": {"data", "models"},
    "models": {"assigners", "geometry", "layers", "losses", "paths"},
    "assigners": {"geometry"},
    "losses": {"geometry"},
    "data": {"paths"},
    "layers": set(),
    "geometry": set(),
    "paths": set(),
}
"""Part of the package -> what it may import besides itself; ``lidd_yolo.__version__`` is free for all."""

TOUCH_POINTS = {"parse_model", "check_yaml", "guess_model_scale", "_smart_load"}
MAY_NAME_TOUCH_POINTS = {"connect.py", "models/parser.py"}
UPSTREAM_BELOW_MODELS = ("ultralytics.nn.modules", "ultralytics.utils.tal", "ultralytics.utils.ops")
EMPTY_NAMES = {"common", "helper", "helpers", "misc", "tools", "util", "utils"}


def name(file):
    return file.relative_to(ROOT / "lidd_yolo").as_posix() if file.is_relative_to(ROOT / "lidd_yolo") else file.name


def part(file):
    """Return the part of the package that a file belongs to: a folder, or a module at the top."""
    return name(file).split("/")[0].removesuffix(".py")


def imports(file):
    """Return every module that a file imports, inside functions too; ``from a import b`` gives ``a`` and ``a.b``."""
    found = set()
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(file)} has a relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imported_parts(file):
    ours = {module.split(".")[1] for module in imports(file) if module.startswith("lidd_yolo.")}
    return {p for p in ours if p in MAY_IMPORT or (ROOT / "lidd_yolo" / p).is_dir()}


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def lines_of_code(function):
    """Return a function's lines without its docstring."""
    doc = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    return function.end_lineno - function.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)


class TestImports:
    @pytest.mark.parametrize("file", MODULES, ids=name)
    def test_direction(self, file):
        own = part(file)
        assert own in MAY_IMPORT, f"{own} is new: say in MAY_IMPORT what it may import"
        assert imported_parts(file) - {own} <= MAY_IMPORT[own]

    def test_direction__has_no_circle(self):
        order, left = [], dict(MAY_IMPORT)
        while free := [p for p, needs in left.items() if needs & MAY_IMPORT.keys() <= set(order)]:
            order += free
            left = {p: needs for p, needs in left.items() if p not in free}
        assert not left

    def test_package__imports_the_start_up_hook_alone(self):
        assert imports(ROOT / "lidd_yolo" / "__init__.py") == {"lidd_yolo_startup"}

    @pytest.mark.parametrize("file", [f for f in MODULES if part(f) == "data"], ids=name)
    def test_data__without_torch(self, file):
        assert not {m.split(".")[0] for m in imports(file)} & {"torch", "torchvision", "ultralytics"}

    @pytest.mark.parametrize(
        "file", [f for f in MODULES if part(f) in {"layers", "assigners", "losses", "geometry"}], ids=name
    )
    def test_layers__use_only_blocks_of_ultralytics(self, file):
        upstream = {module for module in imports(file) if module.startswith("ultralytics")}
        assert all(module.startswith(UPSTREAM_BELOW_MODELS) for module in upstream)

    @pytest.mark.parametrize("file", FILES, ids=name)
    def test_private_names__of_ultralytics(self, file):
        """The functions that we wrap are named where they are wrapped, and nothing else private is imported."""
        upstream = [m for m in imports(file) if m.startswith("ultralytics.")]
        assert not [m for m in upstream if re.search(r"\._[a-z]", m)]
        named = {n.attr for n in ast.walk(TREES[file]) if isinstance(n, ast.Attribute)}
        named |= {m.rpartition(".")[2] for m in upstream}
        assert not named & TOUCH_POINTS or name(file) in MAY_NAME_TOUCH_POINTS


class TestSize:
    @pytest.mark.parametrize("file", TREES, ids=name)
    def test_file__at_most_300_lines(self, file):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 300

    @pytest.mark.parametrize("file", TREES, ids=name)
    def test_function__at_most_50_lines(self, file):
        assert {f.name: lines_of_code(f) for f in functions(TREES[file]) if lines_of_code(f) > 50} == {}


class TestNames:
    @pytest.mark.parametrize("file", FILES, ids=name)
    def test_file__says_what_it_holds(self, file):
        assert not set(Path(name(file)).with_suffix("").parts) & EMPTY_NAMES

    @pytest.mark.parametrize("file", FILES, ids=name)
    def test_header__first_line(self, file):
        doc = ast.get_docstring(TREES[file])
        assert doc
        assert doc.splitlines()[0].endswith((".", ":"))

    def test_public_names__defined_once(self):
        """No second version of an idea under the same name; ``main`` functions of commands aside."""
        seen, twice = {}, []
        for file in MODULES:
            for node in TREES[file].body:
                if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
                    twice += [(node.name, seen[node.name], name(file))] if node.name in seen else []
                    seen[node.name] = name(file)
        commands = {"add_arguments", "add_commands", "run", "main"}
        assert [entry for entry in twice if entry[0] not in commands] == []

    @pytest.mark.parametrize("file", TREES, ids=name)
    def test_print__nowhere(self, file):
        """Commands write to ``sys.stdout``, the rest logs."""
        calls = [n.func for n in ast.walk(TREES[file]) if isinstance(n, ast.Call)]
        assert not [f for f in calls if isinstance(f, ast.Name) and f.id == "print"]

    def test_stdout__by_commands_alone(self):
        """And by the modules that are processes of their own and hand back one line."""
        writing = {name(file) for file in MODULES if "sys.stdout" in ast.unparse(TREES[file])}
        commands = {"cli.py", "doctor.py", "data/commands.py", "benchmark/commands.py"}
        commands |= {"compare/execution.py", "export/commands.py", "report/commands.py"}
        commands |= {"benchmark/first_prediction.py", "benchmark/step_memory.py"}
        assert {file for file in writing if not file.startswith("data/cli/")} <= commands


class TestTests:
    @pytest.mark.parametrize("file", MODULES, ids=name)
    def test_module__has_its_test_file(self, file):
        mirrored = ROOT / "tests" / file.relative_to(ROOT / "lidd_yolo").with_name(f"test_{file.name}")
        assert mirrored.is_file()

    def test_folders__without_packages(self):
        assert list((ROOT / "tests").rglob("__init__.py")) == []
