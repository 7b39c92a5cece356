// Cordon's own small encoder as a graph: windows of w token vectors every s → their mean, maximum and minimum → projection and learned
// positions → BERT's layers over windows → the mean and the maximum over windows → two linear layers. A text of n tokens has as many windows as
// cover it, max(1, ⌈(n − w)/s⌉ + 1), whatever it is padded to; one without tokens has none, and its pooled vector is 0.
import { type PooledConfig, longestInput } from "#models/encoder/config";
import { pooledHead } from "./heads.ts";
import { ATTENTION_MASK, INPUT_IDS, type NetworkGraph } from "./network-graph.ts";
import { postNormLayer } from "./post-norm-layer.ts";
import { TokenMasks } from "./token-masks.ts";

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;

/** The name of the logits (N, L). */
export function pooledGraph(net: NetworkGraph, config: PooledConfig): string {
  const { g } = net;
  const { hidden_size: width, stride, window } = config;
  // Padding beyond the last position is cut off.
  const longest = longestInput(config);
  const mask = net.slice(ATTENTION_MASK, 1, 0, longest);
  const ids = net.slice(INPUT_IDS, 1, 0, longest);

  const length = g.op("ReduceSum", [mask, g.int64([1])], { keepdims: { int: 1 } });
  const windows = windowCount(net, config, ids);
  const count = g.op("Squeeze", [windows, g.int64([0])]);
  const indices = g.op("Range", [g.int64(0), count, g.int64(1)]);
  // Window k > 0 is one of the text's where the one before it does not reach the end.
  const reached = g.op("Add", [g.op("Mul", [indices, g.int64(stride)]), g.int64(window - stride)]);
  const longerThan = g.op("Mul", [reached, net.cast(g.op("Greater", [indices, g.int64(0)]), INT64)]);
  const valid = net.cast(g.op("Greater", [length, longerThan]), INT64);
  const masks = new TokenMasks(net, valid);

  const features = window === 1 ? tokenFeatures(net, config, ids, mask) : windowFeatures(net, config, ids, mask, windows);
  const projected = masks.byText(net.linear(features, net.layer("projection")), width);
  const { data, shape } = net.tensor("embeddings.position_embeddings.weight");
  const positions = net.slice(net.values("embeddings.position_embeddings.weight", data, shape), 0, 0, windows);
  let x = g.op("Reshape", [net.add(projected, positions), g.int64([-1, width])]);
  x = net.norm(x, "embeddings.LayerNorm", config.layer_norm_eps);
  for (let i = 0; i < config.num_hidden_layers; i++) x = postNormLayer(net, masks, x, `encoder.layer.${i}`, config);
  return pooledHead(net, masks, x, config);
}

/** int64 [K]: windows that cover the padded length, at least 1. */
function windowCount(net: NetworkGraph, { window, stride }: PooledConfig, ids: string): string {
  const { g } = net;
  const tokens = net.slice(g.op("Shape", [ids]), 0, 1, 2);
  const beyond = g.op("Max", [g.op("Sub", [tokens, g.int64([window])]), g.int64([0])]);
  return g.op("Add", [g.op("Div", [g.op("Add", [beyond, g.int64([stride - 1])]), g.int64([stride])]), g.int64([1])]);
}

/** (N·T, e): a window is a token, its features the token's vector; 0 for padding. */
function tokenFeatures(net: NetworkGraph, { embedding_size: e }: PooledConfig, ids: string, mask: string): string {
  const { g } = net;
  const present = net.fromFloat(net.cast(g.op("Unsqueeze", [mask, g.int64([2])]), FLOAT));
  return g.op("Reshape", [g.op("Mul", [net.embed("embeddings.word_embeddings.weight", ids), present]), g.int64([-1, e])]);
}

/** (N·K, 3e): mean, maximum and minimum over each window's tokens; 0 for a window without any. */
function windowFeatures(net: NetworkGraph, config: PooledConfig, ids: string, mask: string, windows: string): string {
  const { g } = net;
  const { embedding_size: e, window, stride } = config;
  const name = "embeddings.word_embeddings.weight";
  // Places (K·w) of the windows' tokens; what lies beyond the padded length is padding.
  const starts = g.op("Mul", [g.op("Range", [g.int64(0), g.op("Squeeze", [windows, g.int64([0])]), g.int64(1)]), g.int64(stride)]);
  const offsets = g.int64(Array.from({ length: window }, (_, i) => i));
  const places = g.op("Reshape", [g.op("Add", [g.op("Unsqueeze", [starts, g.int64([1])]), offsets]), g.int64([-1])]);
  const end = g.op("Add", [g.op("Mul", [windows, g.int64([stride])]), g.int64([window - stride])]);
  const missing = g.op("Sub", [end, net.slice(g.op("Shape", [ids]), 0, 1, 2)]);
  const inWindows = (tensor: string) => {
    const padded = g.op("Pad", [tensor, net.concat([g.int64([0, 0, 0]), g.op("Max", [missing, g.int64([0])])], 0), g.int64(0)]);
    return g.op("Reshape", [g.op("Gather", [padded, places], { axis: { int: 1 } }), g.int64([-1, window])]);
  };

  const x = net.embed(name, inWindows(ids));
  const present = net.cast(inWindows(mask), FLOAT);
  const tokens = g.op("ReduceSum", [present, g.int64([1])], { keepdims: { int: 1 } });
  const shares = net.fromFloat(g.op("Div", [present, g.op("Max", [tokens, g.float(1)])]));
  const mean = g.op("Squeeze", [g.op("MatMul", [g.op("Unsqueeze", [shares, g.int64([1])]), x]), g.int64([1])]);
  const token = g.op("Unsqueeze", [net.cast(present, BOOL), g.int64([2])]);
  const reduced = (type: "ReduceMax" | "ReduceMin", other: number) =>
    g.op(type, [g.op("Where", [token, x, net.scalar(other)])], { axes: { ints: [1] }, keepdims: { int: 0 } });
  const features = net.concat([mean, reduced("ReduceMax", -FAR), reduced("ReduceMin", FAR)], 1);
  return g.op("Reshape", [g.op("Where", [net.cast(tokens, BOOL), features, net.scalar(0)]), g.int64([-1, 3 * e])]);
}

/** Beyond any coordinate of a word's vector, and within fp16. */
const FAR = 60000;
