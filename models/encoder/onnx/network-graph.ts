// The parts that all encoders' graphs are made of, over rows x (N·T, d): embeddings, linear layers, norms, activations, in one of three
// precisions. What is computed how was measured with onnxruntime 1.30 on a CPU (docs/encoder-onnx.md):
//
// - Rows are two-dimensional. Linear layers are then a `Gemm` with its bias, and onnxruntime does not fuse a residual and a
//   LayerNormalization into SkipLayerNormalization, whose kernel takes five times as long as the two of them.
// - int8: weights are symmetric, a scale for each output. Activations are quantised as they come, with one scale a tensor. MatMulIntegerToFloat
//   and the quantisation before it become DynamicQuantizeMatMul where only one layer reads the tensor.
// - fp16: all but the head is computed in halves.
import { CordonError } from "#models/errors";
import { type Attribute, GraphBuilder, type TensorData } from "#models/onnx/graph";
import type { Activation } from "#models/encoder/config";
import { toFloat16 } from "#models/encoder/half";
import type { Tensor, Tensors } from "#models/encoder/tensors";
import { quantizeRows } from "./quantize-rows.ts";

export type GraphPrecision = "fp32" | "int8" | "fp16";
/** "fused": with onnxruntime's own operators (com.microsoft); "plain": standard ones alone, for other runtimes and as a check. */
export type GraphForm = "fused" | "plain";

/** Inputs of every encoder's graph, int64 (N, T). */
export const INPUT_IDS = "input_ids";
export const ATTENTION_MASK = "attention_mask";

/** A linear layer as checkpoints hold it: weight (out, in), bias (out). */
export interface LinearLayer {
  name: string;
  weight: Tensor;
  bias: Tensor | undefined;
}

const FLOAT = 1;
const FLOAT16 = 10;
const MICROSOFT = { domain: "com.microsoft" };

export class NetworkGraph {
  readonly g = new GraphBuilder();
  readonly precision: GraphPrecision;
  readonly form: GraphForm;
  readonly #tensors: Tensors;
  /** Quantised tensors by the name of what they were: values, scale, zero point. */
  readonly #quantized = new Map<string, string[]>();
  readonly #initializers = new Set<string>();

  constructor(tensors: Tensors, precision: GraphPrecision, form: GraphForm) {
    this.#tensors = tensors;
    this.precision = precision;
    this.form = form;
  }

