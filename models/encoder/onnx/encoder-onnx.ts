// An encoder as the bytes of a `.onnx` file.
//
//   input_ids (N, T) int64, attention_mask (N, T) int64 → logits (N, L) float, probabilities (N, L) float
//
// N and T are dynamic. Operator set 17, the first with LayerNormalization, and onnxruntime's own (com.microsoft 1).
import { CordonError } from "#models/errors";
import type { EncoderConfig } from "#models/encoder/config";
import type { Tensors } from "#models/encoder/tensors";
import { bertGraph } from "./bert-graph.ts";
import { modernBertGraph } from "./modernbert-graph.ts";
import { ATTENTION_MASK, type GraphForm, type GraphPrecision, INPUT_IDS, NetworkGraph } from "./network-graph.ts";
import { pooledGraph } from "./pooled-graph.ts";

export const OUTPUT_LOGITS = "logits";
export const OUTPUT_PROBABILITIES = "probabilities";
export const ENCODER_OPSETS = { "": 17, "com.microsoft": 1 } as const;
/** The version of the file format that went with that operator set. */
const IR_VERSION = 8;
/** What one protobuf message holds, less room for the nodes. */
const MOST_BYTES = 2 ** 31 - 2 ** 24;

export interface EncoderOnnxOptions {
  precision: GraphPrecision;
  /** Default "fused". */
  form?: GraphForm;
  /** Of the file; default "encoder". */
  name?: string;
  version?: string;
  metadata?: Record<string, string>;
}

/**
 * @param tensors complete, under canonical names @param labels of the classifier's rows
 * @throws CordonError model/unsupported where the file would be too large, or the weights do not fit in fp16
 */
export function encoderOnnx(config: EncoderConfig, tensors: Tensors, labels: readonly string[], options: EncoderOnnxOptions): Uint8Array {
  const net = new NetworkGraph(tensors, options.precision, options.form ?? "fused");
  const rows = net.tensor("classifier.weight").shape[0]!;
  if (rows !== labels.length)
    throw new Error(`encoderOnnx: requires a label for each of the classifier's ${rows} rows, got ${labels.length}`);
  net.g.op(
    "Sigmoid",
    [net.g.op("Identity", [networkLogits(net, config)], {}, { output: OUTPUT_LOGITS })],
    {},
    { output: OUTPUT_PROBABILITIES },
  );
  refuseTooLarge(net.g.initializerBytes, options.precision);
  return net.g.build(
    [
      { name: INPUT_IDS, type: "int64", shape: ["N", "T"] },
      { name: ATTENTION_MASK, type: "int64", shape: ["N", "T"] },
    ],
    [
      { name: OUTPUT_LOGITS, type: "float", shape: ["N", labels.length] },
      { name: OUTPUT_PROBABILITIES, type: "float", shape: ["N", labels.length] },
    ],
    {
      name: options.name ?? "encoder",
      producerVersion: options.version ?? "",
      doc: `Cordon encoder (${config.model_type}, ${options.precision}): token ids in, a calibrated logit and probability per label out.`,
      opsets: ENCODER_OPSETS,
      irVersion: IR_VERSION,
      metadata: { labels: JSON.stringify(labels), ...options.metadata },
    },
  );
}

/** Appends a network that reads INPUT_IDS and ATTENTION_MASK; the name of its logits (N, L). */
export function networkLogits(net: NetworkGraph, config: EncoderConfig): string {
  switch (config.model_type) {
    case "bert":
      return bertGraph(net, config);
    case "modernbert":
      return modernBertGraph(net, config);
    case "cordon-pooled":
      return pooledGraph(net, config);
  }
}

function refuseTooLarge(bytes: number, precision: GraphPrecision): void {
  if (bytes <= MOST_BYTES) return;
  throw new CordonError(
    "model/unsupported",
    `the graph in ${precision} would have ${(bytes / 2 ** 30).toFixed(1)} GiB, and an ONNX file holds 2`,
    { hint: "take a smaller model" },
  );
}
