"""Coefficients of the vector kernels' exp and Gaussian tail, fitted by iteratively reweighted least squares (Lawson)."""
import mpmath as mp, numpy as np
mp.mp.dps = 40
def lawson(basis, target, weight, iters=400):
    w = np.ones(len(target))
    best=None
    for _ in range(iters):
        s = np.sqrt(w) * weight
        c, *_ = np.linalg.lstsq(basis * s[:, None], target * s, rcond=None)
        e = np.abs((basis @ c - target) * weight)
        if best is None or e.max() < best[0]: best = (e.max(), c)
        w = w * (e + 1e-30); w /= w.sum()
    return best
# exp(r) = 1 + r + r^2 * p(r), |r| <= ln2/2
lim = float(mp.log(2) / 2) * 1.0001
r = np.cos(np.pi * (np.arange(4001) + .5) / 4001) * lim
for deg in (3, 4):
    t = np.array([float((mp.e ** mp.mpf(float(x)) - 1 - mp.mpf(float(x))) / mp.mpf(float(x)) ** 2) for x in r])
    err, c = lawson(np.vander(r, deg + 1, increasing=True), t, r * r / np.exp(r))
    print('exp deg', deg, 'max rel err', err, [float(np.float32(x)).hex() for x in c], [float(np.float32(x)) for x in c])
# -log(erfc(x / sqrt2)) = x * q(x) on [0, X]; error of erfc itself = erfc * error of exponent
for X in (5.6, 6.0):
  x = (1 - np.cos(np.pi * (np.arange(3001) + .5) / 3001)) / 2 * X
  t = np.array([float(-mp.log(mp.erfc(mp.mpf(float(v)) / mp.sqrt(2))) / mp.mpf(float(v))) for v in x])
  ec = np.array([float(mp.erfc(mp.mpf(float(v)) / mp.sqrt(2))) for v in x])
  for deg in (7, 8, 9, 10):
    err, c = lawson(np.vander(x, deg + 1, increasing=True), t, x * ec)
    big = np.array([6., 7, 8, 10, 20, 50, 1000]); v = big * (np.vander(big, deg + 1, increasing=True) @ c)
    print('X', X, 'deg', deg, 'max abs err of erfc', err, [float(np.float32(y)) for y in c]); print('   beyond', v, 'at', big)