  tensor(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`encoderOnnx: requires a tensor ${name}`);
    return tensor;
  }

  /** Appends one of onnxruntime's own operators. */
  contrib(type: string, inputs: string[], attributes: Record<string, Attribute> = {}): string {
    return this.g.op(type, inputs, attributes, MICROSOFT);
  }

  /** The layer `name`, its bias where the checkpoint has one. */
  layer(name: string): LinearLayer {
    return { name, weight: this.tensor(`${name}.weight`), bias: this.#tensors.get(`${name}.bias`) };
  }

  /** An initializer in the type in which the network computes; the same name is the same initializer. */
  values(name: string, data: Float32Array, shape: readonly number[]): string {
    return this.#initializer(name, shape, () => (this.precision === "fp16" ? this.#halves(name, data) : data));
  }

  /** An initializer in float32, whatever the precision. */
  floats(name: string, data: Float32Array, shape: readonly number[]): string {
    return this.#initializer(name, shape, () => data);
  }

  /** A scalar in the type in which the network computes. */
  scalar(value: number): string {
    return this.values(`scalar_${value}`, Float32Array.of(value), []);
  }

  /** To the type in which the network computes. */
  fromFloat(x: string): string {
    return this.precision === "fp16" ? this.cast(x, FLOAT16) : x;
  }

  toFloat(x: string): string {
    return this.precision === "fp16" ? this.cast(x, FLOAT) : x;
  }

  cast(x: string, to: number): string {
    return this.g.op("Cast", [x], { to: { int: to } });
  }

  /** Rows of a table (V, d) by int64 ids of any shape; an axis of d is added. */
  embed(name: string, ids: string): string {
    const { shape, data } = this.tensor(name);
    const [rows, width] = shape as [number, number];
    if (this.precision !== "int8") return this.g.op("Gather", [this.values(name, data, shape), ids]);
    // A row has a scale of its own; a quarter of the memory, at the cost of a product.
    const { values, scales } = quantizeRows(data, rows, width, 127);
    const gathered = this.cast(this.g.op("Gather", [this.#initializer(`${name}_quantized`, shape, () => values), ids]), FLOAT);
    return this.g.op("Mul", [gathered, this.g.op("Gather", [this.floats(`${name}_scale`, scales, [rows, 1]), ids])]);
  }

  /** x (M, in) → (M, out). */
  linear(x: string, layer: LinearLayer): string {
    if (this.precision === "int8") return this.#integerLinear(x, layer);
    const { name, weight, bias } = layer;
    const inputs = [x, this.values(`${name}.weight`, weight.data, weight.shape)];
    if (bias !== undefined) inputs.push(this.values(`${name}.bias`, bias.data, bias.shape));
    return this.g.op("Gemm", inputs, { transB: { int: 1 } });
  }

  /** As `linear`, in float32 throughout: for the head, of which little is gained otherwise. */
  floatLinear(x: string, { name, weight, bias }: LinearLayer): string {
    const inputs = [x, this.floats(`${name}.weight`, weight.data, weight.shape)];
    if (bias !== undefined) inputs.push(this.floats(`${name}.bias`, bias.data, bias.shape));
    return this.g.op("Gemm", inputs, { transB: { int: 1 } });
  }

  add(a: string, b: string): string {
    return this.g.op("Add", [a, b]);
  }

  /** Over the last axis. `inFloat`: the tensor is float32, whatever the precision. */
  norm(x: string, name: string, epsilon: number, inFloat = false): string {
    const put = (part: "weight" | "bias") => {
      const { data, shape } = this.tensor(`${name}.${part}`);
      return inFloat ? this.floats(`${name}.${part}`, data, shape) : this.values(`${name}.${part}`, data, shape);
    };
    const inputs = [x, put("weight"), ...(this.#tensors.has(`${name}.bias`) ? [put("bias")] : [])];
    return this.g.op("LayerNormalization", inputs, { epsilon: { float: epsilon } });
  }

  activate(x: string, activation: Activation, inFloat = false): string {
    const { g } = this;
    const number = (value: number) => (inFloat ? this.floats(`float_${value}`, Float32Array.of(value), []) : this.scalar(value));
    const half = () => g.op("Mul", [x, number(0.5)]);
    switch (activation) {
      case "relu":
        return g.op("Relu", [x]);
      case "gelu": {
        if (this.form === "fused") return this.contrib("Gelu", [x]);
        const erf = g.op("Erf", [g.op("Mul", [x, number(Math.SQRT1_2)])]);
        return g.op("Mul", [half(), g.op("Add", [erf, number(1)])]);
      }
      case "gelu_new":
      case "gelu_pytorch_tanh": {
        if (this.form === "fused") return this.contrib("FastGelu", [x]);
        const cubic = g.op("Add", [g.op("Mul", [g.op("Mul", [g.op("Mul", [x, x]), x]), number(0.044715)]), x]);
        return g.op("Mul", [half(), g.op("Add", [g.op("Tanh", [g.op("Mul", [cubic, number(Math.sqrt(2 / Math.PI))])]), number(1)])]);
      }
    }
  }

  slice(x: string, axis: number, start: number, end: number | string): string {
    const { g } = this;
    return g.op("Slice", [x, g.int64([start]), typeof end === "string" ? end : g.int64([end]), g.int64([axis])]);
  }

  concat(tensors: string[], axis: number): string {
    return this.g.op("Concat", tensors, { axis: { int: axis } });
  }

  #integerLinear(x: string, { name, weight, bias }: LinearLayer): string {
    const { g } = this;
    let quantized = this.#quantized.get(x);
    if (quantized === undefined) {
      quantized = g.multi("DynamicQuantizeLinear", [x], 3);
      this.#quantized.set(x, quantized);
    }
    const [values, scale, zero] = quantized as [string, string, string];
    const [outputs, inputs] = weight.shape as [number, number];
    const rows = quantizeRows(weight.data, outputs, inputs, WEIGHT_RANGE);
    const w = this.#initializer(`${name}.weight_quantized`, [inputs, outputs], () => transposed(rows.values, outputs, inputs));
    const scales = this.floats(`${name}.weight_scale`, rows.scales, [outputs]);
    const b = bias === undefined ? undefined : this.floats(`${name}.bias`, bias.data, bias.shape);
    if (this.form === "fused") {
      return this.contrib("MatMulIntegerToFloat", [values, w, scale, scales, zero, ...(b === undefined ? [] : ["", b])]);
    }
    const sums = this.cast(g.op("MatMulInteger", [values, w, zero]), FLOAT);
    const product = g.op("Mul", [sums, g.op("Mul", [scale, scales])]);
    return b === undefined ? product : g.op("Add", [product, b]);
  }

  #initializer(name: string, shape: readonly number[], data: () => TensorData): string {
    if (this.#initializers.has(name)) return name;
    this.#initializers.add(name);
    return this.g.tensor(name, data(), [...shape]);
  }

  #halves(name: string, data: Float32Array): Uint16Array<ArrayBuffer> {
    const halves = toFloat16(data);
    if (halves.some((bits, i) => (bits & 0x7c00) === 0x7c00 && Number.isFinite(data[i]))) {
      throw new CordonError("model/unsupported", `${name} holds numbers beyond the range of fp16`, { hint: "leave fp16 out" });
    }
    return halves;
  }
}

/**
 * Weights are whole numbers of 64 steps to either side, of the 127 that int8 has. CPUs without VNNI add the products of two neighbours in
 * 16 bits: 2 · 255 · 64 fits in there and 2 · 255 · 127 does not. So the sums are exact, and the same, on every CPU.
 */
const WEIGHT_RANGE = 64;

function transposed(values: Int8Array, rows: number, columns: number): Int8Array {
  const out = new Int8Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}
