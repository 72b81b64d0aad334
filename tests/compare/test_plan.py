"""Plans: which runs they are, and what those are called."""

from dataclasses import replace

import pytest

from lidd_yolo.compare.plan import PlanModel, RunPlan, plan_from_words, protocols_of, run_name


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
        assert [run.name for run in plan.runs()] == [
            "p-lidd-neu-det-192px-60e-s0",
            "p-yolov8n-neu-det-192px-60e-s0",
            "p-yolov8n-lidd-neu-det-192px-60e-s0",
            "p-lidd-neu-det-192px-60e-s1",
            "p-yolov8n-neu-det-192px-60e-s1",
            "p-yolov8n-lidd-neu-det-192px-60e-s1",
        ]

    def test_runs__carry_the_plan(self, plan):
        run = plan.runs(["paper"])[2]
        assert (run.model, run.label, run.recipe, run.seed) == ("yolov8n.yaml", "YOLOv8n", "lidd", 0)
        assert (run.data, run.protocol, run.plan) == ("neu-det-paper.yaml", "paper", "p")
        assert (run.imgsz, run.epochs, run.batch, run.extra) == (192, 60, 32, {"amp": False})

    def test_runs__of_several_protocols(self, plan):
        assert [run.protocol for run in plan.runs(["paper", "grouped"])] == ["paper"] * 6 + ["grouped"] * 6

    def test_runs__unknown_protocol(self, plan):
        with pytest.raises(ValueError, match="no protocol 'random', only grouped, paper"):
            plan.runs(["random"])

    def test_runs__of_several_data_sets_sizes_and_budgets(self, plan):
        data = (*plan.data, {"": "mine.yaml"})
        grid = replace(plan, data=data, imgsz=(64, 96), epochs=(2, 1), seeds=(0,), models=plan.models[:1])
        assert [run.name for run in grid.runs()] == [
            "p-lidd-neu-det-64px-2e-s0",
            "p-lidd-neu-det-64px-1e-s0",
            "p-lidd-neu-det-96px-2e-s0",
            "p-lidd-neu-det-96px-1e-s0",
            "p-lidd-mine-64px-2e-s0",
            "p-lidd-mine-64px-1e-s0",
            "p-lidd-mine-96px-2e-s0",
            "p-lidd-mine-96px-1e-s0",
        ]
        assert [(run.imgsz, run.epochs) for run in grid.runs()[:3]] == [(64, 2), (64, 1), (96, 2)]
        with pytest.raises(ValueError, match=r"no protocol 'paper' for mine.yaml, only one data set without"):
            grid.runs(["paper"])

    def test_runs__two_of_one_name(self):
        same = plan_from_words(["a/net.yaml", "b/net.yaml"], ["data.yaml"])
        with pytest.raises(ValueError, match="two runs would be called compare-net-data-640px-100e-s0"):
            same.runs()

    def test_runs__recipe_of_the_own_family_is_own(self):
        plan = plan_from_words(["lidd-cisb.yaml", "wlnet.yaml"], ["d.yaml"], recipes=("own", "lidd"))
        assert [(run.model, run.recipe) for run in plan.runs()] == [
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


class TestFromWords:
    def test_words__make_a_plan(self):
        plan = plan_from_words(["x/lidd.yaml"], ["mine.yaml"], name="n", imgsz=320, epochs=5, seeds=2)
        assert plan.models == (PlanModel("x/lidd.yaml", "lidd", recipes=("own",)),)
        assert (plan.name, plan.imgsz, plan.epochs, plan.seeds, plan.batch) == ("n", (320,), (5,), (0, 1), None)
