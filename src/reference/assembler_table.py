#!/usr/bin/env python3
"""Writes the table of encodings for the assembler's test to standard output.

Each line after the first is: hex bytes, tab, assembly text in Intel's syntax. The bytes come from GNU as; the first
line is its version. Needs binutils (as, objcopy). Usage: assembler_table.py > encodings.tsv
"""
import itertools
import subprocess
import tempfile
from pathlib import Path

LOW_HIGH = [0, 7, 8, 15]
ALL = [0, 7, 8, 15, 16, 31]
GPRS = ["rax", "rdi", "r8", "r15"]
WIDTHS = {16: "xmm", 32: "ymm", 64: "zmm"}
lines = []


def add(text):
    lines.append(text)


def addresses(unit):
    """Yields addressing forms; unit is the factor by which EVEX compresses an 8-bit displacement."""
    yield "[rax]"
    yield f"[rcx+{unit}]"
    yield f"[rdx-{128 * unit}]"
    yield f"[rbx+{127 * unit}]"
    yield f"[rsi+{128 * unit}]"
    yield "[rdi+1]"
    yield "[r9-128]"
    yield "[r10+1000000]"
    for base in ["rsp", "rbp", "r12", "r13"]:
        yield f"[{base}]"
        yield f"[{base}+{2 * unit}]"
    yield "[rax+rcx*1]"
    yield "[r8+r9*4+8]"
    yield "[rbp+r15*2]"
    yield "[r13+rax*8-4096]"
    yield "[rsp+r12*8+64]"


# Enough for the narrower widths and for broadcasts: they test the displacement's divisor and the index.
SOME_ADDRESSES = [1, 3, 4, 5, 8, 18]


def registers(width, high):
    return [f"{WIDTHS[width]}{n}" for n in (ALL if high else LOW_HIGH)]


def combinations(*choices):
    """Yields rows with each choice of each operand at least once and each pair of extremes, not the full product."""
    longest = max(len(c) for c in choices)
    seen = set()
    for shift in range(len(choices)):
        for i in range(longest):
            row = tuple(c[(i + shift * k) % len(c)] for k, c in enumerate(choices))
            if row not in seen:
                seen.add(row)
                yield row


def vector(name, widths, roles, evex, unit=None, half=None, immediate=None, broadcast=None, mask=True,
           prefix="", register=True, narrow=None):
    """Adds the lines for one mnemonic.

    roles: r, v (registers of the full width), m (the last source: register or memory), in order; unit(width): bytes that m
    holds in memory; narrow(width): register width of m; half: width of r.
    """
    unit = unit or (lambda w: w)
    narrow = narrow or (lambda w: w)
    half = half or (lambda w: w)
    suffix = "" if immediate is None else f", {immediate}"
    size = {1: "byte", 2: "word", 4: "dword", 8: "qword", 16: "xmmword", 32: "ymmword", 64: "zmmword"}

    def line(operands):
        add(f"{prefix}{name} " + ", ".join(operands) + suffix)

    for width in widths:
        high = evex

        def choices(role):
            return registers({"r": half(width), "v": width, "m": narrow(width)}[role], high)
        if register:
            for row in combinations(*[choices(role) for role in roles]):
                line(row)
        place = roles.index("m")
        fixed = [choices(role)[(i * 2 + 1) % 4] for i, role in enumerate(roles)]
        n = unit(width)
        for i, address in enumerate(addresses(n)):
            if width != widths[-1] and i not in SOME_ADDRESSES:
                continue
            row = [choices(role)[(i + k) % (6 if high else 4)] for k, role in enumerate(roles)]
            row[place] = f"{size[n]} ptr {address}"
            line(row)
        if evex and mask:
            for k, zeroing in [(1, ""), (7, "{z}")]:
                row = list(fixed)
                row[0] += "{k%d}%s" % (k, zeroing)
                if register:
                    line(row)
                if place != 0:
                    row[place] = f"{size[unit(width)]} ptr [r9+{unit(width)}]"
                    line(row)
            if place == 0:
                line([f"{size[unit(width)]} ptr [r9+{unit(width)}]{{k5}}"] + fixed[1:])
        if broadcast:
            for i, address in enumerate(addresses(broadcast)):
                if i not in SOME_ADDRESSES:
                    continue
                row = [choices(role)[(i + k) % 6] for k, role in enumerate(roles)]
                row[place] = f"{address}{{1to{width // broadcast}}}"
                line(row)


