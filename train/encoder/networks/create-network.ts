// A network of a config's architecture from named tensors, and back to them.
import type { EncoderConfig } from "#models/encoder/config";
import { expectedTensors } from "#models/encoder/tensor-names";
import type { Tensors } from "#models/encoder/tensors";
import { bertNetwork } from "./bert.ts";
import { modernBertNetwork } from "./modernbert.ts";
import type { EncoderNetwork } from "./network.ts";
import { pooledNetwork } from "./pooled.ts";

/** The back end must be open. `tensors`: complete, under canonical names (`canonicalTensors`, `freshTensors`). */
export function createNetwork(config: EncoderConfig, labels: readonly string[], tensors: Tensors): EncoderNetwork {
  switch (config.model_type) {
    case "bert":
      return bertNetwork(config, labels, tensors);
    case "modernbert":
      return modernBertNetwork(config, labels, tensors);
    case "cordon-pooled":
      return pooledNetwork(config, labels, tensors);
  }
}

/** All of a network's tensors, copied to the host, in the order of `expectedTensors`. */
export async function exportTensors(network: EncoderNetwork): Promise<Tensors> {
  const tensors: Tensors = new Map();
  for (const [name, shape] of expectedTensors(network.config, network.labels.length)) {
    if (name === network.sparse?.name) tensors.set(name, { shape, data: network.sparse.table.slice() });
    else tensors.set(name, { shape, data: Float32Array.from(await network.variables.get(name)!.data()) });
  }
  return tensors;
}
