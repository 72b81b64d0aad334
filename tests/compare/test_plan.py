"""Plans: which runs they are, what those are called, and the arguments that they begin with."""

from dataclasses import replace

import pytest

from lidd_yolo.compare.plan import CAUTIONS, FAMILIES, make_plan, recipe_arguments, recipe_family, run_name, runs_of
from lidd_yolo.errors import InputError
from lidd_yolo.results.plan_file import UNSAFE, PlanModel, RunPlan, protocols_of
from lidd_yolo.training import recipes


@pytest.fixture
def plan():
    return RunPlan(
        name="p",
        data=({"grouped": "neu-det.yaml", "paper": "neu-det-paper.yaml"},),
        imgsz=(192,),
        epochs=(60,),
        seeds=(0, 1),
        models=(PlanModel("lidd.yaml", "LIDD-Net"), PlanModel("yolov8n.yaml", "YOLOv8n", recipes=("own", "lidd"))),
        batch=32,
        arguments={"amp": False},
    )


class TestRuns:
    def test_runs__every_network_before_the_second_seed(self, plan):
        assert [run.name for run in runs_of(plan)] == [
            "p-lidd-neu-det-192px-60e-s0",
            "p-yolov8n-neu-det-192px-60e-s0",
            "p-yolov8n-lidd-neu-det-192px-60e-s0",
            "p-lidd-neu-det-192px-60e-s1",
            "p-yolov8n-neu-det-192px-60e-s1",
            "p-yolov8n-lidd-neu-det-192px-60e-s1",
        ]

    def test_runs__carry_the_plan(self, plan):
        run = runs_of(plan, ["paper"])[2]
        assert (run.model, run.label, run.recipe, run.seed) == ("yolov8n.yaml", "YOLOv8n", "lidd", 0)
        assert (run.data, run.protocol, run.plan) == ("neu-det-paper.yaml", "paper", "p")
        assert (run.imgsz, run.epochs, run.batch, run.extra) == (192, 60, 32, {"amp": False})

    def test_runs__of_several_protocols(self, plan):
        assert [run.protocol for run in runs_of(plan, ["paper", "grouped"])] == ["paper"] * 6 + ["grouped"] * 6

    def test_runs__unknown_protocol(self, plan):
        with pytest.raises(ValueError, match="no protocol 'random', only grouped, paper"):
            runs_of(plan, ["random"])

    def test_runs__of_several_data_sets_sizes_and_budgets(self, plan):
        data = (*plan.data, {"": "mine.yaml"})
        grid = replace(plan, data=data, imgsz=(64, 96), epochs=(2, 1), seeds=(0,), models=plan.models[:1])
        assert [run.name for run in runs_of(grid)] == [
            "p-lidd-neu-det-64px-2e-s0",
            "p-lidd-neu-det-64px-1e-s0",
            "p-lidd-neu-det-96px-2e-s0",
            "p-lidd-neu-det-96px-1e-s0",
            "p-lidd-mine-64px-2e-s0",
            "p-lidd-mine-64px-1e-s0",
            "p-lidd-mine-96px-2e-s0",
            "p-lidd-mine-96px-1e-s0",
        ]
        assert [(run.imgsz, run.epochs) for run in runs_of(grid)[:3]] == [(64, 2), (64, 1), (96, 2)]
        with pytest.raises(ValueError, match=r"no protocol 'paper' for mine.yaml, only one data set without"):
            runs_of(grid, ["paper"])

    def test_runs__two_of_one_name(self):
        same = make_plan(["a/net.yaml", "b/net.yaml"], ["data.yaml"])
        with pytest.raises(ValueError, match="two runs would be called compare-net-data-640px-100e-s0"):
            runs_of(same)

    def test_runs__recipe_of_the_own_family_is_own(self):
        plan = make_plan(["lidd-cisb.yaml", "wlnet.yaml"], ["d.yaml"], recipes=("own", "lidd"))
        assert [(run.model, run.recipe) for run in runs_of(plan)] == [
            ("lidd-cisb.yaml", "own"),
            ("wlnet.yaml", "own"),
            ("wlnet.yaml", "lidd"),
        ]


class TestRunName:
    def test_name__safe_as_a_file_name(self):
        name = run_name(
            "my plan", "some/net:1.yaml", "recipes/hard.yaml", "/data/my set.yaml", imgsz=64, epochs=1, seed=3
        )
        assert name == "my_plan-net_1-hard-my_set-64px-1e-s3"