ALL_WIDTHS = [16, 32, 64]

# Moves: {load} selects the opcode with the destination in ModRM.reg, because as would save a byte with the other one.
for name in ["vmovups", "vmovdqu16"]:
    vector(name, ALL_WIDTHS, "rm", True, prefix="{load} ")
    vector(name, ALL_WIDTHS, "mr", True, register=False)
vector("vmaskmovps", [16, 32], "rvm", False, register=False)
vector("vmaskmovps", [16, 32], "mvr", False, register=False)
vector("vmovd", [16], "rm", True, unit=lambda w: 4, register=False, mask=False)
vector("vmovd", [16], "mr", True, unit=lambda w: 4, register=False, mask=False)
for vec, gpr in itertools.product(ALL, ["eax", "edi", "r8d", "r15d"]):
    add(f"vmovd xmm{vec}, {gpr}")
    add(f"vmovd {gpr}, xmm{vec}")
vector("vbroadcastss", ALL_WIDTHS, "rm", True, unit=lambda w: 4, narrow=lambda w: 16)

# Arithmetic
for name in ("vaddps vsubps vmulps vdivps vminps vmaxps vfmadd231ps vfmadd213ps vxorps vandps vorps vpaddd vpsubd "
             "vpmaxsd vpackssdw").split():
    vector(name, ALL_WIDTHS, "rvm", True, broadcast=4)
for name in "vscalefps vdpbf16ps vpdpbusd vpandd vpord vpxord".split():
    vector(name, ALL_WIDTHS, "rvm", True, broadcast=4)
vector("vpackuswb", ALL_WIDTHS, "rvm", True)
vector("vpdpbusd", [16, 32], "rvm", False, prefix="{vex} ")
for name in "vsqrtps vcvtps2dq vcvtdq2ps".split():
    vector(name, ALL_WIDTHS, "rm", True, broadcast=4)
vector("vrndscaleps", ALL_WIDTHS, "rm", True, immediate=8, broadcast=4)
for name in "vpslld vpsrld".split():
    vector(name, ALL_WIDTHS, "rm", True, immediate=23, broadcast=4)
