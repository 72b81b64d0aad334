"""What tests of int8 files look for in a graph: rounding to 8 bits inside of what must stay float.

The search follows edges from the tensors that are rounded, independent of how the exclusion was worked out.
"""

from lidd_yolo.export.calibration import CalibrationBatches
from lidd_yolo.export.formats import InputShape
from lidd_yolo.export.int8_quantise import onnx_module, onnx_successors, openvino_module, openvino_successors
from lidd_yolo.export.reference import read_input, run_network
from lidd_yolo.layers.hyper_compute import HyperCompute
from lidd_yolo.layers.simam import SimAM

ROUNDING = {"QuantizeLinear", "FakeQuantize"}
CONVOLUTIONS = {"Conv", "ConvTranspose", "Convolution", "GroupConvolution", "ConvolutionBackpropData"}


def int8_batches(data, count=4, side=64):
    return CalibrationBatches(data.pictures["train"][:count], InputShape(side, side), 3)


def rounded_within(runtime, reference, pictures):
    """Check that outputs differ from the network's as 8 bits do: somewhat, by a share of their size."""
    given = read_input(pictures, (64, 64))
    want = reference.parts(run_network(reference.folded, given))
    rows = [runtime(picture) for picture in given.split(1)]
    for i, row in enumerate(rows):
        got = reference.parts(row)
        for name, right in want.items():
            apart = float((got[name][0] - right[i]).norm() / right[i].norm())
            assert 1e-4 < apart < 0.25, (name, apart)


def block_operators(names, network, module):
    """Return the names of the operators of each block that must stay float, by the plain beginning of their names."""
    blocks = [name for name, m in network.named_modules() if isinstance(m, (SimAM, HyperCompute))]
    assert blocks
    return [[name for name in names if f"{module(name)}.".startswith(f"{block}.")] for block in blocks]


def wrong_rounding(edges, kinds, blocks):
    """Return rounding operators on a way inside of a block, or between an output of the network and a convolution.

    Args:
        edges: Operator -> operators that read it.
        kinds: Operator -> type.
        blocks: The operators of each block.
    """
    back = {}
    for operator, after in edges.items():
        for reader in after:
            back.setdefault(reader, []).append(operator)
    wrong = []
    for own in blocks:
        assert len(own) >= 4  # SimAM at a fixed size is five operators, some of which runtimes merge
        inside = reached(edges, own, set()) & reached(back, own, set())
        wrong += [operator for operator in inside if kinds[operator] in ROUNDING]
    ends = [operator for operator, after in edges.items() if not after]
    stop = {operator for operator, kind in kinds.items() if kind in CONVOLUTIONS and "dfl" not in operator}
    return wrong + [operator for operator in reached(back, ends, stop) if kinds[operator] in ROUNDING]


def reached(edges, start, stop):
    """Return everything that edges lead to, not past the operators of ``stop``."""
    seen, waiting = set(), list(start)
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting += [] if other in stop else [other]
    return seen


def float_onnx_blocks(graph, network):
    kinds = {node.name: node.op_type for node in graph.node}
    named = [name for name, kind in kinds.items() if kind not in {*ROUNDING, "DequantizeLinear"}]
    return wrong_rounding(onnx_successors(graph), kinds, block_operators(named, network, onnx_module))


def float_openvino_blocks(model, network):
    kinds = {op.get_friendly_name(): op.get_type_name() for op in model.get_ordered_ops()}
    named = [name for name, kind in kinds.items() if kind not in {*ROUNDING, "Constant", "Convert"}]
    return wrong_rounding(openvino_successors(model), kinds, block_operators(named, network, openvino_module))
