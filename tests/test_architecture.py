"""The rules of the code base that a reader can rely on, checked on the syntax trees of all modules."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "lidd_yolo").rglob("*.py"))
MODULES = [file for file in FILES if not file.name.startswith("__")]
TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in [*FILES, ROOT / "lidd_yolo_startup.py"]}

LADDER = (
    {"errors", "exit_status"},
    {"geometry", "paths", "files", "progress", "optional", "yaml_text"},
    {"assigners", "data", "layers", "losses", "names"},
    {"models"},
    {"export_notice", "training"},
    {"connect", "export"},
    {"results"},
    {"bench", "report"},
    {"compare", "inspection"},
    {"cli"},
)
"""Parts of the package from the bottom up: each may import what stands on a lower rung, ``data`` no network."""

DATA_LADDER = (
    {"labels"},
    {"pictures", "demo"},
    {"formats"},
    {"readers"},
    {"groups"},
    {"splits"},
    {"checks", "enlarge"},
    {"tiles"},
    {"releases"},
    {"convert", "datasets", "synthetic"},
)
"""The same inside ``data``."""

STATISTICS = {
    f"inspection/{part}.py"
    for part in (
        "counts",
        "detections",
        "intervals",
        "measures",
        "operating_file",
        "operating_point",
        "pictures",
        "probability_of_detection",
        "recall_promise",
    )
}
"""What a line's own program may load: no network, no pictures."""

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


def imported_files(file):
    """Return the files of ours that a file imports, inside functions too."""
    of_modules = {"lidd_yolo." + name(f).removesuffix(".py").replace("/", "."): f for f in MODULES}
    return {of_modules[module] for module in imports(file) if module in of_modules}


def against(ladder, part_of, files):
    """Return the imports, inside functions too, that do not go down a ladder."""
    rung = {p: number for number, parts in enumerate(ladder) for p in parts}
    pairs = [(file, other) for file in files for other in imported_files(file) if other in files]
    return [
        f"{name(file)} imports {name(other)}"
        for file, other in pairs
        if part_of(file) != part_of(other) and rung[part_of(file)] <= rung[part_of(other)]
    ]


def circle(edges):
    """Return a circle of a graph, or an empty list."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


class TestImports:
    def test_direction__down_the_ladder(self):
        assert against(LADDER, part, MODULES) == []

    def test_direction__down_the_ladder_of_data(self):
        files = [file for file in MODULES if part(file) == "data"]
        assert against(DATA_LADDER, lambda file: name(file).split("/")[1].removesuffix(".py"), files) == []

    def test_direction__has_no_circle_of_files(self):
        assert circle({name(file): {name(f) for f in imported_files(file)} for file in MODULES}) == []

    def test_direction__has_no_circle_of_folders(self):
        edges = {}
        for file in MODULES:
            folder = Path(name(file)).parent.as_posix()
            others = {Path(name(f)).parent.as_posix() for f in imported_files(file)}
            edges.setdefault(folder, set()).update(others - {folder, "."})
        assert circle({folder: others for folder, others in edges.items() if folder != "."}) == []

    def test_data_and_statistics__without_torch(self):
        heavy = {"torch", "torchvision", "ultralytics"}
        light = [f for f in MODULES if part(f) == "data" or name(f) in STATISTICS]
        assert [f for f in light if heavy & {m.split(".")[0] for m in imports(f)}] == []

    def test_layers__use_only_blocks_of_ultralytics(self):
        files = [f for f in MODULES if part(f) in {"layers", "assigners", "losses", "geometry"}]
        upstream = [(name(f), m) for f in files for m in imports(f) if m.startswith("ultralytics")]
        assert [pair for pair in upstream if not pair[1].startswith(UPSTREAM_BELOW_MODELS)] == []

    def test_private_names__of_ultralytics(self):
        """The functions that we wrap are named where they are wrapped, and nothing else private is imported."""
        offenders = []
        for file in FILES:
            upstream = [m for m in imports(file) if m.startswith("ultralytics.")]
            offenders += [(name(file), m) for m in upstream if re.search(r"\._[a-z]", m)]
            named = {n.attr for n in ast.walk(TREES[file]) if isinstance(n, ast.Attribute)}
            named |= {m.rpartition(".")[2] for m in upstream}
            if name(file) not in MAY_NAME_TOUCH_POINTS:
                offenders += [(name(file), touched) for touched in named & TOUCH_POINTS]
        assert offenders == []


class TestNames:
    def test_files__say_what_they_hold(self):
        assert [name(f) for f in FILES if set(Path(name(f)).with_suffix("").parts) & EMPTY_NAMES] == []

    def test_headers__first_line(self):
        first = {name(f): (ast.get_docstring(tree) or "").partition("\n")[0] for f, tree in TREES.items()}
        assert {file: line for file, line in first.items() if not line.endswith((".", ":"))} == {}

    def test_functions__are_typed(self):
        offenders = []
        for file, tree in TREES.items():
            for function in functions(tree):
                arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
                untyped = [a.arg for a in arguments if a.annotation is None and a.arg not in {"self", "cls"}]
                if untyped or function.returns is None:
                    offenders.append((name(file), function.name))
        assert offenders == []

    def test_public_names__defined_once(self):
        """No second version of an idea under the same name; ``main`` functions of commands aside."""
        places = {}
        for file in MODULES:
            for node in TREES[file].body:
                if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(name(file))
        commands = {"add_arguments", "add_commands", "run", "main", "check"}  # of a data set, of a network
        drawn = {"generate", "render"}  # of each generated data set
        assert {n: files for n, files in places.items() if len(files) > 1 and n not in commands | drawn} == {}

    def test_print__nowhere(self):
        """Commands write to ``sys.stdout``, the rest logs."""
        calls = [(name(f), n.func) for f, tree in TREES.items() for n in ast.walk(tree) if isinstance(n, ast.Call)]
        assert [f for f, call in calls if isinstance(call, ast.Name) and call.id == "print"] == []

    def test_stdout__by_commands_alone(self):
        """And by the modules that are processes of their own and hand back one line."""
        writing = {name(file) for file in MODULES if "sys.stdout" in ast.unparse(TREES[file]) and part(file) != "cli"}
        assert writing <= {"bench/first_prediction.py", "bench/training_step.py"}


class TestTests:
    def test_folders__without_packages(self):
        assert list((ROOT / "tests").rglob("__init__.py")) == []
