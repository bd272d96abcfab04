"""Compares our outputs with torch's, then times both alternately on each shape, and prints the table.

On a CPU this only tests the script: torch computes in fp32 if it is installed, and is skipped otherwise.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
from time import perf_counter

import numpy as np

import agreement
import report
from workload import Config, lengths_by_shape, write_ids

# Larger shapes vary less and take longer.
SMALL_TOKENS = 4096
MIN_SMALL_PASSES, MIN_LARGE_PASSES = 10, 5
# Seconds of warm-up before each round, and once before the first, when Java's compiler still compiles most of the code.
WARM_UP, FIRST_WARM_UP = 0.2, 2


class Ours:
    """The Java program; GpuBench documents the requests."""

    def __init__(self, command, model, device, precision, folder):
        self.process = subprocess.Popen([*command, model, device, precision, str(folder)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.folder = folder

    def _answer(self, exit_status=1):
        line = self.process.stdout.readline()
        if not line:
            print(f"bench/gpu/run: our side ended with {self.process.wait()}; its last messages are above",
                  file=sys.stderr)
            sys.exit(exit_status)
        return json.loads(line)

    def ready(self):
        """Returns the description of the loaded model; exits if the device or a library is missing."""
        return self._answer(exit_status=3)

    def _ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self._answer()

    def time(self, name, outputs, warm_up, least, seconds):
        return self._ask("time", name, outputs, warm_up, least, seconds)["millis"]

    def write(self, name, outputs):
        self._ask("write", name, outputs)

    def rows(self, name, kind, dimension):
        return np.fromfile(self.folder / f"{name}.{kind}", "<f4").reshape(-1, dimension)

    def lexical(self, name):
        """Yields each text's weights by token id."""
        for line in (self.folder / f"{name}.lexical").read_text().splitlines():
            yield {int(token): float(weight) for token, weight in (pair.split(":") for pair in line.split())}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def torch_passes(peer, texts, batch_size, warm_up, least, seconds):
    """Returns the milliseconds of each pass, by GpuBench's rule. The GPU is done once a result is on the CPU."""
    def passes(least, seconds):
        millis, start = [], perf_counter()
        while len(millis) < least or len(millis) < 500 and perf_counter() - start < seconds:
            before = perf_counter()
            peer.encode(texts, batch_size)
            millis.append((perf_counter() - before) * 1e3)
        return millis

    passes(2, warm_up)
    return passes(least, seconds)


def measure_shape(name, ours, peer, texts, quick):
    """Times ours, torch, then ours again: if the clock drifts, our two rounds differ."""
    small = sum(map(len, texts)) <= SMALL_TOKENS
    seconds = 0.2 if quick else 0.4
    least = MIN_SMALL_PASSES if small else MIN_LARGE_PASSES
    half = math.ceil(least / 2)

    def ours_round():
        return ours.time(name, "dense", WARM_UP, half, seconds)

    first = ours_round()
    result = {"first": first, "torch": {}}
    if peer:
        from torch_peer import BATCH_SIZES
        for size in BATCH_SIZES:
            if size == BATCH_SIZES[0] or len(texts) > size:
                result["torch"][size] = torch_passes(peer, texts, size, WARM_UP, least, seconds)
    second = ours_round()
    result |= {"second": second, "ours": first + second, "all": ours.time(name, "all", 0.1, half, 0.1)}
    ours.write(name, "dense")
    if peer:
        expected = peer.encode(texts, BATCH_SIZES[0])
        result["cosine"] = float(agreement.cosines(ours.rows(name, "dense", expected.shape[1]), expected).min())
    print(f"  {name}: ours {statistics.median(result['ours']):.2f} ms"
          + "".join(f", torch in batches of {size} {statistics.median(millis):.2f} ms"
                    for size, millis in result["torch"].items()), file=sys.stderr)
    return result


def import_torch(on_gpu):
    """Returns the peer's module, or None without torch, which only the test on a CPU does not need."""
    try:
        import torch
        import torch_peer
        fault = "torch sees no GPU" if on_gpu and not torch.cuda.is_available() else None
    except ImportError as missing:
        torch_peer, fault = None, missing
    if on_gpu and fault:
        print(f"bench/gpu/run: {fault}; PYTHON names a Python with torch for CUDA, transformers and numpy",
              file=sys.stderr)
        sys.exit(3)
    if not torch_peer:
        print(f"SKIPPED: torch ({fault}): nothing is compared, and only ours is timed", file=sys.stderr)
    return torch_peer


def load_peers(torch_peer, model, device):
    """Loads torch's model in each precision to compare with; the first one is timed."""
    if not torch_peer:
        return {}
    import torch
    if device == "cpu":
        return {"fp32": torch_peer.TorchPeer(model, device, torch.float32)}
    torch.cuda.set_device(torch.device(device).index or 0)
    return {"fp16": torch_peer.TorchPeer(model, device, torch.float16),
            "fp32": torch_peer.TorchPeer(model, device, torch.float32)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    on_gpu = arguments.device != "cpu"
    config = Config.read(arguments.model)
    texts = write_ids(arguments.work, lengths_by_shape(arguments.quick, not on_gpu, config.max_length), config.vocab)

    # Our side loads while torch is imported and loads.
    ours = Ours(arguments.command, arguments.model, arguments.device, "fp16" if on_gpu else "auto", arguments.work)
    torch_peer = import_torch(on_gpu)
    peers, rates, checks = load_peers(torch_peer, arguments.model, arguments.device), [], []
    peer = next(iter(peers.values()), None)
    about = ours.ready()
    machine = report.machine(arguments.device, arguments.commit, about, torch_peer.versions() if torch_peer else {})

    if torch_peer:
        ours.write("check", "all")
        checks = [agreement.compare(ours, texts["check"], config, name, each, torch_peer.read_heads(
            arguments.model, each.model.device, each.model.dtype)) for name, each in peers.items()]
        print(*report.checks(checks), sep="\n", file=sys.stderr)
        if any(check.faults for check in checks):
            sys.exit(1)
        if on_gpu:
            rates.append(torch_peer.product_rate())

    ours.time("1x16", "dense", FIRST_WARM_UP, 0, 0)
    results = {name: measure_shape(name, ours, peer, texts[name], arguments.quick)
               for name in texts if name != "check"}
    ours.close()
    if rates:
        # Measured again because the GPU is warmer now; the larger rate is the limit.
        rates.append(torch_peer.product_rate())

    table = [*machine, "", *report.checks(checks), "", *report.table(results, texts, config, rates)]
    print("\n" + "\n".join(table))
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        (arguments.out / "table.txt").write_text("\n".join(table) + "\n")
        figures = {"machine": machine, "ours": about, "cublas_tflops": rates, "results": results,
                   "checks": [vars(check) for check in checks]}
        (arguments.out / "results.json").write_text(json.dumps(figures) + "\n")
    wrong = [name for name, result in results.items() if not result.get("cosine", 1) >= agreement.MIN_COSINE]
    if wrong:
        print(f"WRONG: {', '.join(wrong)}: the vectors of the timed passes differ from torch's", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
