// What Cordon registers for the WebGPU back end (webgpu/ has the WGSL): Cordon's own kernels, and those of TensorFlow.js whose sums have no fixed
// order in tfjs-backend-webgpu 4.22. docs/backends.md has the table.
import { tf } from "#train/tensor/tf";
import type { KernelName } from "#train/tensor/kernel";
import * as elementwise from "#train/tensor/webgpu/elementwise";
import { cutFor, gemmProgram, gridFor } from "#train/tensor/webgpu/gemm";
import { run, type GpuBackend, type TensorInfo } from "#train/tensor/webgpu/program";
import { layerNormProgram, LAYER_NORM_GRAD, softmaxProgram, SOFTMAX_GRAD, SQUARE_SUM } from "#train/tensor/webgpu/rowwise";

type Inputs = Record<string, TensorInfo | undefined>;
type Attributes = Readonly<Record<string, number>>;
type Kernel = (backend: GpuBackend, inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[];

const { THREADS, SUMMED_ROWS } = elementwise;
/** Values that one workgroup of a sum of squares takes. */
const SQUARES = 16_384;

const CORDON: Record<Exclude<KernelName, "CordonEmbedding">, Kernel> = {
  CordonLinear(backend, { x, weight, bias }) {
    return product(backend, x!, weight!, bias, false, true);
  },

  CordonColumnSum(backend, { x }) {
    return columnSum(backend, x!);
  },

  CordonLayerNorm(backend, { x, gamma, beta }, { eps }) {
    const [rows, width] = x!.shape as [number, number];
    const writes = [make(backend, [rows, width]), make(backend, [rows]), make(backend, [rows])];
    const reads = beta === undefined ? [x!, gamma!] : [x!, gamma!, beta];
    run(backend, layerNormProgram(beta !== undefined), { reads, writes }, [rows, width, eps!], rows);
    return writes;
  },

  CordonLayerNormGrad(backend, { dy, x, gamma, mean, scale }) {
    const [rows, width] = x!.shape as [number, number];
    const dx = make(backend, [rows, width]);
    run(backend, LAYER_NORM_GRAD, { reads: [dy!, x!, gamma!, mean!, scale!], writes: [dx] }, [rows, width], rows);
    const blocks = Math.ceil(rows / SUMMED_ROWS);
    const sums = [make(backend, [blocks, width]), make(backend, [blocks, width])];
    const groups = Math.ceil((blocks * width) / THREADS);
    run(backend, elementwise.LAYER_NORM_COLUMNS, { reads: [dy!, x!, mean!, scale!], writes: sums }, [rows, width, blocks], groups);
    const [dgamma, dbeta] = sums.map((sum) => consume(backend, sum, columnSum)) as [TensorInfo, TensorInfo];
    return [dx, dgamma, dbeta];
  },

  CordonGelu(backend, { x }, { exact }) {
    return map(backend, elementwise.geluProgram(Boolean(exact)), [x!]);
  },

  CordonGeluGrad(backend, { dy, x }, { exact }) {
    return map(backend, elementwise.geluGradProgram(Boolean(exact)), [dy!, x!]);
  },

  CordonSoftmax(backend, { scores, mask }, { scale }) {
    const [batch, heads, length, width] = scores!.shape as [number, number, number, number];
    const shape = mask?.shape ?? [1, 1, 1, width];
    const strides = [shape[1]! * shape[2]! * width, shape[2]! * width, width].map((stride, axis) => (shape[axis] === 1 ? 0 : stride));
    const y = make(backend, scores!.shape);
    const rows = batch * heads * length;
    const reads = mask === undefined ? [scores!] : [scores!, mask];
    run(backend, softmaxProgram(mask !== undefined), { reads, writes: [y] }, [rows, width, scale!, heads, length, ...strides], rows);
    return y;
  },

  CordonSoftmaxGrad(backend, { dy, y }, { scale }) {
    const width = y!.shape.at(-1)!;
    const rows = sizeOf(y!.shape) / width;
    const dx = make(backend, y!.shape);
    run(backend, SOFTMAX_GRAD, { reads: [dy!, y!], writes: [dx] }, [rows, width, scale!], rows);
    return dx;
  },

  CordonRotary(backend, { x, cos, sin }, { sign }) {
    return map(backend, elementwise.ROTARY, [x!, cos!, sin!], [sizeOf(cos!.shape), x!.shape.at(-1)! / 2, sign!]);
  },

  CordonDropout(backend, { x }, { rate, seed }) {
    return map(backend, elementwise.DROPOUT, [x!], [seed!, Math.round(rate! * 2 ** 32), 1 / (1 - rate!)]);
  },

  CordonEmbeddingGrad(backend, { dy, ids }, { rows }) {
    return addRows(backend, dy!, ids!, rows!);
  },

  CordonSquareSum(backend, { x }) {
    const sum = (values: TensorInfo, square: 0 | 1): TensorInfo => {
      const size = sizeOf(values.shape);
      const groups = Math.ceil(size / SQUARES);
      const sums = make(backend, groups === 1 ? [] : [groups]);
      run(backend, SQUARE_SUM, { reads: [values], writes: [sums] }, [size, SQUARES, square], groups);
      return groups === 1 ? sums : consume(backend, sums, (_, rest) => sum(rest, 0));
    };
    return sum(x!, 1);
  },

  CordonAdamw(backend, { variable, gradient, m, v, clip }, { beta1, beta2, epsilon, stepSize, root, kept }) {
    const size = sizeOf(variable!.shape);
    const tensors = { reads: [gradient!, clip!], writes: [variable!, m!, v!] };
    run(backend, elementwise.ADAMW, tensors, [size, beta1!, beta2!, epsilon!, stepSize!, root!, kept!], Math.ceil(size / THREADS));
    return [];
  },
};

/** Kernels of TensorFlow.js put in place of tfjs-backend-webgpu's: its own add in an order that changes from run to run. */
const REPLACED: Record<string, Kernel> = {
  BatchMatMul(backend, { a, b }, { transposeA, transposeB }) {
    return product(backend, a!, b!, undefined, Boolean(transposeA), Boolean(transposeB));
  },

  UnsortedSegmentSum(backend, { x, segmentIds }, { numSegments }) {
    const out = addRows(backend, x!, segmentIds!, numSegments!);
    return { ...out, shape: [numSegments!, ...x!.shape.slice(segmentIds!.shape.length)] };
  },
};

/** Registers all of the above for the active back end, which must be "webgpu". */
export function registerWebgpuKernels(): void {
  for (const [kernelName, kernel] of Object.entries({ ...CORDON, ...REPLACED })) {
    if (tf.getKernel(kernelName, "webgpu") !== undefined) tf.unregisterKernel(kernelName, "webgpu");
    const kernelFunc = ({ inputs, attrs, backend }: { inputs: unknown; attrs?: unknown; backend: unknown }) =>
      kernel(backend as GpuBackend, inputs as Inputs, (attrs ?? {}) as Attributes) as never;
    tf.registerKernel({ kernelName, backendName: "webgpu", kernelFunc });
  }
}

function make(backend: GpuBackend, shape: number[]): TensorInfo {
  return backend.makeTensorInfo(shape, "float32");
}

/** What `use` makes of a tensor, which is then freed unless it is the result itself. */
function consume(backend: GpuBackend, tensor: TensorInfo, use: (backend: GpuBackend, tensor: TensorInfo) => TensorInfo): TensorInfo {
  const result = use(backend, tensor);
  if (result.dataId !== tensor.dataId) backend.disposeData(tensor.dataId);
  return result;
}

function map(backend: GpuBackend, program: Parameters<typeof run>[1], reads: TensorInfo[], values: number[] = []): TensorInfo {
  const { shape } = reads[0]!;
  const size = sizeOf(shape);
  const out = make(backend, shape);
  run(backend, program, { reads, writes: [out] }, [size, ...values], Math.ceil(size / THREADS));
  return out;
}

function columnSum(backend: GpuBackend, x: TensorInfo): TensorInfo {
  const [rows, width] = x.shape as [number, number];
  const blocks = Math.ceil(rows / SUMMED_ROWS);
  const sums = make(backend, blocks === 1 ? [width] : [blocks, width]);
  run(backend, elementwise.COLUMN_SUM, { reads: [x], writes: [sums] }, [rows, width, blocks], Math.ceil((blocks * width) / THREADS));
  return blocks === 1 ? sums : consume(backend, sums, columnSum);
}

function product(
  backend: GpuBackend,
  a: TensorInfo,
  b: TensorInfo,
  bias: TensorInfo | undefined,
  transposeA: boolean,
  transposeB: boolean,
): TensorInfo {
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const outer = tf.backend_util.assertAndGetBroadcastShape(outerA, outerB);
  const batch = sizeOf(outer);
  if (![outerA, outerB].every((own) => sizeOf(own) === 1 || sizeOf(own) === batch))
    throw new Error("BatchMatMul: requires equal batches or one matrix");
  const [m, k] = lastTwo(a, transposeA);
  const [, n] = lastTwo(b, transposeB);
  const shape = { m, n, k, batch };
  const cut = cutFor(shape);
  const out = make(backend, cut.parts === 1 ? [...outer, m, n] : [cut.parts, m * n]);
  const strides = [sizeOf(outerA) === 1 ? 0 : m * k, sizeOf(outerB) === 1 ? 0 : k * n];
  const isWhole = cut.parts === 1;
  const reads = bias !== undefined && isWhole ? [a, b, bias] : [a, b];
  const program = gemmProgram(cut.reach, transposeA, transposeB, reads.length === 3);
  run(backend, program, { reads, writes: [out] }, [m, n, k, Math.ceil(k / cut.parts), cut.parts, ...strides], gridFor(shape, cut));
  if (isWhole) return out;
  const sum = { ...consume(backend, out, columnSum), shape: [...outer, m, n] };
  if (bias === undefined) return sum;
  return tf.getKernel("Add", "webgpu").kernelFunc({ inputs: { a: sum, b: bias }, backend, attrs: {} } as never) as unknown as TensorInfo;
}

function addRows(backend: GpuBackend, x: TensorInfo, ids: TensorInfo, rows: number): TensorInfo {
  const count = sizeOf(ids.shape);
  const width = sizeOf(x.shape) / count;
  const chains = make(backend, [count, 2]);
  run(backend, elementwise.TOKEN_CHAINS, { reads: [ids], writes: [chains] }, [count], Math.ceil(count / THREADS));
  const fill = tf.getKernel("Fill", "webgpu").kernelFunc;
  const out = fill({ inputs: {}, backend, attrs: { shape: [rows, width], value: 0, dtype: "float32" } } as never) as unknown as TensorInfo;
  run(backend, elementwise.EMBEDDING_GRAD, { reads: [x, ids, chains], writes: [out] }, [count, width, rows], count);
  backend.disposeData(chains.dataId);
  return out;
}

function lastTwo(tensor: TensorInfo, transposed: boolean): [number, number] {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
