// How far two lists of numbers are apart, for tests.

/** The largest |a − b| / (1 + |b|) over two lists of one length; NaN where either has one. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const apart = Math.abs(a[i]! - b[i]!) / (1 + Math.abs(b[i]!));
    if (!(apart <= worst)) worst = apart;
  }
  return worst;
}
