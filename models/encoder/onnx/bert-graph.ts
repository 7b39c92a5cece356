// BERT (Devlin et al. 2019, arXiv 1810.04805) as transformers' BertForSequenceClassification computes it, as a graph.
import type { BertConfig } from "#models/encoder/config";
import { bertHead } from "./heads.ts";
import { INPUT_IDS, type NetworkGraph } from "./network-graph.ts";
import { postNormLayer } from "./post-norm-layer.ts";
import { TokenMasks } from "./token-masks.ts";

/** The name of the logits (N, L). */
export function bertGraph(net: NetworkGraph, config: BertConfig): string {
  const { g } = net;
  const masks = new TokenMasks(net);
  const width = config.hidden_size;
  const words = net.embed("bert.embeddings.word_embeddings.weight", INPUT_IDS);
  const places = net.slice(placeVectors(net, width), 0, 0, masks.tokens);
  let x = g.op("Reshape", [net.add(words, places), g.int64([-1, width])]);
  x = net.norm(x, "bert.embeddings.LayerNorm", config.layer_norm_eps);
  for (let i = 0; i < config.num_hidden_layers; i++) x = postNormLayer(net, masks, x, `bert.encoder.layer.${i}`, config);
  return bertHead(net, masks, x, config);
}

/** (P, d): positions, with the type of the first sentence, which is everybody's. */
function placeVectors(net: NetworkGraph, width: number): string {
  const { data, shape } = net.tensor("bert.embeddings.position_embeddings.weight");
  const type = net.tensor("bert.embeddings.token_type_embeddings.weight").data;
  return net.values(
    "place_vectors",
    data.map((value, i) => value + type[i % width]!),
    shape,
  );
}
