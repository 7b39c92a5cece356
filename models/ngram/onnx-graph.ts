// The n-gram model as an ONNX graph of stock onnxruntime operators: raw strings in, a probability per label out, so that
// the exported file needs no preprocessing code in any language. It computes what scorer.ts computes: tokens and hashes
// as token-stream.ts, buckets as features.ts in int64, blocks of 128 tokens summed exactly in int32, windows of two
// blocks, and of each label the highest window. Shapes: N texts, T tokens, B blocks, L labels, C = L + 1 columns.
//
//   text (N) string → probabilities (N, L) float
import { GraphBuilder, type DataType } from "#models/onnx/graph";
import { BLOCK_TOKENS } from "#models/text/token-stream";
import { BEFORE_FIRST, MAX_TOKEN_CHARACTERS, MULTIPLIER } from "./features.ts";
import type { NgramModel } from "./model.ts";

export const ONNX_INPUT = "text";
export const ONNX_OUTPUT = "probabilities";
/** Initializers that hold the model itself. */
export const ONNX_WEIGHTS = { table: "table", slope: "slope", intercept: "intercept" } as const;

const OPSETS = { "": 20, "com.microsoft": 1 };
const TWO_32 = 2 ** 32;
const TOKEN = "[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]";
/** A logit whose sigmoid is 0 in float32. */
const NEVER = -1e4;
const CODE: Record<"float" | "int32" | "int64" | "bool", number> = { float: 1, int32: 6, int64: 7, bool: 9 };

export interface OnnxInfo {
  name: string;
  version: string;
  metadata: Record<string, string>;
}

/** @returns the bytes of a `.onnx` file; the same model gives the same bytes. */
export function ngramOnnx(model: NgramModel, info: OnnxInfo): Uint8Array {
  const graph = new NgramGraph(model);
  graph.build();
  return graph.g.build(
    [{ name: ONNX_INPUT, type: "string", shape: ["N"] }],
    [{ name: ONNX_OUTPUT, type: "float", shape: ["N", model.labels.length] }],
    {
      name: info.name,
      producerVersion: info.version,
      doc: "Cordon n-gram classifier: raw strings in; per label the calibrated probability of the highest-scoring window out.",
      opsets: OPSETS,
      metadata: info.metadata,
    },
  );
}

class NgramGraph {
  readonly g = new GraphBuilder();
  readonly #model: NgramModel;
  readonly #buckets: number;
  readonly #labels: number;

  constructor(model: NgramModel) {
    this.#model = model;
    this.#buckets = 2 ** model.features.bits;
    this.#labels = model.labels.length;
  }

