// Eigenvalues of a symmetric matrix: Householder's reduction to three diagonals, then QL steps with implicit shifts
// (EISPACK's tred1 and tql1; Martin, Reinsch and Wilkinson, 1968), without the vectors.

const MOST_STEPS = 60;

/** Eigenvalues, in no order, of the symmetric matrix of `size` rows that lie one after the other. The matrix is overwritten. */
export function eigenvalues(matrix: Float64Array, size: number): Float64Array {
  if (matrix.length !== size * size) throw new Error(`eigenvalues: matrix must have ${size * size} entries, got ${matrix.length}`);
  const { diagonal, beside } = tridiagonal(matrix, size);
  const negligible = Number.EPSILON * diagonal.reduce((most, d, i) => Math.max(most, Math.abs(d) + Math.abs(beside[i]!)), 0);
  for (let l = 0; l < size; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < size - 1 && Math.abs(beside[m]!) > negligible) m++;
      if (m === l) break;
      if (step === MOST_STEPS) throw new Error(`eigenvalues: no convergence after ${MOST_STEPS} steps`);
      qlStep(diagonal, beside, l, m);
    }
  }
  return diagonal;
}

/** `beside[i]` stands between the diagonal's entries i and i + 1. */
function tridiagonal(a: Float64Array, n: number): { diagonal: Float64Array; beside: Float64Array } {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const row = i * n;
    let rest = 0;
    for (let k = 0; k < i - 1; k++) rest += a[row + k]! ** 2;
    const last = a[row + i - 1]!;
    diagonal[i] = a[row + i]!;
    if (rest === 0) {
      beside[i - 1] = last;
      continue;
    }
    const norm = Math.sqrt(rest + last * last);
    const alpha = last > 0 ? -norm : norm;
    beside[i - 1] = alpha;
    // v = row − alpha·e, h = |v|² / 2; the rest becomes A − v·qᵀ − q·vᵀ with q = A·v / h − (vᵀA·v / 2h²)·v.
    const h = norm * norm - last * alpha;
    a[row + i - 1] = last - alpha;
    let k = 0;
    for (let r = 0; r < i; r++) {
      let sum = 0;
      for (let c = 0; c <= r; c++) sum += a[r * n + c]! * a[row + c]!;
      for (let c = r + 1; c < i; c++) sum += a[c * n + r]! * a[row + c]!;
      p[r] = sum / h;
      k += p[r]! * a[row + r]!;
    }
    k /= 2 * h;
    for (let r = 0; r < i; r++) p[r]! -= k * a[row + r]!;
    for (let r = 0; r < i; r++) {
      for (let c = 0; c <= r; c++) a[r * n + c]! -= a[row + r]! * p[c]! + p[r]! * a[row + c]!;
    }
  }
  diagonal[0] = a[0] ?? 0;
  return { diagonal, beside };
}

/** One QL step on the block from l to m, shifted towards its first eigenvalue. */
function qlStep(d: Float64Array, e: Float64Array, l: number, m: number): void {
  const slope = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  const shift = Math.hypot(slope, 1);
  let g = d[m]! - d[l]! + e[l]! / (slope + (slope >= 0 ? shift : -shift));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i]!;
    const b = c * e[i]!;
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1]! - p;
    const t = (d[i]! - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
  }
  d[l]! -= p;
  e[l] = g;
  e[m] = 0;
}
