// From hidden states to logits, always in float32: pooling over tokens, then the two layers of the architecture's own head.
import type { BertConfig, ModernBertConfig, PooledConfig } from "#models/encoder/config";
import type { NetworkGraph } from "./network-graph.ts";
import type { TokenMasks } from "./token-masks.ts";

/** Of x (N·T, d) in float32 the first token's row, or the mean of the tokens' (0 where a text has none): (N, d). */
function pooled(net: NetworkGraph, masks: TokenMasks, x: string, width: number, pooling: "cls" | "mean"): string {
  const { g } = net;
  const byText = masks.byText(x, width);
  if (pooling === "cls") return g.op("Gather", [byText, g.int64(0)], { axis: { int: 1 } });
  const count = g.op("ReduceSum", [masks.present, g.int64([1])], { keepdims: { int: 1 } });
  const weights = g.op("Div", [masks.present, g.op("Max", [count, g.float(1)])]);
  return g.op("Squeeze", [g.op("MatMul", [g.op("Unsqueeze", [weights, g.int64([1])]), byText]), g.int64([1])]);
}

export function bertHead(net: NetworkGraph, masks: TokenMasks, x: string, config: BertConfig): string {
  const vector = pooled(net, masks, net.toFloat(x), config.hidden_size, config.classifier_pooling);
  return net.floatLinear(net.g.op("Tanh", [net.floatLinear(vector, net.layer("bert.pooler.dense"))]), net.layer("classifier"));
}

export function modernBertHead(net: NetworkGraph, masks: TokenMasks, x: string, config: ModernBertConfig): string {
  const vector = pooled(net, masks, net.toFloat(x), config.hidden_size, config.classifier_pooling);
  const dense = net.activate(net.floatLinear(vector, net.layer("head.dense")), config.classifier_activation, true);
  return net.floatLinear(net.norm(dense, "head.norm", config.norm_eps, true), net.layer("classifier"));
}

export function pooledHead(net: NetworkGraph, masks: TokenMasks, x: string, config: PooledConfig): string {
  const { g } = net;
  const width = config.hidden_size;
  const states = net.toFloat(x);
  const mean = pooled(net, masks, states, width, "mean");
  const present = g.op("Unsqueeze", [masks.present, g.int64([2])]);
  const lowest = g.op("Mul", [g.op("Sub", [g.float(1), present]), g.float(-1e9)]);
  const highest = g.op("ReduceMax", [g.op("Add", [masks.byText(states, width), lowest])], { axes: { ints: [1] }, keepdims: { int: 0 } });
  // A text without windows has the maximum 0, as it has the mean.
  const maximum = g.op("Mul", [highest, net.slice(masks.present, 1, 0, 1)]);
  const dense = net.activate(net.floatLinear(net.concat([mean, maximum], 1), net.layer("head.dense")), "gelu", true);
  return net.floatLinear(dense, net.layer("classifier"));
}
