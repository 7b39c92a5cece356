// The first step of the from-scratch network, on the host: word vectors → windows of w tokens every s → their mean, maximum and
// minimum (3e numbers a window; with w = 1 the vector itself). Plain loops over the table's rows are as fast as any back end's gather, and
// what then goes to the device is small. The gradient of a maximum goes to the earliest of equal tokens.
//
// A row of n tokens has max(1, ⌈(n − w)/s⌉ + 1) windows, as many as cover it, whatever it is padded to; a row without tokens has none.
import type { EncoderBatch, GatheredRows } from "./network.ts";

export interface WindowShape {
  /** Tokens of a window. */
  readonly window: number;
  /** Tokens from the start of a window to the start of the next, at most `window`. */
  readonly stride: number;
}

/** Windows of a row of n tokens; 0 where it has none. */
export function windowsOf(tokens: number, { window, stride }: WindowShape): number {
  return tokens === 0 ? 0 : Math.max(1, Math.ceil((tokens - window) / stride) + 1);
}

/** K, the windows of a padded row: at least 1. */
export function paddedWindows(tokens: number, shape: WindowShape): number {
  return Math.max(1, windowsOf(tokens, shape));
}

/** (N, K), 1 for a window of the row, 0 for one that only padding makes. */
export function windowMask({ rows, tokens, mask }: EncoderBatch, shape: WindowShape): Uint8Array {
  const windows = paddedWindows(tokens, shape);
  const valid = new Uint8Array(rows * windows);
  for (let n = 0; n < rows; n++) valid.fill(1, n * windows, n * windows + windowsOf(lengthOf(mask, n, tokens), shape));
  return valid;
}

/** Columns of a window's features: 3e, or e where a window is one token. */
function featureWidth(width: number, { window }: WindowShape): number {
  return window === 1 ? width : 3 * width;
}

/** The windows' features (N·K, 3e | e) from the rows of `table` (V, e), and the way back for gradients. Windows without a token are 0. */
export function poolWindows(table: Float32Array, width: number, batch: EncoderBatch, shape: WindowShape): GatheredRows {
  const { rows, tokens, ids, mask } = batch;
  const windows = paddedWindows(tokens, shape);
  const columns = featureWidth(width, shape);
  const features = new Float32Array(rows * windows * columns);
  const highest = new Uint16Array(shape.window === 1 ? 0 : rows * windows * width);
  const lowest = new Uint16Array(highest.length);

  const each = (visit: (window: number, from: number, count: number) => void) => {
    for (let n = 0; n < rows; n++) {
      const length = lengthOf(mask, n, tokens);
      for (let k = 0; k < windowsOf(length, shape); k++) {
        const from = k * shape.stride;
        visit(n * windows + k, n * tokens + from, Math.min(shape.window, length - from));
      }
    }
  };

  each((window, from, count) => {
    const mean = window * columns;
    const first = ids[from]! * width;
    features.set(table.subarray(first, first + width), mean);
    if (shape.window === 1) return;
    const [max, min, picked] = [mean + width, mean + 2 * width, window * width];
    features.copyWithin(max, mean, max);
    features.copyWithin(min, mean, max);
    for (let j = 1; j < count; j++) {
      const row = ids[from + j]! * width;
      for (let c = 0; c < width; c++) {
        const value = table[row + c]!;
        features[mean + c]! += value;
        if (value > features[max + c]!) {
          features[max + c] = value;
          highest[picked + c] = j;
        } else if (value < features[min + c]!) {
          features[min + c] = value;
          lowest[picked + c] = j;
        }
      }
    }
    for (let c = 0; c < width; c++) features[mean + c]! /= count;
  });

  const touched = touchedIds(batch);
  const rowGradient = (gradient: Float32Array): Float32Array => {
    const position = new Map<number, number>();
    touched.forEach((id, u) => position.set(id, u));
    const place = Int32Array.from(ids, (id, i) => (mask[i] === 1 ? position.get(id)! * width : -1));
    const byRow = new Float32Array(touched.length * width);
    each((window, from, count) => {
      const mean = window * columns;
      for (let j = 0; j < count; j++) {
        const row = place[from + j]!;
        for (let c = 0; c < width; c++) byRow[row + c]! += gradient[mean + c]! / count;
      }
      if (shape.window === 1) return;
      const [max, min, picked] = [mean + width, mean + 2 * width, window * width];
      for (let c = 0; c < width; c++) {
        byRow[place[from + highest[picked + c]!]! + c]! += gradient[max + c]!;
        byRow[place[from + lowest[picked + c]!]! + c]! += gradient[min + c]!;
      }
    });
    return byRow;
  };
  return { ids: touched, features, shape: [rows * windows, columns], rowGradient };
}

function touchedIds({ ids, mask }: EncoderBatch): Int32Array {
  const present = new Set<number>();
  for (let i = 0; i < ids.length; i++) if (mask[i] === 1) present.add(ids[i]!);
  return Int32Array.from(present).sort();
}

function lengthOf(mask: Uint8Array, row: number, tokens: number): number {
  let length = 0;
  while (length < tokens && mask[row * tokens + length] === 1) length++;
  return length;
}
