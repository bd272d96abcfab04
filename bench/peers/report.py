"""Formats the lines to print, in Markdown."""

import os
import platform
import statistics

from workload import lengths_of


def machine(commit, threads, versions):
    """Yields the commit, the machine and the engines' versions."""
    yield f"- commit {commit}"
    yield f"- {processor()}, {os.cpu_count()} processors, {threads} threads for each engine"
    yield from (f"- {engine}: {version}" for engine, version in versions.items())


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def is_ours(engine):
    return engine.name in ("ours", "vector")


def agreement(engines, cosines, nearest):
    """Yields the minimum cosine of each engine's vectors with torch's in fp32."""
    checks = list(nearest)
    yield f"| least cosine with torch fp32 | {' | '.join(checks)} |"
    yield "| --- |" + " ---: |" * len(checks)
    for engine in engines:
        yield f"| {engine} | {' | '.join(f'{cosines[engine][check]:.6f}' for check in checks)} |"
    yield ("| *two different texts, at most* | "
           + " | ".join(f"*{nearest[check]:.6f}*" for check in checks) + " |")


def table(precision, engines, results):
    """Yields the medians in milliseconds with their range; a ratio is the peer's time divided by ours."""
    mine = [engine for engine in engines if is_ours(engine)]
    peers = [engine for engine in engines if not is_ours(engine)]
    pairs = [(peer, our) for peer in peers for our in mine]
    cells = [engine.name for engine in engines] + [f"{peer.name} / {our.name}" for peer, our in pairs]
    yield f"| {precision}, ms | {' | '.join(cells)} |"
    yield "| --- |" + " ---: |" * len(cells)
    for shape, by_engine in results.items():
        medians = {engine: statistics.median(by_engine[engine]) for engine in engines}
        row = [time(by_engine[engine]) for engine in engines]
        row += [f"**{medians[peer] / medians[our]:.2f}×**" for peer, our in pairs]
        label = shape if shape == "mixed" else shape.replace("x", " × ")
        yield f"| {label} | {' | '.join(row)} |"


def time(millis):
    digits = 1 if statistics.median(millis) < 100 else 0
    spread = f" ({min(millis):,.{digits}f}..{max(millis):,.{digits}f})" if len(millis) > 1 else ""
    return f"{statistics.median(millis):,.{digits}f}{spread}"


def notes(shapes, loads, memory):
    """Yields how the figures were measured."""
    yield ("Medians (min..max) of the turns. All engines compute the dense vector (the first token's) from token ids; "
           "the peers compute their whole last layer for it. Each engine is loaded "
           f"{'once' if loads == 1 else f'{loads} times'}; the engines take turns.")
    if "mixed" in shapes:
        lengths = lengths_of("mixed")
        yield (f"mixed: {len(lengths)} texts of log-normal lengths, {sum(lengths) / len(lengths):.0f} tokens on "
               f"average, {lengths[0]} to {lengths[-1]}, sorted; the peers encode padded batches of 32, ours one call.")
    yield "Peak resident memory: " + ", ".join(f"{engine} {mib:,} MiB" for engine, mib in memory.items()) + "."
