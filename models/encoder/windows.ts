// A text longer than what an encoder takes at once is read in windows that overlap by a quarter and cover all of it: nothing is cut
// off, in training as in scoring.

import type { EncodedText, EncoderTokenizer } from "./tokenizer.ts";

/** Tokens [from, to) of a text. */
export interface Window {
  from: number;
  to: number;
}

/** Tokens of the text that a window has room for beside the special ones. */
export function windowCapacity(tokenizer: EncoderTokenizer, maxTokens: number): number {
  const capacity = maxTokens - tokenizer.prefix.length - tokenizer.suffix.length;
  if (capacity < 1) throw new Error(`windowCapacity: maxTokens ${maxTokens} has no room beside the special tokens`);
  return capacity;
}

/**
 * Windows of at most `capacity` tokens over `count` of them, in order: each but the last is full and begins three quarters of a
 * window after the one before. A text without tokens has one empty window.
 */
export function cutWindows(count: number, capacity: number): Window[] {
  const step = capacity - Math.floor(capacity / 4);
  const windows = [{ from: 0, to: Math.min(count, capacity) }];
  for (let from = step; windows.at(-1)!.to < count; from += step) windows.push({ from, to: Math.min(count, from + capacity) });
  return windows;
}

/** At most `most` of the windows, spread evenly, the first and the last among them: what training reads of a very long text. */
export function spreadWindows(windows: readonly Window[], most: number): Window[] {
  if (windows.length <= most) return [...windows];
  if (most === 1) return [windows[0]!];
  return Array.from({ length: most }, (_, i) => windows[Math.round((i * (windows.length - 1)) / (most - 1))]!);
}

/** The ids of a window as a network takes them, special tokens at its ends. */
export function windowIds(encoded: EncodedText, { from, to }: Window, { prefix, suffix }: EncoderTokenizer): Int32Array {
  const ids = new Int32Array(prefix.length + to - from + suffix.length);
  ids.set(prefix);
  ids.set(encoded.ids.subarray(from, to), prefix.length);
  ids.set(suffix, prefix.length + to - from);
  return ids;
}

/** Where a window lies in the text, in code points: from its first word's start to its last word's end; 0, 0 where it is empty. */
export function windowSpan(encoded: EncodedText, { from, to }: Window): { start: number; end: number } {
  return from === to ? { start: 0, end: 0 } : { start: encoded.start[from]!, end: encoded.end[to - 1]! };
}
