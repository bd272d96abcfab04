"""Starts the engines, compares their outputs, times them alternately on each shape, and prints the tables."""

import argparse
import contextlib
import hashlib
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np

import report
from workload import CHECKS, QUICK_SHAPES, SHAPES, lengths_of, longest_text, write_ids

HERE = pathlib.Path(__file__).parent
MIN_FP32_COSINE = 0.99999
# The number of turns depends on the time of a pass; shapes above ONCE_TOKENS take too long for a warm-up.
TURNS, LONG_TURNS, LONG_TOKENS, ONCE_TOKENS = 5, 3, 2000, 8000
# Seconds of the first warm-up, in which Java compiles most of the code, of each shape's warm-up, of the passes of a
# turn, and of the pause between turns, in which the threads of the previous engine stop spinning.
FIRST_WARM_UP, WARM_UP, TURN, PAUSE = 5, 1, 0.4, 0.2


class Engine(NamedTuple):
    precision: str
    name: str

    def __str__(self):
        return f"{self.precision}:{self.name}"


DEFAULT = [Engine(*name.split(":")) for name in
           ("fp32:ours", "fp32:vector", "fp32:onnxruntime", "bf16:ours", "bf16:torch", "int8:ours", "int8:onnxruntime")]
OPTIONAL = [Engine(*name.split(":")) for name in
            ("fp32:onnxruntime-tuned", "fp32:torch", "int8:onnxruntime-tuned")]
# The order of the tables and of the turns: for each precision, ours first.
ALL = sorted(DEFAULT + OPTIONAL, key=lambda engine: (("fp32", "bf16", "int8").index(engine.precision),
                                                     ("ours", "vector").index(engine.name)
                                                     if report.is_ours(engine) else 2))


