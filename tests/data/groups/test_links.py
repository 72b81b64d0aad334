"""Groups from links: chains, numbering, and a naive flood fill as the oracle."""

import numpy as np

from lidd_yolo.data.groups.links import group_numbers


def _flooded(count, links):
    numbers = [-1] * count
    for start in range(count):
        if numbers[start] < 0:
            number, todo = max(numbers) + 1, [start]
            while todo:
                here = todo.pop()
                if numbers[here] < 0:
                    numbers[here] = number
                    todo += [b for a, b in links if a == here] + [a for a, b in links if b == here]
    return numbers


class TestGroupNumbers:
    def test_chain__one_group(self):
        assert group_numbers(7, [(4, 5), (1, 4), (0, 2)]) == [0, 1, 0, 2, 1, 1, 3]

    def test_none__everything_alone(self):
        assert group_numbers(3, []) == [0, 1, 2]

    def test_nothing(self):
        assert group_numbers(0, []) == []

    def test_random__as_flooded(self):
        rng = np.random.default_rng(0)
        for links in (20, 40, 80):
            pairs = [tuple(pair) for pair in rng.integers(0, 60, (links, 2)).tolist()]
            assert group_numbers(60, pairs) == _flooded(60, pairs)
