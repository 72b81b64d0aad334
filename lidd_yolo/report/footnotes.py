"""What the figures of a block rest on, and what a reader must be warned of.

A figure without its data, split, leak, machine and versions says little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lidd_yolo.report.blocks import Block, Contender, Entry
from lidd_yolo.report.figures import row_of
from lidd_yolo.results.plan_file import PrintedTable


def block_facts(block: Block) -> list[tuple[str, str]]:
    """Return name and content of every fact of a block, in reading order."""
    data = block.data
    facts = [
        ("Data", f"{block.dataset}, {_hash('data', data.get('data_sha256'))}"),
        ("Split", _split(block)),
        ("Pictures", ", ".join(f"{count} {split}" for split, count in data.get("images", {}).items())),
        ("Leak", _leak(block)),
        ("Training", f"{block.epochs} epochs, {block.imgsz} px, {_seeds(block)}"),
        ("Machine", "; ".join(_distinct(_machine(entry) for entry in block.entries))),
        ("Versions", "; ".join(_distinct(_versions(entry) for entry in block.entries))),
        ("Commit", ", ".join(_distinct(_commit(entry) for entry in block.entries))),
    ]
    return [(name, content) for name, content in facts if content]


def warnings(block: Block, blocks: Sequence[Block], printed: PrintedTable) -> list[str]:
    """Return what a reader of a block, one of those of a report, must know before believing its figures."""
    texts = []
    if any((block.data.get("leak") or {}).values()):
        texts.append("Pictures of this split leak: accuracy here is in part memory of the training pictures.")
    if block.split != "test":
        texts.append(
            "Not all networks have figures of a test part: these are of the validation part that chose the weights."
        )
    if single := [c.label for c in block.contenders if len(c.entries) == 1]:
        who = "all networks" if len(single) == len(block.contenders) else ", ".join(single)
        texts.append(f"One seed of {who}: no interval, another training may give other figures.")
    if any(row_of(printed, contender) for contender in block.contenders):
        texts.append(
            f"Printed figures are from {printed.source}, on the paper's own split and seed; a difference to them is "
            "no difference between networks."
        )
    for contender in block.contenders:
        ran = [entry.get("epochs_run", block.epochs) for entry in contender.entries]
        if min(ran) < block.epochs:
            texts.append(f"{contender.label} ended before its {block.epochs} epochs: {', '.join(map(str, ran))}.")
    return texts + _others(block, blocks)


def run_notes(block: Block) -> list[str]:
    """Return what was noted on single runs, once for each network."""
    return [f"{contender.label}: {note}" for contender in block.contenders for note in _notes(contender)]


def _others(block: Block, blocks: Sequence[Block]) -> list[str]:
    hashes = ("data_sha256", "split_sha256")
    others = [
        other.title
        for other in blocks
        if other.dataset == block.dataset and any(other.data.get(key) != block.data.get(key) for key in hashes)
    ]
    if not others:
        return []
    return [
        f"{block.dataset} is in this report with other pictures or another split too ({'; '.join(_distinct(others))}): "
        "figures of two splits cannot be compared."
    ]


def _split(block: Block) -> str:
    data = block.data
    protocol = f"{data.get('protocol', 'not recorded')}, {_hash('split', data.get('split_sha256'))}"
    return protocol + (f", split seed {data['seed']}" if "seed" in data else "")


def _leak(block: Block) -> str:
    leak = block.data.get("leak")
    if not leak:
        return "not known: how many of these pictures show a spot that training shows too was not measured"
    shares = " and ".join(f"{100 * share:.1f} % of {split}" for split, share in leak.items())
    return f"{shares} pictures show a spot that training shows too"


def _hash(name: str, digest: str | None) -> str:
    return f"{name} {digest[:12]}" if digest else f"{name} without hash"


def _seeds(block: Block) -> str:
    counts = {len(contender.entries) for contender in block.contenders}
    low, high = min(counts), max(counts)
    return f"{high} seed{'' if high == 1 else 's'}" if low == high else f"{low} to {high} seeds"


def _machine(entry: Entry) -> str:
    machine = entry.get("machine", {})
    where = machine.get("gpu") or f"CPU, {machine.get('threads', '?')} thread(s)"
    return f"{machine.get('processor', 'not recorded')}, {where}"


def _versions(entry: Entry) -> str:
    versions = entry.get("machine", {}).get("versions", {})
    return ", ".join(f"{name} {versions[name]}" for name in ("lidd-yolo", "ultralytics", "torch") if name in versions)


def _commit(entry: Entry) -> str:
    commit = str(entry.get("commit") or "")
    return commit[:10] + ("+" if commit.endswith("+") else "")


def _notes(contender: Contender) -> list[str]:
    resumed = [str(entry["arguments"]["seed"]) for entry in contender.entries if entry.get("resumed_after")]
    notes = [f"training with seed {', '.join(resumed)} was interrupted and resumed"] if resumed else []
    notes += [_incomplete(entry) for entry in contender.entries if entry.get("incompletely_validated")]
    return notes + _distinct(str(entry.get("note") or "") for entry in contender.entries)


def _incomplete(entry: Entry) -> str:
    epochs = ", ".join(map(str, entry["incompletely_validated"]))
    return (
        f"training with seed {entry['arguments']['seed']}: on a busy machine NMS was given up in the validation after "
        f"epoch {epochs}; these points of its curve are too low"
    )


def _distinct(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]
