// Scaled dot-product attention (Vaswani et al. 2017, arXiv 1706.03762) over rows (N·T, d).
//
// Fused, it is onnxruntime's MultiHeadAttention, whose fast kernel (flash attention) takes no mask. So the mask of padding is folded
// into the product: each head gets eight more columns (eight, since GPU kernels want sizes divisible by it), of which the first is 1 in
// every query and the mask in the key; the others, and the weights that would make these columns, are 0. A score is then q·k + mask, at a third
// of the time. A mask that hangs on both places (local attention) is no such product and is handed over as a tensor.
import type { Tensor } from "#models/encoder/tensors";
import type { LinearLayer, NetworkGraph } from "./network-graph.ts";
import type { TokenMasks } from "./token-masks.ts";

/** Columns that a head gets for the mask. */
const MASK_COLUMNS = 8;

export interface RotaryTables {
  /** Names of initializers, (P, D/2). */
  cos: string;
  sin: string;
}

export interface AttentionInput {
  /** (N·T, d). */
  x: string;
  heads: number;
  query: LinearLayer;
  key: LinearLayer;
  value: LinearLayer;
  rotary?: RotaryTables;
  /** How many places away a query looks; all of the text without it. */
  reach?: number;
}

/** (N·T, d): the heads' results side by side, before the output layer. */
export function attention(net: NetworkGraph, masks: TokenMasks, input: AttentionInput): string {
  const { query, heads, reach } = input;
  const width = query.weight.shape[0]!;
  const attended =
    net.form === "plain" ? plain(net, masks, input) : reach === undefined ? folded(net, masks, input) : biased(net, masks, input, reach);
  return net.g.op("Reshape", [attended, net.g.int64([-1, (width / heads) * heads])]);
}

function folded(net: NetworkGraph, masks: TokenMasks, { x, heads, query, key, value, rotary }: AttentionInput): string {
  const width = query.weight.shape[0]!;
  const size = width / heads;
  const wide = size + MASK_COLUMNS;
  const one = Float32Array.from({ length: heads * wide }, (_, i) => (i % wide === size ? 1 : 0));
  const q = net.linear(x, widened(query, heads, wide, one));
  const k = net.add(net.linear(x, widened(key, heads, wide, null)), masks.folded(heads, wide, size));
  const v = masks.byText(net.linear(x, value), width);
  const placed = [q, k].map((part) => rotated(net, masks.byText(part, heads * wide), heads, size, rotary));
  return multiHead(net, [...placed, v], heads, size);
}

function biased(net: NetworkGraph, masks: TokenMasks, { x, heads, query, key, value, rotary }: AttentionInput, reach: number): string {
  const width = query.weight.shape[0]!;
  const size = width / heads;
  const [q, k] = [query, key].map((layer) => rotated(net, masks.byText(net.linear(x, layer), width), heads, size, rotary));
  const v = masks.byText(net.linear(x, value), width);
  return multiHead(net, [q!, k!, v, "", "", masks.local(reach)], heads, size);
}

function multiHead(net: NetworkGraph, inputs: string[], heads: number, size: number): string {
  return net.contrib("MultiHeadAttention", inputs, { num_heads: { int: heads }, scale: { float: 1 / Math.sqrt(size) } });
}

/** Turns the first `size` columns of each head by their row's place. x (N, T, ·). */
function rotated(net: NetworkGraph, x: string, heads: number, size: number, rotary: RotaryTables | undefined): string {
  if (rotary === undefined) return x;
  const attributes = { num_heads: { int: heads }, rotary_embedding_dim: { int: size }, interleaved: { int: 0 } };
  return net.contrib("RotaryEmbedding", [x, net.g.int64([0]), rotary.cos, rotary.sin], attributes);
}

function plain(net: NetworkGraph, masks: TokenMasks, { x, heads, query, key, value, rotary, reach }: AttentionInput): string {
  const { g } = net;
  const size = query.weight.shape[0]! / heads;
  const byHead = (layer: LinearLayer) =>
    g.op("Transpose", [g.op("Reshape", [masks.byText(net.linear(x, layer), heads * size), g.int64([0, 0, heads, size])])], {
      perm: { ints: [0, 2, 1, 3] },
    });
  const turned = (t: string) => {
    if (rotary === undefined) return t;
    const [cos, sin] = [rotary.cos, rotary.sin].map((table) => {
      const upTo = net.slice(table, 0, 0, masks.tokens);
      return net.concat([upTo, upTo], 1);
    }) as [string, string];
    const otherHalf = net.concat([g.op("Neg", [net.slice(t, 3, size / 2, size)]), net.slice(t, 3, 0, size / 2)], 3);
    return g.op("Add", [g.op("Mul", [t, cos]), g.op("Mul", [otherHalf, sin])]);
  };
  const q = g.op("Mul", [turned(byHead(query)), net.scalar(1 / Math.sqrt(size))]);
  const k = g.op("Transpose", [turned(byHead(key))], { perm: { ints: [0, 1, 3, 2] } });
  const scores = g.op("Add", [g.op("MatMul", [q, k]), reach === undefined ? masks.additive : masks.local(reach)]);
  const weighted = g.op("MatMul", [g.op("Softmax", [scores], { axis: { int: -1 } }), byHead(value)]);
  return g.op("Transpose", [weighted], { perm: { ints: [0, 2, 1, 3] } });
}

/** The layer with heads of `wide` columns: weights of 0 for those that were not there, `extra` in the bias. */
function widened({ name, weight, bias }: LinearLayer, heads: number, wide: number, extra: Float32Array | null): LinearLayer {
  const [outputs, inputs] = weight.shape as [number, number];
  const size = outputs / heads;
  const w = new Float32Array(heads * wide * inputs);
  const b = extra === null ? new Float32Array(heads * wide) : extra.slice();
  for (let head = 0; head < heads; head++) {
    w.set(weight.data.subarray(head * size * inputs, (head + 1) * size * inputs), head * wide * inputs);
    if (bias !== undefined) b.set(bias.data.subarray(head * size, (head + 1) * size), head * wide);
  }
  const made = (shape: number[], data: Float32Array): Tensor => ({ shape, data });
  return {
    name,
    weight: made([heads * wide, inputs], w),
    bias: bias === undefined && extra === null ? undefined : made([heads * wide], b),
  };
}
