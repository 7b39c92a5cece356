// BERT's layer: attention, then a two-layer perceptron, each followed by the residual and layer norm.
import type { Activation } from "#models/encoder/config";
import { attention } from "./attention.ts";
import type { NetworkGraph } from "./network-graph.ts";
import type { TokenMasks } from "./token-masks.ts";

export interface PostNormConfig {
  num_attention_heads: number;
  hidden_act: Activation;
  layer_norm_eps: number;
}

/** x (N·T, d) → (N·T, d), by the tensors whose names start with `prefix`. */
export function postNormLayer(net: NetworkGraph, masks: TokenMasks, x: string, prefix: string, config: PostNormConfig): string {
  const layer = (name: string) => net.layer(`${prefix}.${name}`);
  const attended = attention(net, masks, {
    x,
    heads: config.num_attention_heads,
    query: layer("attention.self.query"),
    key: layer("attention.self.key"),
    value: layer("attention.self.value"),
  });
  const first = net.add(net.linear(attended, layer("attention.output.dense")), x);
  const middle = net.norm(first, `${prefix}.attention.output.LayerNorm`, config.layer_norm_eps);
  const inner = net.activate(net.linear(middle, layer("intermediate.dense")), config.hidden_act);
  const second = net.add(net.linear(inner, layer("output.dense")), middle);
  return net.norm(second, `${prefix}.output.LayerNorm`, config.layer_norm_eps);
}
