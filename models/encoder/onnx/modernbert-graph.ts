// ModernBERT (Warner et al. 2024, arXiv 2412.13663) as transformers' ModernBertForSequenceClassification computes it, as a graph.
import { type ModernBertConfig, isGlobalLayer } from "#models/encoder/config";
import type { Tensor } from "#models/encoder/tensors";
import { type RotaryTables, attention } from "./attention.ts";
import { modernBertHead } from "./heads.ts";
import { INPUT_IDS, type LinearLayer, type NetworkGraph } from "./network-graph.ts";
import { TokenMasks } from "./token-masks.ts";

/** The name of the logits (N, L). */
export function modernBertGraph(net: NetworkGraph, config: ModernBertConfig): string {
  const { g } = net;
  const masks = new TokenMasks(net);
  const { hidden_size: width, num_attention_heads: heads, norm_eps: epsilon } = config;
  const everywhere = rotaryTables(net, "rotary_global", config, config.global_rope_theta);
  const nearby = rotaryTables(net, "rotary_local", config, config.local_rope_theta);
  const embedded = g.op("Reshape", [net.embed("model.embeddings.tok_embeddings.weight", INPUT_IDS), g.int64([-1, width])]);

  let x = net.norm(embedded, "model.embeddings.norm", epsilon);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const prefix = `model.layers.${i}`;
    const [query, key, value] = split(net.layer(`${prefix}.attn.Wqkv`), 3) as [LinearLayer, LinearLayer, LinearLayer];
    const place = isGlobalLayer(config, i) ? { rotary: everywhere } : { rotary: nearby, reach: Math.floor(config.local_attention / 2) };
    const normed = i === 0 ? x : net.norm(x, `${prefix}.attn_norm`, epsilon);
    const attended = attention(net, masks, { x: normed, heads, query, key, value, ...place });
    x = net.add(x, net.linear(attended, net.layer(`${prefix}.attn.Wo`)));

    const [input, gate] = split(net.layer(`${prefix}.mlp.Wi`), 2) as [LinearLayer, LinearLayer];
    const between = net.norm(x, `${prefix}.mlp_norm`, epsilon);
    const gated = g.op("Mul", [net.activate(net.linear(between, input), config.hidden_activation), net.linear(between, gate)]);
    x = net.add(x, net.linear(gated, net.layer(`${prefix}.mlp.Wo`)));
  }
  return modernBertHead(net, masks, net.norm(x, "model.final_norm", epsilon), config);
}

/** A fused layer as the layers that it consists of: slices of a weight cost nothing, those of its result are copies. */
function split({ name, weight, bias }: LinearLayer, parts: number): LinearLayer[] {
  const [outputs, inputs] = weight.shape as [number, number];
  const rows = outputs / parts;
  const part = (data: Float32Array, size: number, i: number, shape: number[]): Tensor => ({
    shape,
    data: data.subarray(i * size, (i + 1) * size),
  });
  return Array.from({ length: parts }, (_, i) => ({
    name: `${name}_${i}`,
    weight: part(weight.data, rows * inputs, i, [rows, inputs]),
    bias: bias === undefined ? undefined : part(bias.data, rows, i, [rows]),
  }));
}

/** (P, D/2): frequency i of a head of size D is θ^(−2i/D) (Su et al. 2021, arXiv 2104.09864). */
function rotaryTables(net: NetworkGraph, name: string, config: ModernBertConfig, theta: number): RotaryTables {
  const places = config.max_position_embeddings;
  const half = config.hidden_size / config.num_attention_heads / 2;
  const cos = new Float32Array(places * half);
  const sin = new Float32Array(places * half);
  for (let i = 0; i < half; i++) {
    // transformers rounds the frequency and the angle to float32; at thousands of tokens the angle would differ otherwise.
    const frequency = Math.fround(1 / Math.fround(theta ** (i / half)));
    for (let t = 0; t < places; t++) {
      const angle = Math.fround(t * frequency);
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  }
  return { cos: net.values(`${name}_cos`, cos, [places, half]), sin: net.values(`${name}_sin`, sin, [places, half]) };
}
