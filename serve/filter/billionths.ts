// Scores as whole billionths, 0 to 1,000,000,000: exactly what is written (nine decimals), stored and compared with the
// threshold, so that whoever decides again from the written scores decides the same.
const BILLION = 1_000_000_000;

/** Stored in place of a score where the row could not be scored. */
export const UNSCORED = 0xffffffff;

/** A probability as billionths. A score that is no number counts as 1: it must not pass. */
export function toBillionths(score: number): number {
  return score >= 0 ? Math.min(BILLION, Math.round(score * BILLION)) : score < 0 ? 0 : BILLION;
}

/** The lowest score in billionths that `score >= threshold` holds for. */
export function thresholdInBillionths(threshold: number): number {
  let value = Math.ceil(threshold * BILLION);
  // The product is rounded: settle it with the comparison that a reader of the scores makes.
  while (value > 0 && (value - 1) / BILLION >= threshold) value--;
  while (value / BILLION < threshold) value++;
  return value;
}

/** Bins of a ledger's histogram of scores: bin i holds [i/100, (i+1)/100), the last one 1 too. */
export const HISTOGRAM_BINS = 100;

export function histogramBin(value: number): number {
  return Math.min(HISTOGRAM_BINS - 1, Math.trunc(value / (BILLION / HISTOGRAM_BINS)));
}

export function fromBillionths(value: number): number {
  return value / BILLION;
}

/** Writes `value` billionths as a JSON number (`0.25`, `1.0`) at out[at] and returns the offset after it; at most 11 bytes. */
export function writeBillionths(out: Uint8Array, at: number, value: number): number {
  out[at] = value >= BILLION ? 0x31 : 0x30;
  out[at + 1] = 0x2e;
  let rest = value >= BILLION ? 0 : value;
  let last = at + 2;
  for (let i = at + 10; i >= at + 2; i--) {
    const tens = Math.trunc(rest / 10);
    const digit = rest - tens * 10;
    rest = tens;
    out[i] = 0x30 + digit;
    if (digit !== 0 && i > last) last = i;
  }
  return last + 1;
}

/** Writes a whole number, 0 to 2^53, in decimal at out[at] and returns the offset after it. */
export function writeInteger(out: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tens = Math.floor(rest / 10);
    out[i] = 0x30 + (rest - tens * 10);
    rest = tens;
  }
  return at + digits;
}
