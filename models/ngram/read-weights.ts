// Reads an n-gram model's weights out of its ONNX file, into memory that worker threads share.
import { damaged, MODEL_FILE } from "#models/package-files";
import type { NgramArchitecture } from "#models/manifest";
import { type Initializer, readInitializers } from "#models/onnx/graph";
import type { NgramModel } from "./model.ts";
import { ONNX_WEIGHTS } from "./onnx-graph.ts";

/** @throws CordonError model/damaged */
export function readNgramModel(bytes: Uint8Array, architecture: NgramArchitecture, labels: readonly string[], dir: string): NgramModel {
  const { bits, charNgrams, rules } = architecture;
  for (const [label, { of }] of Object.entries(rules)) {
    if (!labels.includes(label) || !labels.includes(of) || of in rules) throw damaged(`the rule of ${label} does not fit the labels`, dir);
  }
  let weights: Map<string, Initializer>;
  try {
    weights = readInitializers(bytes);
  } catch (cause) {
    throw damaged(`${MODEL_FILE} is not an ONNX model`, dir, cause);
  }
  const read = (name: string, bytesWanted: number): ArrayBuffer => {
    const raw = weights.get(name)?.raw;
    if (raw === undefined || raw.byteLength < bytesWanted) throw damaged(`${MODEL_FILE}: initializer ${name} is missing or too short`, dir);
    // A copy that starts at 0: views on a file's bytes may be unaligned. Shared, so that workers need none of their own.
    const copy = new SharedArrayBuffer(bytesWanted);
    new Uint8Array(copy).set(raw.subarray(0, bytesWanted));
    return copy as unknown as ArrayBuffer;
  };
  const finite = (name: string): Float32Array => {
    const values = new Float32Array(read(name, labels.length * 4));
    if (!values.every(Number.isFinite)) throw damaged(`${MODEL_FILE}: ${name} is not finite`, dir);
    return values;
  };
  return {
    features: { bits, charNgrams },
    labels,
    table: new Int16Array(read(ONNX_WEIGHTS.table, 2 ** bits * (labels.length + 1) * 2)),
    slope: finite(ONNX_WEIGHTS.slope),
    intercept: finite(ONNX_WEIGHTS.intercept),
    rules,
  };
}
