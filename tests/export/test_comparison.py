"""A file beside both networks: batches, pictures, and who departs."""

import pytest
import torch

from lidd_yolo.export.comparison import Comparer, in_batches
from lidd_yolo.export.formats import InputShape
from lidd_yolo.export.reference import run_network


class TestInBatches:
    def test_batches__filled_up_with_the_first(self):
        batches = in_batches(torch.arange(5.0).view(5, 1), 4)
        assert [batch.flatten().tolist() for batch in batches] == [[0, 1, 2, 3], [4, 0, 1, 2]]

    def test_fewer_pictures_than_a_batch(self):
        (batch,) = in_batches(torch.arange(3.0).view(3, 1), 8)
        assert batch.flatten().tolist() == [0, 1, 2, 0, 1, 2, 0, 1]


class TestComparer:
    @pytest.fixture(params=["lidd", "wlnet"])
    def comparer(self, request, pictures):
        return Comparer(request.getfixturevalue(request.param), pictures[:3], 0.25)

    @pytest.mark.parametrize("shape", [InputShape(64, 64), InputShape(32, 64, 4)])
    def test_folded_network__no_difference_to_itself(self, comparer, shape):
        compared = comparer.exported(lambda x: run_network(comparer.reference.folded, x), shape, "itself")
        assert compared.case == "itself"
        assert compared.to_folded.value == 0
        assert 0 < compared.to_trained.value < 1e-4
        assert compared.final.matched > 0
        assert compared.final.unmatched == 0

    @pytest.mark.parametrize(("factor", "error"), [(1.0, 0.0), (1.5, 0.5)])
    def test_error__as_a_share_of_the_outputs(self, comparer, factor, error):
        def runtime(batch):
            return [output * factor for output in run_network(comparer.reference.folded, batch)]

        assert comparer.error(runtime, InputShape(64, 64, 2)) == pytest.approx(error, abs=1e-5)

    def test_wrong_picture__found(self, comparer):
        """One output of the second picture is moved; the other pictures agree."""

        def runtime(batch):
            outputs = run_network(comparer.reference.folded, batch)
            second = (batch == comparer.inputs(InputShape(64, 64, 3))[1]).all((1, 2, 3))
            outputs[0][:, 4][second] = 0.9
            return outputs

        compared = comparer.exported(runtime, InputShape(64, 64), "moved")
        assert (compared.to_folded.part, compared.to_folded.picture) == ("scores", 1)
        assert compared.to_folded.value > 0.1
        assert compared.final_picture == 1
        assert compared.final.unmatched + compared.final.score > 0.05

    def test_not_a_number__no_detections_compared(self, comparer):
        def runtime(batch):
            return [output * float("nan") for output in run_network(comparer.reference.folded, batch)]

        compared = comparer.exported(runtime, InputShape(64, 64), "broken")
        assert compared.to_folded.value == float("inf")
        assert compared.final.unmatched == 3

    def test_fold__beside_the_trained(self, comparer):
        compared = comparer.fold((64, 64))
        assert compared.to_folded.value == 0
        assert 0 < compared.to_trained.value < 1e-4
