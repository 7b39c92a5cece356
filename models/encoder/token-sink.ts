// Collects the tokens of one text after the other in arrays that grow, so that encoding allocates only what it returns.

import type { EncodedText } from "./tokenizer.ts";

/** The first `count` entries of the arrays are the tokens so far; a writer reserves room and then writes and counts by itself. */
export class TokenSink {
  ids = new Int32Array(1024);
  start = new Int32Array(1024);
  end = new Int32Array(1024);
  count = 0;

  /** Makes room for `more` tokens. The arrays may be others afterwards. */
  reserve(more: number): void {
    if (this.count + more <= this.ids.length) return;
    const length = 2 ** Math.ceil(Math.log2(this.count + more));
    this.ids = grown(this.ids, length);
    this.start = grown(this.start, length);
    this.end = grown(this.end, length);
  }

  /** Copies of what was collected. */
  take(): EncodedText {
    const { ids, start, end, count } = this;
    return { ids: ids.slice(0, count), start: start.slice(0, count), end: end.slice(0, count) };
  }
}

function grown(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}
