// An encoder of words as a graph that takes raw strings, so that the file needs no preprocessing code in any language.
//
//   text (N) string → logits (N, L) float, probabilities (N, L) float: of each label the highest window
//
// It computes what EncoderScorer computes: the tokens and hashes of token-stream.ts, the ids of WordVocabulary, windows of maxTokens that
// overlap by a quarter, and the labels that follow by a rule. All windows go through the network at once: callers bound the memory by the
// texts that they pass. U+0000 ends a string of onnxruntime: callers replace it by a space first.
import type { EncoderConfig } from "#models/encoder/config";
import { tokenHash } from "#models/encoder/rule-words";
import type { Tensors } from "#models/encoder/tensors";
import type { EncoderArchitecture } from "#models/manifest";
import { ENCODER_OPSETS, OUTPUT_LOGITS, OUTPUT_PROBABILITIES, networkLogits } from "./encoder-onnx.ts";
import { ATTENTION_MASK, type GraphPrecision, INPUT_IDS, NetworkGraph } from "./network-graph.ts";

export const INPUT_TEXT = "text";

export interface TextGraphModel {
  config: EncoderConfig;
  tensors: Tensors;
  /** (L), those that follow by a rule included; the others are the classifier's rows, in this order. */
  labels: readonly string[];
  rules: EncoderArchitecture["rules"];
  /** Hashes of the words of ids 1…n, int32. */
  vocabulary: { hashes: Int32Array; oovBuckets: number };
  maxTokens: number;
}

const ML = { domain: "ai.onnx.ml" };
const INT64 = 7;
const BOOL = 9;
const TOKEN = "[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]";
/** A logit whose sigmoid is 0 in float32. */
const NEVER = -1e4;

/** @returns the bytes of a `.onnx` file; the same model gives the same bytes. */
export function encoderTextOnnx(
  model: TextGraphModel,
  options: { precision?: GraphPrecision; name?: string; version?: string; metadata?: Record<string, string> } = {},
): Uint8Array {
  const net = new NetworkGraph(model.tensors, options.precision ?? "fp32", "fused");
  const { g } = net;
  const { hashes, isToken } = hashTokens(net);
  const windows = cutWindows(net, model.maxTokens, isToken);

  const ids = wordIds(net, model.vocabulary, hashes, isToken);
  g.op("Reshape", [windows.of(ids), windows.flat], {}, { output: INPUT_IDS });
  g.op("Reshape", [windows.of(isToken), windows.flat], {}, { output: ATTENTION_MASK });
  const outputs = model.labels.filter((label) => !Object.hasOwn(model.rules, label));
  const byWindow = g.op("Reshape", [
    networkLogits(net, model.config),
    net.concat([windows.rows, windows.count, g.int64([outputs.length])], 0),
  ]);
  const labelled = applyRules(net, model, byWindow, outputs, (words) => windows.of(isOneOf(net, words, hashes, isToken)));
  const counted = g.op("Where", [g.op("Unsqueeze", [windows.valid, g.int64([2])]), labelled, g.float(NEVER)]);
  const highest = g.op("ReduceMax", [counted], { axes: { ints: [1] }, keepdims: { int: 0 } });
  // The last row is none of the caller's.
  g.op("Slice", [highest, g.int64([0]), g.int64([-1]), g.int64([0])], {}, { output: OUTPUT_LOGITS });
  g.op("Sigmoid", [OUTPUT_LOGITS], {}, { output: OUTPUT_PROBABILITIES });

  const output = (name: string) => ({ name, type: "float" as const, shape: ["N", model.labels.length] });
  return g.build([{ name: INPUT_TEXT, type: "string", shape: ["N"] }], [output(OUTPUT_LOGITS), output(OUTPUT_PROBABILITIES)], {
    name: options.name ?? "encoder",
    producerVersion: options.version ?? "",
    doc: "Cordon encoder: raw strings in; per label the calibrated logit and probability of the highest-scoring window out.",
    opsets: { ...ENCODER_OPSETS, "ai.onnx.ml": 2 },
    irVersion: 8,
    metadata: { labels: JSON.stringify(model.labels), ...options.metadata },
  });
}

/** Hashes (N + 1, T) of tokens, int64 in [0, 2^32), and 1 where there is a token. */
function hashTokens(net: NetworkGraph): { hashes: string; isToken: string } {
  const { g } = net;
  const lower = g.op("StringNormalizer", [INPUT_TEXT], {
    case_change_action: { string: "LOWER" },
    is_case_sensitive: { int: 1 },
    locale: { string: "C" },
  });
  // The Tokenizer drops a dimension where no text has a token, so one more text has one.
  const one = g.op("Reshape", [g.string("x"), g.int64([1])]);
  const tokens = net.contrib("Tokenizer", [net.concat([lower, one], 0)], {
    tokenexp: { string: TOKEN },
    mark: { int: 0 },
    pad_value: { string: "" },
    mincharnum: { int: 1 },
  });
  const hashes = net.cast(net.contrib("MurmurHash3", [tokens], { positive: { int: 1 }, seed: { int: 0 } }), INT64);
  // Equal takes no strings in this operator set.
  const isToken = g.op(
    "LabelEncoder",
    [tokens],
    { keys_strings: { strings: [""] }, values_int64s: { ints: [0] }, default_int64: { int: 1 } },
    ML,
  );
  return { hashes, isToken };
}

