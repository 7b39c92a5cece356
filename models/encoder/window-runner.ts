// Runs an encoder's graph over windows: sorted by length, in batches of like length, with as little copying as there can be.
import { CordonError } from "#models/errors";
import type { Provider } from "#models/manifest";
import { type Batch, type BatchLimits, packBatches } from "./batches.ts";
import { ATTENTION_MASK, INPUT_IDS } from "./onnx/network-graph.ts";
import { OUTPUT_PROBABILITIES } from "./onnx/encoder-onnx.ts";
import { SyncSession, type SessionOptions } from "./session.ts";
import type { EncodedText, EncoderTokenizer } from "./tokenizer.ts";

/** Tokens [from, to) of a text; special tokens come to them. */
export interface TextWindow {
  encoded: EncodedText;
  from: number;
  to: number;
}

/**
 * Batches as large as a CPU's caches hold, or as a GPU's cores need. What a batch costs beside its tokens was measured on a CPU with a
 * network of MiniLM's size; a GPU starts a program for each operator.
 */
const LIMITS: Record<Provider, BatchLimits> = {
  cpu: { budget: 1024, overhead: 20, multiple: 1 },
  webgpu: { budget: 16384, overhead: 2048 },
  cuda: { budget: 16384, overhead: 2048 },
};

export interface RunnerOptions extends SessionOptions {
  /** Tokens that the network takes at once; nothing is padded beyond them. */
  positions: number;
  /** L, what the graph gives of a window. */
  outputs: number;
}

export class WindowRunner {
  readonly #session: SyncSession;
  readonly #tokenizer: EncoderTokenizer;
  readonly #limits: BatchLimits;
  readonly #outputs: number;
  readonly #path: string;
  #ids = new BigInt64Array(0);
  #mask = new BigInt64Array(0);

  /** @throws CordonError as SyncSession.open */
  constructor(path: string, tokenizer: EncoderTokenizer, options: RunnerOptions) {
    this.#session = SyncSession.open(path, options, [OUTPUT_PROBABILITIES]);
    this.#tokenizer = tokenizer;
    this.#limits = { ...LIMITS[options.provider ?? "cpu"], maxLength: options.positions };
    this.#outputs = options.outputs;
    this.#path = path;
  }

  /** (windows, L) probabilities, in the order of `windows`. */
  run(windows: readonly TextWindow[]): Float32Array {
    const { prefix, suffix } = this.#tokenizer;
    const special = prefix.length + suffix.length;
    const lengths = Int32Array.from(windows, ({ from, to }) => to - from + special);
    const results = new Float32Array(windows.length * this.#outputs);
    for (const batch of packBatches(lengths, this.#limits)) {
      const probabilities = this.#runBatch(windows, batch);
      batch.rows.forEach((row, i) => {
        for (let label = 0; label < this.#outputs; label++)
          results[row * this.#outputs + label] = probabilities[i * this.#outputs + label]!;
      });
    }
    return results;
  }

  close(): void {
    this.#session.close();
  }

  #runBatch(windows: readonly TextWindow[], { rows, length }: Batch): Float32Array {
    const size = rows.length * length;
    if (this.#ids.length < size) {
      this.#ids = new BigInt64Array(size);
      this.#mask = new BigInt64Array(size);
    }
    this.#fill(windows, rows, length);
    const dims = [rows.length, length];
    const feeds = {
      [INPUT_IDS]: this.#session.int64(this.#ids.subarray(0, size), dims),
      [ATTENTION_MASK]: this.#session.int64(this.#mask.subarray(0, size), dims),
    };
    const output = this.#session.run(feeds)[OUTPUT_PROBABILITIES]!;
    const values = output.data as Float32Array;
    if (values.length !== rows.length * this.#outputs) {
      throw new CordonError("model/damaged", `the graph gives ${output.dims[1]} outputs, and the package names ${this.#outputs} labels`, {
        where: this.#path,
        hint: "train or copy it again",
      });
    }
    return values;
  }

  /** Writes the lower halves of 64-bit numbers; the upper ones are always 0. */
  #fill(windows: readonly TextWindow[], rows: Int32Array, length: number): void {
    const { prefix, suffix, padId } = this.#tokenizer;
    const ids = new Int32Array(this.#ids.buffer);
    const mask = new Int32Array(this.#mask.buffer);
    for (let r = 0; r < rows.length; r++) {
      const { encoded, from, to } = windows[rows[r]!]!;
      const source = encoded.ids;
      let at = r * length * 2;
      const end = at + length * 2;
      for (const id of prefix) at = put(ids, mask, at, id, 1);
      for (let t = from; t < to; t++) {
        ids[at] = source[t]!;
        mask[at] = 1;
        at += 2;
      }
      for (const id of suffix) at = put(ids, mask, at, id, 1);
      while (at < end) at = put(ids, mask, at, padId, 0);
    }
  }
}

function put(ids: Int32Array, mask: Int32Array, at: number, id: number, present: 0 | 1): number {
  ids[at] = id;
  mask[at] = present;
  return at + 2;
}