class Running:
    """An engine's process; PeerBench.java documents the requests."""

    def __init__(self, engine, command, folder):
        self.engine, self.folder = engine, folder
        self.process = subprocess.Popen([*map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._answer()["version"]

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            fail(f"{self.engine} ended with {self.process.wait()}; its last messages are above")
        return json.loads(line)

    def _ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self._answer()

    def time(self, shape, least, seconds):
        """Returns the milliseconds of each pass."""
        return self._ask("time", shape, least, seconds)["millis"]

    def rows(self, shape):
        file = f"{shape}.{self.engine}"
        count = self._ask("write", shape, file)["rows"]
        return np.fromfile(self.folder / file, "<f4").reshape(count, -1)

    def peak_mib(self):
        """Returns the peak of the resident memory: VmHWM, proc(5), which counts kB of 1,024 bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM:"))

    def close(self):
        # The process exits at the end of its standard input.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def fail(message):
    print(f"bench/peers/run: {message}", file=sys.stderr)
    sys.exit(1)


def note(message):
    print(message, file=sys.stderr)


def prepare(model, data):
    """Returns the folder with the files that the peers load, created once for each model."""
    weights = model / "model.safetensors"
    if not weights.is_file():
        fail(f"{weights}: no such file")
    made_by = (HERE / "prepare.py").read_bytes() + (HERE / "workload.py").read_bytes()
    key = hashlib.sha256(f"{weights.stat().st_size} {weights.stat().st_mtime_ns} ".encode()
                         + made_by).hexdigest()[:12]
    folder = data / f"peers-{key}"
    if not folder.exists():
        note(f"preparing {folder}, once")
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        if subprocess.run([sys.executable, HERE / "prepare.py", model, part], stdout=sys.stderr).returncode:
            fail("the peers' models could not be created; the reason is above")
        part.rename(folder)
    return folder


def cosines(rows, others):
    def units(x):
        x = x.astype(np.float64)
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    return units(rows) @ units(others).T


def check(running, prepared):
    """Returns the minimum cosine with torch's vectors in fp32, by engine and check."""
    result = {}
    for each in running:
        result[each.engine] = {}
        for name in CHECKS:
            rows = each.rows(name)
            reference = np.fromfile(prepared / f"{name}.reference", "<f4").reshape(len(rows), -1)
            least = float(np.diag(cosines(rows, reference)).min())
            result[each.engine][name] = least
            if not (least >= MIN_FP32_COSINE or each.engine.precision != "fp32" and np.isfinite(least)):
                fail(f"WRONG: {each.engine}, {name}: cosine {least} with torch in fp32")
    return result


def nearest(prepared):
    """Returns the maximum cosine of two different texts, which random weights give nearly the same vector."""
    result = {}
    for name, lengths in CHECKS.items():
        rows = np.fromfile(prepared / f"{name}.reference", "<f4").reshape(len(lengths), -1)
        result[name] = float((cosines(rows, rows) - 2 * np.eye(len(rows))).max())
    return result


def measure(shape, running, quick):
    """Returns the milliseconds of each turn by engine: the median of the turn's passes."""
    tokens = sum(lengths_of(shape))
    once = max(lengths_of(shape)) > ONCE_TOKENS
    turns = 1 if once else 2 if quick else LONG_TURNS if tokens > LONG_TOKENS else TURNS
    if tokens <= ONCE_TOKENS:
        for each in running:
            each.time(shape, 1, WARM_UP)
    result = {each.engine: [] for each in running}
    for _ in range(turns):
        for each in running:
            time.sleep(PAUSE)
            result[each.engine].append(statistics.median(each.time(shape, 1, 0 if once else TURN)))
    note(f"  {shape}: " + ", ".join(f"{engine} {report.time(millis)}" for engine, millis in result.items()))
    return result


def measure_precision(engines, shapes, start, quick, prepared):
    """Loads the engines of one precision; returns their agreement, times, versions and memory."""
    with contextlib.ExitStack() as stack:
        running = []
        for engine in engines:
            running.append(start(engine))
            stack.callback(running[-1].close)
        agreement = check(running, prepared)
        for each in running:
            if report.is_ours(each.engine):
                each.time("check-padded", 1, 1 if quick else FIRST_WARM_UP)
        results = {shape: measure(shape, running, quick) for shape in shapes}
        return (agreement, results, {each.engine: each.version for each in running},
                {each.engine: each.peak_mib() for each in running})


def pool(results, more):
    """Adds the turns of another load to the results."""
    for shape, by_engine in more.items():
        for engine, millis in by_engine.items():
            results.setdefault(shape, {}).setdefault(engine, []).extend(millis)


def command_of(engine, arguments, prepared, folder):
    if report.is_ours(engine):
        kernels = "auto" if engine.name == "ours" else engine.name
        return [*arguments.command, arguments.model, kernels, engine.precision, arguments.threads, folder]
    return [sys.executable, HERE / "peer.py", engine.name, engine.precision, arguments.threads, arguments.model, prepared,
            folder]


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--shapes")
    parser.add_argument("--engines")
    parser.add_argument("--no-8192", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--loads", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def chosen_engines(names):
    if names is None:
        return DEFAULT
    known = {str(engine): engine for engine in ALL}
    for name in names.split(","):
        if name not in known:
            fail(f"--engines: {name} (expected: {', '.join(known)})")
    return [engine for engine in ALL if str(engine) in names.split(",")]


def chosen_shapes(arguments):
    shapes = arguments.shapes.split(",") if arguments.shapes else QUICK_SHAPES if arguments.quick else SHAPES
    longest = longest_text(arguments.model)
    kept = []
    for shape in shapes:
        try:
            lengths = lengths_of(shape)
        except ValueError as wrong:
            fail(f"--shapes: {wrong}")
        if max(lengths) > longest:
            note(f"SKIPPED: {shape}: the model accepts at most {longest} tokens")
        elif not (arguments.no_8192 and shape == "1x8192"):
            kept.append(shape)
    return kept


def main():
    arguments = parse()
    engines, shapes = chosen_engines(arguments.engines), chosen_shapes(arguments)
    prepared = prepare(arguments.model, arguments.data)
    if arguments.prepare:
        return

    agreement, results, versions, memory = {}, {}, {}, {}
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        for shape in [*CHECKS, *shapes]:
            write_ids(folder, shape, arguments.model)

        def start(engine):
            return Running(engine, command_of(engine, arguments, prepared, folder), folder)

        precisions = dict.fromkeys(engine.precision for engine in engines)
        for precision in [each for _ in range(arguments.loads) for each in precisions]:
            note(precision)
            found = measure_precision([engine for engine in engines if engine.precision == precision], shapes, start,
                                      arguments.quick, prepared)
            pool(results.setdefault(precision, {}), found[1])
            for all_found, more in zip((agreement, versions, memory), (found[0], *found[2:])):
                all_found.update(more)

    lines = [*report.machine(arguments.commit, arguments.threads, versions), "",
             *report.agreement(agreement, agreement, nearest(prepared)), ""]
    for precision, by_shape in results.items():
        lines += [*report.table(precision, [engine for engine in engines if engine.precision == precision], by_shape), ""]
    lines += report.notes(shapes, arguments.loads, memory)
    print("\n".join(lines))
    if arguments.out:
        keep(arguments, lines, agreement, results, versions, memory)


def keep(arguments, lines, agreement, results, versions, memory):
    def named(by_engine):
        return {str(engine): value for engine, value in by_engine.items()}

    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "table.md").write_text("\n".join(lines) + "\n")
    figures = {"commit": arguments.commit, "processor": report.processor(), "threads": arguments.threads,
               "versions": named(versions), "cosines": named(agreement), "peak_mib": named(memory),
               "millis": merged(results, named)}
    (arguments.out / "results.json").write_text(json.dumps(figures, indent=1) + "\n")


def merged(results, named):
    """Returns the milliseconds of the turns by shape and engine."""
    millis = {}
    for by_shape in results.values():
        for shape, by_engine in by_shape.items():
            millis.setdefault(shape, {}).update(named(by_engine))
    return millis


if __name__ == "__main__":
    main()
