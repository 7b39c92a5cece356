// The embedded capability probe: what a small language model trained on the kept documents still knows of the domain to
// remove, and of the rest. It answers within seconds and needs no weights, and stands in for training real models and
// running benchmarks on them (lm-eval.ts); it sees vocabulary and phrasing, not reasoning.
//
// Documents are added to one model in the order of their scores while the threshold rises, and it is asked at each
// threshold. Less text alone makes any model worse, so a control is trained on as many bytes drawn at random.
import { createHash } from "node:crypto";
import { Random } from "#models/random";
import { KneserNey } from "./kneser-ney.ts";

export interface ProbeDocument {
  id: string;
  score: number;
  /** 1 of the domain to remove, 0 of the rest; without it a document is trained on only. */
  label?: 0 | 1;
  /** UTF-8. */
  text: Uint8Array;
}

export interface ProbeOptions {
  /** Length of the longest gram, bytes. */
  order?: number;
  /** Share of the labelled documents held out. */
  heldOut?: number;
  /** Held-out bytes that are used, for each of the two parts. */
  maxHeldOutBytes?: number;
  /** Bytes trained on at most: a sample of the documents, where there are more. */
  maxBytes?: number;
  seed?: number;
}

/** Bits per byte on held-out documents: lower is better known. */
export interface Knowledge {
  hazard: number;
  general: number;
}

export interface ProbePoint {
  /** Documents scoring at or above it were not trained on; null for the unfiltered corpus. */
  threshold: number | null;
  trainedBytes: number;
  filtered: Knowledge;
  /** The same number of bytes, drawn at random instead of by score. */
  control: Knowledge;
}

export interface Probe {
  order: number;
  heldOutBytes: Knowledge;
  heldOutDocuments: Knowledge;
  /** Rising thresholds, the unfiltered corpus last. */
  points: ProbePoint[];
}

/** Probes each threshold; null where one of the two parts has no held-out document. */
export function probe(documents: readonly ProbeDocument[], thresholds: readonly number[], options: ProbeOptions = {}): Probe | null {
  const { order = 6, heldOut = 0.15, maxHeldOutBytes = 120_000, maxBytes = 6_000_000, seed = 1 } = options;
  const ordered = documents.map((document) => ({ ...document, place: placeOf(document.id, seed) })).sort((a, b) => a.place - b.place);
  const held: Record<keyof Knowledge, Uint8Array[]> = { hazard: [], general: [] };
  const training: typeof ordered = [];
  const heldBytes: Knowledge = { hazard: 0, general: 0 };
  let bytes = 0;
  for (const document of ordered) {
    const part = document.label === 1 ? "hazard" : "general";
    if (document.label !== undefined && document.place < heldOut) {
      if (document.text.length === 0 || heldBytes[part] >= maxHeldOutBytes) continue;
      held[part].push(document.text);
      heldBytes[part] += document.text.length;
    } else if (bytes < maxBytes) {
      training.push(document);
      bytes += document.text.length;
    }
  }
  if (held.hazard.length === 0 || held.general.length === 0) return null;

  const knowledge = (model: KneserNey): Knowledge => ({
    hazard: held.hazard.reduce((sum, text) => sum + model.bits(text), 0) / heldBytes.hazard,
    general: held.general.reduce((sum, text) => sum + model.bits(text), 0) / heldBytes.general,
  });
  const byScore = training.toSorted((a, b) => a.score - b.score || a.place - b.place);
  const random = new Random(seed, "probe").shuffle([...training]);
  const filtered = new KneserNey(order);
  const control = new KneserNey(order);
  let next = 0;
  let drawn = 0;
  const points = [...[...new Set(thresholds)].sort((a, b) => a - b), null].map((threshold): ProbePoint => {
    while (next < byScore.length && (threshold === null || byScore[next]!.score < threshold)) filtered.add(byScore[next++]!.text);
    while (drawn < random.length && control.bytes < filtered.bytes) control.add(random[drawn++]!.text);
    return { threshold, trainedBytes: filtered.bytes, filtered: knowledge(filtered), control: knowledge(control) };
  });
  return { order, heldOutBytes: heldBytes, heldOutDocuments: { hazard: held.hazard.length, general: held.general.length }, points };
}

/** A place in [0, 1) that depends on nothing but the id and the seed. */
function placeOf(id: string, seed: number): number {
  return createHash("sha256").update(`${seed}:${id}`).digest().readUInt32BE(0) / 2 ** 32;
}
