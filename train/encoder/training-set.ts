// Examples as a network is trained on them: windows of token ids, each with its targets and weights.
import { packBatches, padRows } from "#models/encoder/batches";
import type { EncodedText, EncoderTokenizer } from "#models/encoder/tokenizer";
import { type Window, cutWindows, spreadWindows, windowCapacity, windowIds, windowSpan } from "#models/encoder/windows";
import type { Row } from "#train/label-states";
import type { EncoderBatch } from "./networks/network.ts";
import type { Targets } from "./targets.ts";

export interface TrainingSet {
  /** Windows (W). */
  windows: number;
  /** Learned labels (L). */
  labels: number;
  /** (W) token ids, special ones included. */
  ids: readonly Int32Array[];
  /** (W) tokens. */
  lengths: Int32Array;
  /** (W) the row that a window comes from. */
  row: Int32Array;
  /** (W, 2) where it lies in its row's text, in code points. */
  spans: Int32Array;
  /** (W, L) 0 to 1. */
  target: Float32Array;
  /** (W, L) weight in the loss, 0 where the label is unknown; a text's windows share its weight. */
  weight: Float32Array;
  /** (W) weight of the window: what a loss is divided by. */
  windowWeight: Float32Array;
}

/** Some windows side by side, with their targets. */
export interface TrainingBatch {
  batch: EncoderBatch;
  /** (N, L) */
  target: Float32Array;
  weight: Float32Array;
  /** Tokens that are no padding. */
  tokens: number;
}

/**
 * Windows of the rows, at most `windowsPerText` of a text, spread evenly over it.
 * @param targets of the rows, in their order
 */
export function trainingSet(
  rows: readonly Row[],
  targets: Targets,
  labels: number,
  tokenizer: EncoderTokenizer,
  { maxTokens, windowsPerText }: { maxTokens: number; windowsPerText: number },
): TrainingSet {
  const capacity = windowCapacity(tokenizer, maxTokens);
  const taken: { row: number; encoded: EncodedText; window: Window; share: number }[] = [];
  rows.forEach(({ example }, row) => {
    const encoded = tokenizer.encode(example.text);
    const windows = spreadWindows(cutWindows(encoded.ids.length, capacity), windowsPerText);
    for (const window of windows) taken.push({ row, encoded, window, share: 1 / windows.length });
  });
  const { length } = taken;
  const spans = new Int32Array(length * 2);
  const target = new Float32Array(length * labels);
  const weight = new Float32Array(length * labels);
  const ids = taken.map(({ row, encoded, window, share }, w) => {
    const { start, end } = windowSpan(encoded, window);
    spans.set([start, end], w * 2);
    target.set(targets.target.subarray(row * labels, (row + 1) * labels), w * labels);
    for (let l = 0; l < labels; l++) weight[w * labels + l] = targets.weight[row * labels + l]! * share;
    return windowIds(encoded, window, tokenizer);
  });
  return {
    windows: length,
    labels,
    ids,
    lengths: Int32Array.from(ids, (row) => row.length),
    row: Int32Array.from(taken, ({ row }) => row),
    spans,
    target,
    weight,
    windowWeight: Float32Array.from(taken, ({ row, share }) => targets.rowWeight[row]! * share),
  };
}

/** Some windows of a set, cut in batches of at most `microTokens` padded tokens, the shortest first. */
export function microBatches(
  set: TrainingSet,
  windows: Int32Array,
  { microTokens, padId, maxTokens }: { microTokens: number; padId: number; maxTokens: number },
): TrainingBatch[] {
  const lengths = windows.map((w) => set.lengths[w]!);
  return packBatches(lengths, { budget: microTokens, maxLength: maxTokens }).map(({ rows, length }) => {
    const chosen = rows.map((r) => windows[r]!);
    const { ids, mask } = padRows(
      Array.from(chosen, (w) => set.ids[w]!),
      length,
      padId,
    );
    return {
      batch: { rows: chosen.length, tokens: length, ids, mask },
      target: gather(set.target, chosen, set.labels),
      weight: gather(set.weight, chosen, set.labels),
      tokens: chosen.reduce((sum, w) => sum + set.lengths[w]!, 0),
    };
  });
}

/** Sum of the weights of some windows. */
export function weightOf(set: TrainingSet, windows: Int32Array): number {
  return windows.reduce((sum, w) => sum + set.windowWeight[w]!, 0);
}

function gather(values: Float32Array, rows: Int32Array, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => out.set(values.subarray(row * width, (row + 1) * width), i * width));
  return out;
}