class TestProtocols:
    def test_protocols__of_a_packaged_set(self):
        assert protocols_of("neu-det.yaml") == {
            "grouped": "neu-det.yaml",
            "paper": "neu-det-paper.yaml",
            "random": "neu-det-random.yaml",
        }

    def test_protocols__of_the_aluminium_sheets(self):
        packaged = {"grouped": "aluminium-sheet.yaml", "paper": "aluminium-sheet-paper.yaml"}
        assert protocols_of("aluminium-sheet.yaml") == packaged

    @pytest.mark.parametrize("data", ["mine.yaml", "folder/neu-det.yaml", "neu-det-paper.yaml", "defects-demo.yaml"])
    def test_protocols__of_one_set(self, data):
        assert protocols_of(data) == {"": data}


class TestMakePlan:
    @pytest.mark.parametrize("wrong", [{"seeds": 0}, {"imgsz": [64, 0]}, {"epochs": -1}, {"batch": 0}])
    def test_numbers__at_least_one(self, wrong):
        with pytest.raises(InputError, match=f"{next(iter(wrong))} has to be at least 1, not"):
            make_plan("lidd.yaml", "mine.yaml", **wrong)

    @pytest.mark.parametrize("models", [[], ["lidd.yaml"]])
    def test_words__too_few(self, models):
        with pytest.raises(InputError, match="what to compare"):
            make_plan(models)

    def test_words__make_a_plan(self):
        plan = make_plan(["x/lidd.yaml"], ["mine.yaml"], name="n", imgsz=320, epochs=5, seeds=2)
        assert plan.models == (PlanModel("x/lidd.yaml", "lidd", recipes=("own",)),)
        assert (plan.name, plan.imgsz, plan.epochs, plan.seeds, plan.batch) == ("n", (320,), (5,), (0, 1), None)


class TestFamily:
    @pytest.mark.parametrize(
        ("model", "family"),
        [
            ("lidd.yaml", "lidd"),
            ("lidd-baseline.yaml", "lidd"),
            ("some/wlnett.yaml", "wlnet"),
            ("maskrcnn.yaml", ""),
            ("yolov8n.yaml", ""),
            ("liddle.yaml", ""),
            ("lidd.pt", ""),
        ],
    )
    def test_family(self, model, family):
        assert recipe_family(model) == family


class TestArguments:
    def test_own__leaves_all_to_the_trainer(self):
        assert recipe_arguments("own") == {}

    @pytest.mark.parametrize(("name", "recipe"), [("lidd", recipes.LIDD), ("wlnet", recipes.WLNET)])
    def test_ours__without_epochs_and_gains(self, name, recipe):
        left_out = {"epochs", "box", "cls", "dfl"}
        assert recipe.keys() >= left_out
        assert recipe_arguments(name) == {key: value for key, value in recipe.items() if key not in left_out}

    def test_file(self, tmp_path):
        file = tmp_path / "hard.yaml"
        file.write_text("lr0: 0.1\nepochs: 7\nimgsz: 32\nseed: 4\n")
        assert recipe_arguments(str(file)) == {"lr0": 0.1}

    @pytest.mark.parametrize(
        ("content", "message"),
        [("- lr0", "has to map training arguments"), ("a: [", r"hard\.yaml, line 1: no valid YAML")],
    )
    def test_file__wrong(self, tmp_path, content, message):
        file = tmp_path / "hard.yaml"
        file.write_text(content)
        with pytest.raises(ValueError, match=message):
            recipe_arguments(str(file))

    def test_unknown(self):
        with pytest.raises(ValueError, match="no recipe 'hard': own, lidd, wlnet, pretrain or a YAML file"):
            recipe_arguments("hard")


class TestNames:
    """Run names are names of folders, of files and of Ray's tasks."""

    @pytest.mark.parametrize(
        "name", ["", ".", "..", "../x", "a/b", "a\\b", "a'b", 'a"b', "a b", "a\nb", "ü", ".hidden", "-x", "a:b", "*"]
    )
    def test_plan__name_that_begins_no_file(self, plan, name):
        with pytest.raises(InputError, match="a plan's name has letters, digits") as raised:
            replace(plan, name=name)
        assert "\n" not in str(raised.value)

    @pytest.mark.parametrize("word", ["../../etc/x.yaml", "a b'\"\n|.yaml", "Prüfling 100 %.pt", "..", "/"])
    def test_model_and_data__made_safe(self, plan, word):
        made = runs_of(replace(plan, data=({"": word},), models=(PlanModel(word, word, (word,)),)))
        assert all(UNSAFE.search(run.name) is None and run.name.startswith("p-") for run in made)

    def test_too_long__refused(self, plan):
        with pytest.raises(InputError, match=r"a run would be called p-xxx.*: \d+ signs are more than 200; shorten"):
            runs_of(replace(plan, models=(PlanModel("x" * 180 + ".yaml", "x"),)))


class TestCautions:
    def test_cautions__for_each_family(self):
        assert set(CAUTIONS) == set(FAMILIES)
        assert f"{recipes.GRADIENT_CLIP_NORM:.0f}" in CAUTIONS["lidd"]