/** Ids of words, their bucket's where they are not in the vocabulary, 0 where there is no token. */
function wordIds(net: NetworkGraph, { hashes, oovBuckets }: TextGraphModel["vocabulary"], hashed: string, isToken: string): string {
  const { g } = net;
  const known = lookUp(
    net,
    hashed,
    Array.from(hashes, (hash) => hash >>> 0),
    (i) => i + 1,
    -1,
  );
  const bucket = g.op("Add", [g.op("Mod", [hashed, g.int64(oovBuckets)]), g.int64(1 + hashes.length)]);
  const ids = g.op("Where", [g.op("Less", [known, g.int64(0)]), bucket, known]);
  return g.op("Mul", [ids, isToken]);
}

/** 1 where a token is one of the words. */
function isOneOf(net: NetworkGraph, words: readonly string[], hashed: string, isToken: string): string {
  const keys = [...new Set(words.map((word) => tokenHash(word) >>> 0))];
  return net.g.op("Mul", [lookUp(net, hashed, keys, () => 1, 0), isToken]);
}

function lookUp(net: NetworkGraph, hashed: string, keys: number[], value: (i: number) => number, other: number): string {
  return net.g.op(
    "LabelEncoder",
    [hashed],
    { keys_int64s: { ints: keys }, values_int64s: { ints: keys.map((_, i) => value(i)) }, default_int64: { int: other } },
    ML,
  );
}

interface GraphWindows {
  /** int64 [1] each: texts, windows of the longest. */
  rows: string;
  count: string;
  /** int64 [2], the shape (texts · windows, tokens). */
  flat: string;
  /** (N, K) bool: whether a text has so many windows; the first counts always. */
  valid: string;
  /** (N, T) int64 → (N, K, tokens), 0 behind the end. */
  of(tensor: string): string;
}

function cutWindows(net: NetworkGraph, capacity: number, isToken: string): GraphWindows {
  const { g } = net;
  const step = capacity - Math.floor(capacity / 4);
  const shape = g.op("Shape", [isToken]);
  const rows = net.slice(shape, 0, 0, 1);
  const tokens = net.slice(shape, 0, 1, 2);
  const width = g.op("Min", [tokens, g.int64([capacity])]);
  const beyond = g.op("Max", [g.op("Sub", [tokens, g.int64([capacity])]), g.int64([0])]);
  const count = g.op("Add", [g.op("Div", [g.op("Add", [beyond, g.int64([step - 1])]), g.int64([step])]), g.int64([1])]);

  const range = (size: string) => g.op("Range", [g.int64(0), g.op("Squeeze", [size, g.int64([0])]), g.int64(1)]);
  const indices = range(count);
  const starts = g.op("Mul", [indices, g.int64(step)]);
  const places = g.op("Reshape", [g.op("Add", [g.op("Unsqueeze", [starts, g.int64([1])]), range(width)]), g.int64([-1])]);
  const end = g.op("Add", [g.op("Mul", [g.op("Sub", [count, g.int64([1])]), g.int64([step])]), width]);
  const pads = net.concat([g.int64([0, 0, 0]), g.op("Max", [g.op("Sub", [end, tokens]), g.int64([0])])], 0);

  // A window counts where the one before it does not reach the text's end.
  const length = g.op("ReduceSum", [isToken, g.int64([1])], { keepdims: { int: 1 } });
  const reached = g.op("Add", [starts, g.int64(capacity - step)]);
  const isFirst = g.op("Equal", [indices, g.int64(0)]);
  return {
    rows,
    count,
    flat: net.concat([g.int64([-1]), width], 0),
    valid: g.op("Or", [g.op("Greater", [length, reached]), isFirst]),
    of: (tensor) => {
      const picked = g.op("Gather", [g.op("Pad", [tensor, pads, g.int64(0)]), places], { axis: { int: 1 } });
      return g.op("Reshape", [picked, net.concat([rows, count, width], 0)]);
    },
  };
}

/** Logits by window of all labels (N, K, L) from those of the network's outputs; a label that follows has its own only beside its words. */
function applyRules(
  net: NetworkGraph,
  { labels, rules }: TextGraphModel,
  logits: string,
  outputs: readonly string[],
  wordsIn: (words: readonly string[]) => string,
): string {
  if (outputs.length === labels.length) return logits;
  const { g } = net;
  const column = (label: string) => net.slice(logits, 2, outputs.indexOf(label), outputs.indexOf(label) + 1);
  const columns = labels.map((label) => {
    const rule = rules[label];
    if (rule === undefined) return column(label);
    const present = g.op("ReduceMax", [wordsIn(rule.words)], { axes: { ints: [2] }, keepdims: { int: 1 } });
    return g.op("Where", [net.cast(present, BOOL), column(rule.of), g.float(NEVER)]);
  });
  return net.concat(columns, 2);
}
