// What a graph knows of its batch: the shape (N, T) and the masks, made once from `attention_mask` and shared by all layers.
import { ATTENTION_MASK, type NetworkGraph } from "./network-graph.ts";

/**
 * What is added to the score of a key that is not to be seen. Its exponential is 0 in float32 also after the score's scale, it fits in
 * 16 bits, and a row that is all masked stays finite: it attends evenly.
 */
const MASKED = -30000;

const FLOAT = 1;
const BOOL = 9;

export class TokenMasks {
  readonly #net: NetworkGraph;
  /** int64 [N, T]. */
  readonly shape: string;
  readonly rows: string;
  readonly tokens: string;
  /** (N, T) float32, 1 for a token. */
  readonly present: string;
  #padding: string | undefined;
  readonly #local = new Map<string, string>();
  readonly #folded = new Map<string, string>();

  /** @param mask the name of an int64 tensor (N, T), 1 for a token */
  constructor(net: NetworkGraph, mask: string = ATTENTION_MASK) {
    this.#net = net;
    const { g } = net;
    this.shape = g.op("Shape", [mask]);
    this.rows = net.slice(this.shape, 0, 0, 1);
    this.tokens = net.slice(this.shape, 0, 1, 2);
    this.present = net.cast(mask, FLOAT);
  }

  /** Reshapes rows (N·T, width) to (N, T, width). */
  byText(x: string, width: number): string {
    return this.#net.g.op("Reshape", [x, this.#net.concat([this.shape, this.#net.g.int64([width])], 0)]);
  }

  /** (N, T) in the network's type: 0 for a token, MASKED for padding. */
  get padding(): string {
    const { g } = this.#net;
    this.#padding ??= this.#net.fromFloat(g.op("Mul", [g.op("Sub", [g.float(1), this.present]), g.float(MASKED)]));
    return this.#padding;
  }

  /** (N, 1, 1, T), to be added to scores. */
  get additive(): string {
    return this.#kept("additive", () => this.#net.g.op("Unsqueeze", [this.padding, this.#net.g.int64([1, 2])]));
  }

  /** (N, 1, T, T), to be added to scores: padding, and what is further away than `reach`, is masked. */
  local(reach: number): string {
    return this.#kept(`local_${reach}`, () => {
      const { g } = this.#net;
      const count = g.op("Squeeze", [this.tokens, g.int64([0])]);
      const places = g.op("Range", [g.int64(0), count, g.int64(1)]);
      const distance = g.op("Abs", [g.op("Sub", [g.op("Unsqueeze", [places, g.int64([1])]), g.op("Unsqueeze", [places, g.int64([0])])])]);
      const near = g.op("LessOrEqual", [distance, g.int64(reach)]);
      const token = g.op("Unsqueeze", [this.#net.cast(this.present, BOOL), g.int64([1, 2])]);
      return g.op("Where", [g.op("And", [near, token]), this.#net.scalar(0), this.#net.scalar(MASKED)]);
    });
  }

  /** (N·T, heads · size): padding's mask in column `at` of each head, 0 elsewhere. */
  folded(heads: number, size: number, at: number): string {
    const key = `${heads}_${size}_${at}`;
    const known = this.#folded.get(key);
    if (known !== undefined) return known;
    const { g } = this.#net;
    const marks = Float32Array.from({ length: heads * size }, (_, i) => (i % size === at ? 1 : 0));
    const columns = g.op("Reshape", [this.padding, g.int64([-1, 1])]);
    const made = g.op("Mul", [columns, this.#net.values(`mask_columns_${key}`, marks, [heads * size])]);
    this.#folded.set(key, made);
    return made;
  }

  #kept(key: string, make: () => string): string {
    const made = this.#local.get(key) ?? make();
    this.#local.set(key, made);
    return made;
  }
}
