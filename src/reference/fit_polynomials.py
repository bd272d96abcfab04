#!/usr/bin/env python3
"""Computes the polynomial coefficients of the CPU kernels' exp, Gaussian tail and shorter forms of both, as Java constants with
their maximum errors.

  python fit_polynomials.py                          prints the constants
  python fit_polynomials.py --check VectorMath.java  fails unless the file has exactly these

Each polynomial is the weighted minimax fit, found by iteratively reweighted least squares (Lawson 1961; Rice and Usow 1968)
on Chebyshev nodes. The errors printed are of the fit before its coefficients are rounded to fp32.

Needs Python 3.9, NumPy and mpmath; made with 3.11.7, 2.4.6 and 1.3.0. Another LAPACK may round a last bit differently.
"""
import argparse
import re
import sys

import mpmath as mp
import numpy as np

mp.mp.dps = 40
LAWSON_ITERATIONS = 400


def minimax(degree, x, target, weight, kind=np.float32):
    """Returns the c that minimises max |weight · (Σ c[i]·xⁱ − target)|, and that maximum."""
    basis = np.vander(x, degree + 1, increasing=True)
    emphasis = np.ones(len(x))
    best_error, best = np.inf, None
    for _ in range(LAWSON_ITERATIONS):
        scale = np.sqrt(emphasis) * weight
        coefficients, *_ = np.linalg.lstsq(basis * scale[:, None], target * scale, rcond=None)
        error = np.abs((basis @ coefficients - target) * weight)
        if error.max() < best_error:
            best_error, best = error.max(), coefficients
        emphasis = emphasis * (error + 1e-30)
        emphasis /= emphasis.sum()
    return best.astype(kind), best_error


def chebyshev(count):
    """Returns the Chebyshev nodes of [−1, 1], descending."""
    return np.cos(np.pi * (np.arange(count) + 0.5) / count)


def exponential(degree=4):
    """Fits exp(r) = 1 + r + r²·p(r) for |r| slightly beyond ln 2 / 2, by the relative error."""
    limit = float(mp.log(2) / 2) * 1.0001
    r = chebyshev(4001) * limit
    exact = [mp.mpf(float(value)) for value in r]
    p = np.array([float((mp.exp(value) - 1 - value) / value**2) for value in exact])
    return minimax(degree, r, p, r * r / np.exp(r))


def gaussian_tail(degree=7):
    """Fits erfc(x/√2) = exp(−x·q(x)) for 0 ≤ x ≤ 5.6, by erfc's absolute error.

    Beyond 5.6, where erfc is below 2.2e-8, q only has to keep the value small: x·q(x) grows to 20 at 6 and to 89 at 10.
    """
    limit = 5.6
    x = (1 - chebyshev(3001)) / 2 * limit
    exact = [mp.mpf(float(value)) for value in x]
    tail = [mp.erfc(value / mp.sqrt(2)) for value in exact]
    q = np.array([float(-mp.log(t) / value) for t, value in zip(tail, exact)])
    coefficients, error = minimax(degree, x, q, x * np.array([float(t) for t in tail]))
    beyond = np.linspace(limit, 1000, 100_000)
    exponent = beyond * (np.vander(beyond, degree + 1, increasing=True) @ coefficients)
    assert np.all(np.diff(exponent) > 0), "the tail must fall for all x"
    return coefficients, error


def power_of_two(degree=3):
    """Fits 2^f for |f| ≤ 1/2, by the relative error."""
    f = chebyshev(4001) / 2
    exact = np.exp2(f)
    return minimax(degree, f, exact, 1 / exact)


def short_gelu(degree=8, limit=4.25):
    """Fits Φ(z) = 1/2 + z·p(z²) for |z| ≤ 4.25, by the absolute error of z·Φ(z) and, for small z, a third of Φ's."""
    z = (1 - chebyshev(3001)) / 2 * limit
    half = np.array([float(mp.erf(mp.mpf(float(value)) / mp.sqrt(2))) / 2 for value in z])
    square = (z / limit) ** 2
    coefficients, error = minimax(degree, square, half / z, z * np.maximum(z, 0.3), np.float64)
    return (coefficients / limit ** (2 * np.arange(degree + 1))).astype(np.float32), error


def java_literal(value):
    """Returns the shortest decimal that Java parses to this float."""
    return f"{np.format_float_scientific(value, trim='-', exp_digits=1)}f"


def java_constants(source):
    """Returns the float constants of a Java file by name."""
    declared = re.findall(r"static final float (\w+) = (-?[\w.+-]+?)f?;", source)
    return {name: np.float32(float.fromhex(text) if "0x" in text else float(text)) for name, text in declared}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="FILE", help="VectorMath.java, which must have these constants")
    arguments = parser.parse_args()
    fits = (("E", "exp, relative error", exponential()), ("G", "Gaussian tail, absolute error", gaussian_tail()))
    short_fits = (("P", "2^f, relative error", power_of_two()), ("S", "short GELU, absolute error", short_gelu()))
    expected = {}
    for prefix, title, (coefficients, error) in fits:
        print(f"// {title} {error:.2e}")
        for i, value in enumerate(coefficients):
            expected[f"{prefix}{i}"] = value
            print(f"private static final float {prefix}{i} = {java_literal(value)};")
    for prefix, title, (coefficients, error) in short_fits:  # In kernel.jit's VectorCode.
        print(f"// {title} {error:.2e}")
        print(", ".join(f"{prefix}{i} {java_literal(value)}" for i, value in enumerate(coefficients)))
    if arguments.check:
        with open(arguments.check, encoding="utf-8") as file:
            found = java_constants(file.read())
        wrong = [f"{name}: {java_literal(found[name]) if name in found else 'absent'} (expected: {java_literal(value)})"
                 for name, value in expected.items() if found.get(name) != value]
        if wrong:
            sys.exit(f"{arguments.check}:\n  " + "\n  ".join(wrong))
        print(f"// {arguments.check} has exactly these.")


if __name__ == "__main__":
    main()
