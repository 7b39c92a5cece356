// Platt scaling (Platt, 1999; targets and Newton's method after Lin, Lin & Weng, 2007): probabilities from logits.

export interface PlattScaling {
  slope: number;
  intercept: number;
}

/** Fewer rows of either class than this tell too little to calibrate on. */
export const MIN_CALIBRATION_ROWS = 10;

/**
 * Fits p = σ(slope · logit + intercept) by maximum likelihood.
 * @param logits (n) @param labels (n) 0 or 1, aligned
 * @returns null where a class has fewer than MIN_CALIBRATION_ROWS rows or the fit would turn the ranking round
 */
export function fitPlatt(logits: readonly number[], labels: readonly number[]): PlattScaling | null {
  const positives = labels.reduce((sum, y) => sum + y, 0);
  const negatives = labels.length - positives;
  if (positives < MIN_CALIBRATION_ROWS || negatives < MIN_CALIBRATION_ROWS) return null;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  let slope = 1;
  let intercept = 0;
  const loss = (a: number, b: number) =>
    logits.reduce((sum, x, i) => {
      const z = a * x + b;
      const t = labels[i] ? high : low;
      return sum + Math.max(z, 0) - t * z + Math.log1p(Math.exp(-Math.abs(z)));
    }, 0);
  let current = loss(slope, intercept);
  for (let iteration = 0; iteration < 100; iteration++) {
    let gA = 0;
    let gB = 0;
    let hAA = 1e-12;
    let hAB = 0;
    let hBB = 1e-12;
    logits.forEach((x, i) => {
      const p = 1 / (1 + Math.exp(-(slope * x + intercept)));
      const error = p - (labels[i] ? high : low);
      const w = p * (1 - p);
      gA += error * x;
      gB += error;
      hAA += w * x * x;
      hAB += w * x;
      hBB += w;
    });
    if (Math.abs(gA) + Math.abs(gB) < 1e-7 * labels.length) break;
    const det = hAA * hBB - hAB * hAB;
    const dA = -(hBB * gA - hAB * gB) / det;
    const dB = -(hAA * gB - hAB * gA) / det;
    let stride = 1;
    let next = loss(slope + dA, intercept + dB);
    while (!(next < current) && stride > 1e-10) {
      stride /= 2;
      next = loss(slope + stride * dA, intercept + stride * dB);
    }
    if (!(next < current)) break;
    slope += stride * dA;
    intercept += stride * dB;
    current = next;
  }
  return slope > 0 && Number.isFinite(slope) && Number.isFinite(intercept) ? { slope, intercept } : null;
}
