"""Formats the lines to print."""

import os
import platform
import statistics
import subprocess

LIMIT_PRODUCT = "8192 x 8192 x 8192"


def machine(device, commit, about, versions):
    lines = [f"commit {commit}"]
    if device != "cpu":
        lines.append(f"GPU: {_card(device.partition(':')[2] or '0')}")
    lines.append(f"CPU: {_processor()}, {os.cpu_count()} threads")
    lines.append(f"Java {about['java']}; kernels {about['kernels']} in {about['precision']}: {about['description']}")
    lines.append(", ".join(f"{name} {version}" for name, version in versions.items()) or "no torch")
    return lines


def _card(index):
    query = "name,driver_version,memory.total,power.limit,clocks.max.sm"
    try:
        return subprocess.run(["nvidia-smi", f"--id={index}", f"--query-gpu={query}", "--format=csv,noheader"],
                              capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as fault:
        return f"unknown ({fault})"


def _processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def _range(millis):
    return f"{min(millis):.2f}-{max(millis):.2f}"


def checks(checks):
    for check in checks:
        yield (f"against {check.peer}, {check.texts} texts: least cosine dense {check.dense:.6f}, "
               f"ColBERT rows {check.colbert:.6f}, lexical weights {check.lexical:.6f} ({check.lexical_texts} texts); "
               f"dense off by at most {check.of_distance:.3f} of the distance to the nearest other text")
        yield from (f"WRONG: {fault}" for fault in check.faults)


def table(results, texts, config, rates):
    """Yields the table of medians in milliseconds; the ratio is torch's time divided by ours."""
    sizes = sorted({size for result in results.values() for size in result["torch"]}, reverse=True)
    header = ["shape", "tokens", "ours", "min-max", "all outputs"]
    for size in sizes:
        header += [f"torch b{size}", "min-max", "ratio"]
    header += ["ktokens/s", "TFLOP/s", *(["% limit"] if rates else []), *(["cosine"] if sizes else [])]
    rows = [header]
    for name, result in results.items():
        lengths = [len(text) for text in texts[name]]
        ours = statistics.median(result["ours"])
        rate = config.operations(lengths) / ours / 1e9
        row = [name, f"{sum(lengths):,}", f"{ours:.2f}", _range(result["ours"]),
               f"{statistics.median(result['all']):.2f}"]
        for size in sizes:
            millis = result["torch"].get(size)
            row += ([f"{statistics.median(millis):.2f}", _range(millis), f"{statistics.median(millis) / ours:.2f}"]
                    if millis else ["", "", ""])
        row += [f"{sum(lengths) / ours:.0f}", f"{rate:.1f}"]
        row += [f"{100 * rate / max(rates):.1f}"] if rates else []
        row += [f"{result['cosine']:.6f}"] if sizes else []
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows)]
    yield from ("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                          for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)
    yield ""
    yield ("ms, medians; from token ids to dense vectors in the CPU's memory; torch in batches of b texts, sorted by "
           "length and padded")
    yield ("TFLOP/s: the operations of the whole encoder's products and attention divided by our time, although we "
           "skip some of them")
    mixed = [len(text) for text in texts["mixed"]]
    yield (f"mixed: {len(mixed):,} texts of log-normal lengths, {sum(mixed) / len(mixed):.0f} tokens on average, "
           f"{min(mixed)} to {max(mixed)}")
    if rates:
        yield (f"limit: cuBLAS in fp16, {LIMIT_PRODUCT}, before and after: "
               + ", ".join(f"{rate:.0f} TFLOP/s" for rate in rates) + "; the larger one counts")
    for name, result in results.items():
        drift = statistics.median(result["second"]) / statistics.median(result["first"])
        if abs(drift - 1) > 0.05:
            yield f"unsteady: {name}: our second round took {drift:.2f} times the first"
