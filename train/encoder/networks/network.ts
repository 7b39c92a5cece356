// What training needs of an encoder, whatever its architecture: its variables under Hugging Face's names, its logits, and the
// groups that its variables fall into for decay. `create-network.ts` makes one; `train/encoder/loss.ts` differentiates it.
import type { EncoderConfig } from "#models/encoder/config";
import type { Random } from "#models/random";
import type { Tensor, Variable } from "#train/tensor/tf";

/** Token ids of some windows, padded to one length. */
export interface EncoderBatch {
  /** N, at least 1. */
  readonly rows: number;
  /** T, the padded length. */
  readonly tokens: number;
  /** (N, T), row-major, specials included; what id stands for padding does not matter. */
  readonly ids: Int32Array;
  /** (N, T), 1 for a token, 0 for padding; a row's tokens come first. */
  readonly mask: Uint8Array;
}

/** Where dropout's masks come from; null in its place stands for evaluation, which drops nothing. */
export type DropoutSource = Random;

/**
 * A table of which a step touches few rows. It stays on the host: `gather` makes the network's input from it, and turns the gradient
 * of that input into one of the rows that were touched, so that neither the table nor its gradient is ever whole on a device.
 */
export interface SparseTable {
  /** Its canonical name; it is not among `variables`. */
  readonly name: string;
  /** (V, width), row-major. The optimiser writes into it. */
  readonly table: Float32Array;
  readonly width: number;
  gather(batch: EncoderBatch): GatheredRows;
}

export interface GatheredRows {
  /** (U), the ids that the batch's tokens have, ascending, each once. */
  readonly ids: Int32Array;
  /** The network's input, row-major. */
  readonly features: Float32Array;
  readonly shape: [number, number];
  /** (U, width), the gradient by row, from that by `features`. */
  rowGradient(featureGradient: Float32Array): Float32Array;
}

export interface EncoderNetwork {
  readonly config: EncoderConfig;
  readonly labels: readonly string[];
  /** All that is trained but `sparse`, by canonical name. */
  readonly variables: ReadonlyMap<string, Variable>;
  readonly sparse: SparseTable | null;
  /**
   * (N, L), before the sigmoid. A row without tokens gets finite logits.
   *
   * `features`: what `sparse.gather(batch)` gave, as a tensor (a variable, where it is to be differentiated); null: gathered here, and
   * for networks without a sparse table.
   * @throws Error where a row has more tokens than the network has positions.
   */
  logits(batch: EncoderBatch, features: Tensor | null, dropout: DropoutSource | null): Tensor;
  /** 0 for embeddings, 1…n for the layers, n + 1 for the head: layer-wise decay multiplies by rate^(n + 1 − depth). */
  depthOf(name: string): number;
  /** Whether weight decay applies: not to biases and norms. */
  decays(name: string): boolean;
  dispose(): void;
}

/**
 * The batch with its padding cut to `length` tokens, for networks whose positions end there; itself where it is no longer than that.
 * @throws Error where a token would be lost.
 */
export function cutTo(batch: EncoderBatch, length: number): EncoderBatch {
  const { rows, tokens } = batch;
  if (tokens <= length) return batch;
  const ids = new Int32Array(rows * length);
  const mask = new Uint8Array(rows * length);
  for (let n = 0; n < rows; n++) {
    const at = n * tokens;
    if (batch.mask[at + length] === 1) throw new Error(`cutTo: requires rows of at most ${length} tokens, got a longer one`);
    ids.set(batch.ids.subarray(at, at + length), n * length);
    mask.set(batch.mask.subarray(at, at + length), n * length);
  }
  return { rows, tokens: length, ids, mask };
}
