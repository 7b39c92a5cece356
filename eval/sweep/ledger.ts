// Scored documents sorted once, highest first, with the two masses that sweeps weigh: one a document, or its characters.

export interface ScoredDocument {
  id: string;
  /** Where it is from, as results are grouped. */
  source: string;
  /** Length in code points. */
  chars: number;
  /** Probability, 0 to 1. */
  score: number;
  /** 1 to be removed, 0 to be kept; absent where nobody knows. */
  label?: 0 | 1;
}

export const UNITS = ["documents", "characters"] as const;
export type Unit = (typeof UNITS)[number];

export interface Ledger {
  n: number;
  /** (n), falling. */
  scores: Float64Array;
  /** (n): 1, 0, or -1 for unknown. */
  labels: Int8Array;
  /** (n) code points. */
  chars: Float64Array;
  /** End (exclusive) of each run of equal scores. */
  ends: Uint32Array;
}

export function ledger(documents: readonly ScoredDocument[]): Ledger {
  const sorted = documents.toSorted((a, b) => b.score - a.score || (b.label ?? -1) - (a.label ?? -1) || b.chars - a.chars);
  const bad = documents.find((d) => !Number.isFinite(d.score) || !(d.chars >= 0));
  if (bad) throw new Error(`ledger: score must be finite and chars >= 0, got ${bad.score} and ${bad.chars} for ${bad.id}`);
  const scores = Float64Array.from(sorted, (d) => d.score);
  const ends: number[] = [];
  for (let i = 1; i <= sorted.length; i++) if (i === sorted.length || scores[i] !== scores[i - 1]) ends.push(i);
  return {
    n: sorted.length,
    scores,
    labels: Int8Array.from(sorted, (d) => d.label ?? -1),
    chars: Float64Array.from(sorted, (d) => d.chars),
    ends: Uint32Array.from(ends),
  };
}

/** Masses at or above a threshold, or of all documents. */
export interface Mass {
  all: number;
  harmful: number;
  harmless: number;
}

/** Mass of the first `end` rows of a ledger, each `weights[i]` times (once by default). */
export function massOf({ labels, chars }: Ledger, unit: Unit, end: number, weights?: Float64Array): Mass {
  const mass = { all: 0, harmful: 0, harmless: 0 };
  for (let i = 0; i < end; i++) {
    const m = (unit === "documents" ? 1 : chars[i]!) * (weights ? weights[i]! : 1);
    mass.all += m;
    if (labels[i] === 1) mass.harmful += m;
    else if (labels[i] === 0) mass.harmless += m;
  }
  return mass;
}