  build(): void {
    const { g } = this;
    // One zero row more than there are buckets: padding points to it.
    const table = new Int16Array((this.#buckets + 1) * (this.#labels + 1));
    table.set(this.#model.table);
    g.tensor(ONNX_WEIGHTS.table, table, [this.#buckets + 1, this.#labels + 1]);
    g.tensor(ONNX_WEIGHTS.slope, this.#model.slope, [this.#labels]);
    g.tensor(ONNX_WEIGHTS.intercept, this.#model.intercept, [this.#labels]);

    const lower = g.op("StringNormalizer", [ONNX_INPUT], {
      case_change_action: { string: "LOWER" },
      is_case_sensitive: { int: 1 },
      locale: { string: "C" },
    });
    const tokens = this.#tokenize(lower, TOKEN);
    const isToken = this.#padTokens(this.#isText(tokens));
    const lists = this.#wordBuckets(tokens, isToken);
    if (this.#model.features.charNgrams !== null) lists.push(...this.#characterBuckets(lower, isToken));
    const logits = this.#windowLogits(this.#sumBlocks(lists), this.#blocked(isToken));
    g.op("Sigmoid", [logits], {}, { output: ONNX_OUTPUT });
  }

  /** Token and token-pair buckets: two lists (N, B·128), the zero row where there is no token. */
  #wordBuckets(tokens: string, isToken: string): string[] {
    const { g } = this;
    const hashes = this.#padTokens(this.#hash(tokens));
    const rows = this.#slice(g.op("Shape", [hashes]), 0, 0, 1);
    const before = g.op("Expand", [g.int64(BEFORE_FIRST), this.#concat([rows, g.int64([1])], 0)]);
    const previous = this.#concat([before, this.#slice(hashes, 1, 0, -1)], 1);
    return [hashes, this.#fold(previous, hashes)].map((x) => this.#where(isToken, this.#bucket(x), g.int64(this.#buckets)));
  }

  /** Buckets of the character n-grams of every token: lists (N, B·128, positions), the zero row where there is none. */
  #characterBuckets(lower: string, isToken: string): string[] {
    const { g } = this;
    const { min, max } = this.#model.features.charNgrams!;
    // The Tokenizer drops a dimension where no text has a token, so each gets one more here, cut off again below.
    const tokens = this.#tokenize(g.op("StringConcat", [lower, g.string(" x")]), TOKEN);
    // Only a token's first characters: the first of its pieces.
    const pieces = this.#tokenize(tokens, `(?s).{1,${MAX_TOKEN_CHARACTERS}}`);
    const heads = g.op("Reshape", [this.#slice(pieces, 2, 0, 1), g.op("Shape", [tokens])]);
    const characters = this.#tokenize(heads, "(?s).", true);
    const aligned = (t: string) => this.#padTokens(this.#slice(this.#padCharacters(t, max), 1, 0, -1));
    const isReal = g.op("Mul", [aligned(this.#isText(characters)), g.op("Unsqueeze", [isToken, g.int64([2])])]);
    const hashes = aligned(this.#hash(characters));
    const lists: string[] = [];
    let x = g.int64(0);
    for (let n = 1; n <= max; n++) {
      // Position i of `shifted` is character i + n - 1; max - 1 characters of padding follow the last.
      const shifted = (t: string) => this.#slice(t, 2, n - 1, n - max === 0 ? Number.MAX_SAFE_INTEGER : n - max);
      x = this.#fold(x, shifted(hashes));
      if (n >= min) lists.push(this.#where(shifted(isReal), this.#bucket(x), g.int64(this.#buckets)));
    }
    return lists;
  }

  /** Bucket lists → sums of the table's rows by block, (N, B, C) int32. A block at a time, which bounds the memory. */
  #sumBlocks(lists: string[]): string {
    const { g } = this;
    const blocked = lists.map((list) => this.#blocked(list));
    const body = new GraphBuilder("block_");
    const inputs = blocked.map((_, i) => ({ name: `block_list${i}`, type: "int64" as DataType, shape: ["N", `K${i}`] }));
    const all =
      inputs.length === 1
        ? inputs[0]!.name
        : body.op(
            "Concat",
            inputs.map((i) => i.name),
            { axis: { int: 1 } },
          );
    const gathered = body.op("Cast", [body.op("Gather", [ONNX_WEIGHTS.table, all], { axis: { int: 0 } })], { to: { int: CODE.int32 } });
    body.op("ReduceSum", [gathered, body.int64([1])], { keepdims: { int: 0 } }, { output: "block_sums" });
    return g.op("Scan", blocked, {
      body: {
        graph: { builder: body, name: "block", inputs, outputs: [{ name: "block_sums", type: "int32", shape: ["N", this.#labels + 1] }] },
      },
      num_scan_inputs: { int: blocked.length },
      scan_input_axes: { ints: blocked.map(() => 1) },
      scan_output_axes: { ints: [1] },
    });
  }

  /** Block sums (N, B, C) and token marks (N, B, 128) → the highest window's logit per label, (N, L). */
  #windowLogits(sums: string, isToken: string): string {
    const { g } = this;
    const labels = this.#labels;
    const end = Number.MAX_SAFE_INTEGER;
    // A window is a block and the next; after the last comes an empty one.
    const padded = g.op("Pad", [sums, g.int64([0, 0, 0, 0, 1, 0]), g.tensor("i32_zero", Int32Array.of(0), [])]);
    const window = g.op("Add", [sums, this.#slice(padded, 1, 1, end)]);
    const norm = g.op("Sqrt", [g.op("Max", [this.#cast(this.#slice(window, 2, labels, labels + 1), "float"), g.float(1)])]);
    const weights = this.#cast(this.#slice(window, 2, 0, labels), "float");
    const scaled = g.op("Div", [g.op("Mul", [weights, ONNX_WEIGHTS.slope]), norm]);
    const logits = this.#applyRules(g.op("Add", [scaled, ONNX_WEIGHTS.intercept]), weights);

    // The first window counts always, another where its second block holds a token.
    const tokens = g.op("ReduceSum", [isToken, g.int64([2])], { keepdims: { int: 1 } });
    const second = g.op("Pad", [this.#slice(tokens, 1, 1, end), g.int64([0, 0, 0, 0, 1, 0]), g.int64(0)]);
    const firstWindow = g.op("Pad", [
      this.#slice(g.op("Add", [g.op("Mul", [second, g.int64(0)]), g.int64(1)]), 1, 0, 1),
      this.#tail(second),
      g.int64(0),
    ]);
    const counts = this.#cast(g.op("Add", [second, firstWindow]), "bool");
    return g.op("ReduceMax", [g.op("Where", [counts, logits, g.float(NEVER)]), g.int64([1])], { keepdims: { int: 0 } });
  }

  /** Pads for a (N, 1, 1) tensor up to the (N, B, 1) of `like`. */
  #tail(like: string): string {
    const { g } = this;
    const missing = g.op("Sub", [this.#slice(g.op("Shape", [like]), 0, 1, 2), g.int64([1])]);
    return this.#concat([g.int64([0, 0, 0, 0]), missing, g.int64([0])], 0);
  }

  /** Gives labels that follow from another their logits (NgramModel.rules). */
  #applyRules(logits: string, weights: string): string {
    const { g } = this;
    const column = (tensor: string, label: number) => this.#slice(tensor, 2, label, label + 1);
    if (Object.keys(this.#model.rules).length === 0) return logits;
    const columns = this.#model.labels.map((label, index) => {
      const rule = this.#model.rules[label];
      if (rule === undefined) return column(logits, index);
      const present = this.#cast(column(weights, index), "bool");
      return g.op("Where", [present, column(logits, this.#model.labels.indexOf(rule.of)), g.float(NEVER)]);
    });
    return this.#concat(columns, 2);
  }

  #tokenize(text: string, expression: string, mark = false): string {
    const attributes = { tokenexp: { string: expression }, mark: { int: mark ? 1 : 0 }, pad_value: { string: "" }, mincharnum: { int: 1 } };
    return this.g.op("Tokenizer", [text], attributes, { domain: "com.microsoft" });
  }

  /** MurmurHash3 of strings, as int64 in [0, 2^32). */
  #hash(strings: string): string {
    const hashed = this.g.op("MurmurHash3", [strings], { positive: { int: 1 }, seed: { int: 0 } }, { domain: "com.microsoft" });
    return this.#cast(hashed, "int64");
  }

  /** 1 where a string is not padding, as int64. */
  #isText(strings: string): string {
    const { g } = this;
    return this.#cast(g.op("Not", [g.op("Equal", [strings, g.string("")])]), "int64");
  }

  /** (x·MULTIPLIER + hash) mod 2^32 */
  #fold(x: string, hashed: string): string {
    const { g } = this;
    return g.op("Mod", [g.op("Add", [g.op("Mul", [x, g.int64(MULTIPLIER)]), hashed]), g.int64(TWO_32)]);
  }

  #bucket(x: string): string {
    return this.g.op("Div", [x, this.g.int64(2 ** (32 - this.#model.features.bits))]);
  }

  #where(condition: string, yes: string, no: string): string {
    return this.g.op("Where", [this.#cast(condition, "bool"), yes, no]);
  }

  /** Pads axis 1 with zeros to a multiple of the block, at least one block. */
  #padTokens(tensor: string): string {
    const { g } = this;
    const shape = g.op("Shape", [tensor]);
    const length = this.#slice(shape, 0, 1, 2);
    const blocks = g.op("Div", [g.op("Add", [g.op("Max", [length, g.int64([1])]), g.int64([BLOCK_TOKENS - 1])]), g.int64([BLOCK_TOKENS])]);
    const missing = g.op("Sub", [g.op("Mul", [blocks, g.int64([BLOCK_TOKENS])]), length]);
    const rank = g.op("Shape", [shape]);
    const zeros = (size: string) => g.op("Expand", [g.int64(0), size]);
    const before = zeros(rank);
    const after = zeros(g.op("Sub", [rank, g.int64([2])]));
    return g.op("Pad", [tensor, this.#concat([before, g.int64([0]), missing, after], 0), g.int64(0)]);
  }

  /** Pads axis 2 with max - 1 zeros. */
  #padCharacters(tensor: string, max: number): string {
    return this.g.op("Pad", [tensor, this.g.int64([0, 0, 0, 0, 0, max - 1]), this.g.int64(0)]);
  }

  /** (N, B·128, …) → (N, B, 128·…) */
  #blocked(tensor: string): string {
    const { g } = this;
    const shape = g.op("Shape", [tensor]);
    const blocks = g.op("Div", [this.#slice(shape, 0, 1, 2), g.int64([BLOCK_TOKENS])]);
    return g.op("Reshape", [tensor, this.#concat([this.#slice(shape, 0, 0, 1), blocks, g.int64([-1])], 0)]);
  }

  #slice(tensor: string, axis: number, start: number, end: number): string {
    const { g } = this;
    return g.op("Slice", [tensor, g.int64([start]), g.int64([end]), g.int64([axis])]);
  }

  #concat(tensors: string[], axis: number): string {
    return this.g.op("Concat", tensors, { axis: { int: axis } });
  }

  #cast(tensor: string, to: keyof typeof CODE): string {
    return this.g.op("Cast", [tensor], { to: { int: CODE[to] } });
  }
}