# From memory to xmm, the encoder emits only the form with 32 bytes; the form with 16 bytes is tested with registers only.
vector("vcvtneps2bf16", [32, 64], "rm", True, half=lambda w: w // 2, broadcast=4)
for row in combinations(registers(16, True), registers(16, True)):
    add("vcvtneps2bf16 " + ", ".join(row))
vector("vcmpps", [16, 32], "rvm", False, immediate=17, prefix="{vex} ")
for width, k, high in itertools.product(ALL_WIDTHS, [0, 1, 7], ALL):
    vec = WIDTHS[width]
    add(f"vcmpps k{k}, {vec}{high}, {vec}{31 - high}, 13")
    add(f"vcmpps k{k}{{k3}}, {vec}{high}, {vec}{31 - high}, 1")
for i, address in enumerate(addresses(64)):
    add(f"vcmpps k{i % 8}, zmm{ALL[i % 6]}, zmmword ptr {address}, 2")
for i, address in enumerate(addresses(4)):
    add(f"vcmpps k{i % 8}, zmm{ALL[i % 6]}, {address}{{1to16}}, 14")

# Narrowing and widening
vector("vpmovusdb", ALL_WIDTHS, "mr", True, unit=lambda w: w // 4, narrow=lambda w: 16)
vector("vpmovzxwd", ALL_WIDTHS, "rm", True, unit=lambda w: w // 2, narrow=lambda w: max(16, w // 2))

# Shuffles
vector("vextractf128", [32], "mr", False, unit=lambda w: 16, narrow=lambda w: 16, immediate=1)
vector("vshuff32x4", [32, 64], "rvm", True, immediate=0x88, broadcast=4)
vector("vperm2f128", [32], "rvm", False, immediate=0x31)
vector("vshufps", ALL_WIDTHS, "rvm", True, immediate=0xEE, broadcast=4)

# Masks
for k in [0, 1, 7]:
    for i, address in enumerate(addresses(8)):
        add(f"kmovw k{(k + i) % 8}, word ptr {address}")
        add(f"kmovw word ptr {address}, k{(k + i) % 8}")
    add(f"kmovw k{k}, k{7 - k}")
    for gpr in ["eax", "edi", "r8d", "r15d"]:
        add(f"kmovd k{k}, {gpr}")
add("vzeroupper")

# General
EVERY = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
E32 = "eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d".split()
for a, b in zip(EVERY, EVERY[5:] + EVERY[:5]):
    for name in "mov add sub test".split():
        add(f"{name} {a}, {b}")
    for name in "add sub and cmp".split():
        for value in [1, -128, 127, 128, -129, 2147483647, -2147483648]:
            add(f"{name} {a}, {value}")
    for value in [0, 1, -1, 2147483647, -2147483648, 2147483648, 4294967295, -2147483649, 0x123456789ABCDEF0]:
        add(f"mov {a}, {value}")
    for name in "dec push pop".split():
        add(f"{name} {a}")
    for name in "shl shr".split():
        for bits in [1, 2, 63]:
            add(f"{name} {a}, {bits}")
    for value in [3, -128, 128, 100000]:
        add(f"imul {a}, {b}, {value}")
for i, address in enumerate(addresses(8)):
    for k in [0, 4, 9, 15]:
        gpr, gpr32 = EVERY[(i + k) % 16], E32[(i + k) % 16]
        add(f"mov {gpr}, qword ptr {address}")
        add(f"mov qword ptr {address}, {gpr}")
        add(f"mov {gpr32}, dword ptr {address}")
        add(f"mov dword ptr {address}, {gpr32}")
        add(f"add {gpr}, qword ptr {address}")
        add(f"lea {gpr}, {address}")
    add(f"prefetcht1 byte ptr {address}")
for name in "ret cpuid xgetbv".split():
    add(name)

# Jumps, always with a 32-bit distance; and addresses relative to rip. "." is the instruction's own start.
for name in "jmp jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg".split():
    for target in [".-40", ".+40", ".-1000", ".+1000"]:
        add(f"{{disp32}} {name} {target}")
    if name == "jmp":
        for target in [".-40", ".+40", ".-1000", ".+1000"]:
            add(f"call {target}")
for target in [-40, 40, 1000]:
    add(f"vmovups zmm17, zmmword ptr [rip{target:+d}]")
    add(f"vaddps ymm9, ymm1, ymmword ptr [rip{target:+d}]")
    add(f"vaddps zmm9, zmm1, [rip{target:+d}]{{1to16}}")
    add(f"vrndscaleps zmm3, zmmword ptr [rip{target:+d}], 8")
    add(f"lea r11, [rip{target:+d}]")


def main():
    lines[:] = dict.fromkeys(lines)  # without repetitions
    source = [".intel_syntax noprefix", ".text"]
    for i, text in enumerate(lines):
        source += [f"L{i}:", text]
    source += [f"L{len(lines)}:", '.section .sizes, "a"']
    source += [f".byte L{i + 1} - L{i}" for i in range(len(lines))]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "a.s").write_text("\n".join(source) + "\n")
        subprocess.run(["as", "--64", "-o", folder / "a.o", folder / "a.s"], check=True)
        for section in ["text", "sizes"]:
            subprocess.run(["objcopy", "-O", "binary", "-j", f".{section}", folder / "a.o", folder / section], check=True)
        code = (folder / "text").read_bytes()
        sizes = (folder / "sizes").read_bytes()
    version = subprocess.run(["as", "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]
    print(f"# {version}")
    start = 0
    for text, size in zip(lines, sizes, strict=True):
        print(f"{code[start:start + size].hex()}\t{text}")
        start += size
    assert start <= len(code)


main()
