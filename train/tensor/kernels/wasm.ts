// What Cordon registers for the WebAssembly back end (wasm/ has the arithmetic): Cordon's own kernels, and those of TensorFlow.js that
// tfjs-backend-wasm 4.22 lacks or is slow at. docs/backends.md has the measurements.
import { tf } from "#train/tensor/tf";
import type { KernelName } from "#train/tensor/kernel";
import { multiply } from "#train/tensor/wasm/gemm";
import { sizeOf, WasmHeap, type TensorInfo, type WasmBackend } from "#train/tensor/wasm/heap";

type Inputs = Record<string, TensorInfo | undefined>;
type Attributes = Readonly<Record<string, number>>;
type Kernel = (heap: WasmHeap, inputs: Inputs, attributes: Attributes) => TensorInfo | TensorInfo[];

const CORDON: Record<KernelName, Kernel> = {
  CordonLinear(heap, { x, weight, bias }) {
    const [m, k] = x!.shape as [number, number];
    const n = weight!.shape[0]!;
    const out = heap.make([m, n]);
    const [a, b, c] = [heap.at(x), heap.at(weight), heap.at(out)];
    product(heap, { a, b, c, bias: heap.at(bias), m, n, k, transposeA: false, transposeB: true });
    return out;
  },

  CordonColumnSum(heap, { x }) {
    const [rows, width] = x!.shape as [number, number];
    const out = heap.makeZeros([width]);
    heap.functions["columnSum"]!(heap.at(x), heap.at(out), rows, width);
    return out;
  },

  CordonLayerNorm(heap, { x, gamma, beta }, { eps }) {
    const [rows, width] = x!.shape as [number, number];
    const outputs = [heap.make([rows, width]), heap.make([rows]), heap.make([rows])];
    const [out, mean, scale] = outputs.map((tensor) => heap.at(tensor)) as [number, number, number];
    const shift = beta === undefined ? heap.zeros(width) : heap.at(beta);
    heap.functions["layerNorm"]!(heap.at(x), heap.at(gamma), shift, out, mean, scale, rows, width, eps!);
    return outputs;
  },

  CordonLayerNormGrad(heap, { dy, x, gamma, mean, scale }) {
    const [rows, width] = x!.shape as [number, number];
    const outputs = [heap.make([rows, width]), heap.makeZeros([width]), heap.makeZeros([width])];
    heap.functions["layerNormGrad"]!(...[dy, x, gamma, mean, scale, ...outputs].map((tensor) => heap.at(tensor)), rows, width);
    return outputs;
  },

  CordonGelu(heap, { x }, { exact }) {
    const out = heap.make(x!.shape);
    heap.functions[exact ? "geluExact" : "geluTanh"]!(heap.at(x), heap.at(out), sizeOf(x!.shape));
    return out;
  },

  CordonGeluGrad(heap, { dy, x }, { exact }) {
    const out = heap.make(x!.shape);
    heap.functions[exact ? "geluExactGrad" : "geluTanhGrad"]!(heap.at(dy), heap.at(x), heap.at(out), sizeOf(x!.shape));
    return out;
  },

  CordonSoftmax(heap, { scores, mask }, { scale }) {
    const [batch, heads, rows, width] = scores!.shape as [number, number, number, number];
    const out = heap.make(scores!.shape);
    const [from, into] = [heap.at(scores), heap.at(out)];
    const shape = mask?.shape ?? [1, 1, 1, width];
    const offset = mask === undefined ? heap.zeros(width) : heap.at(mask);
    const maskRows = shape[2]!;
    for (let n = 0; n < batch; n++) {
      for (let h = 0; h < heads; h++) {
        const block = 4 * (n * heads + h) * rows * width;
        const place = ((shape[0] === 1 ? 0 : n) * shape[1]! + (shape[1] === 1 ? 0 : h)) * maskRows;
        const stride = maskRows === 1 ? 0 : 4 * width;
        heap.functions["softmax"]!(from + block, offset + 4 * place * width, stride, into + block, rows, width, scale!);
      }
    }
    return out;
  },

  CordonSoftmaxGrad(heap, { dy, y }, { scale }) {
    const out = heap.make(y!.shape);
    const width = y!.shape.at(-1)!;
    heap.functions["softmaxGrad"]!(heap.at(dy), heap.at(y), heap.at(out), sizeOf(y!.shape) / width, width, scale!);
    return out;
  },

  CordonRotary(heap, { x, cos, sin }, { sign }) {
    const [batch, heads, rows, width] = x!.shape as [number, number, number, number];
    const out = heap.make(x!.shape);
    for (let block = 0; block < batch * heads; block++) {
      const offset = 4 * block * rows * width;
      heap.functions["rotary"]!(heap.at(x) + offset, heap.at(cos), heap.at(sin), heap.at(out) + offset, rows, width / 2, sign!);
    }
    return out;
  },

  CordonDropout(heap, { x }, { rate, seed }) {
    const out = heap.make(x!.shape);
    const bound = Math.round(rate! * 2 ** 32);
    heap.functions["dropout"]!(heap.at(x), heap.at(out), sizeOf(x!.shape), seed!, bound, 1 / (1 - rate!));
    return out;
  },

  CordonEmbedding(heap, { table, ids }) {
    const [rows, width] = table!.shape as [number, number];
    const out = heap.make([ids!.shape[0]!, width]);
    const bytes = new Uint8Array(heap.memory.buffer);
    const [from, into] = [heap.at(table), heap.at(out)];
    heap.ints(ids!).forEach((id, i) => {
      if (id < 0 || id >= rows) throw new Error(`CordonEmbedding: requires ids from 0 to ${rows - 1}, got ${id}`);
      bytes.copyWithin(into + 4 * i * width, from + 4 * id * width, from + 4 * (id + 1) * width);
    });
    return out;
  },

  CordonEmbeddingGrad(heap, { dy, ids }, { rows }) {
    return addRows(heap, dy!, ids!, rows!);
  },

  CordonSquareSum(heap, { x }) {
    const out = heap.make([]);
    heap.functions["squareSum"]!(heap.at(x), heap.at(out), sizeOf(x!.shape));
    return out;
  },

  CordonAdamw(heap, { variable, gradient, m, v, clip }, { beta1, beta2, epsilon, stepSize, root, kept }) {
    const places = [variable, gradient, m, v].map((tensor) => heap.at(tensor));
    const factor = heap.floats(clip!)[0]!;
    heap.functions["adamw"]!(...places, sizeOf(variable!.shape), factor, beta1!, beta2!, epsilon!, stepSize!, root!, kept!);
    return [];
  },
};

/** Kernels of TensorFlow.js put in place of, or missing from, those of tfjs-backend-wasm. */
const REPLACED: Record<string, Kernel> = {
  // Its own takes XNNPACK's time without transposition, and a loop without SIMD with any: all gradients have one.
  BatchMatMul(heap, { a, b }, { transposeA, transposeB }) {
    const [outerA, outerB] = [a!.shape.slice(0, -2), b!.shape.slice(0, -2)];
    const outer = tf.backend_util.assertAndGetBroadcastShape(outerA, outerB);
    const [m, k] = lastTwo(a!, transposeA);
    const [, n] = lastTwo(b!, transposeB);
    const out = heap.make([...outer, m, n]);
    const transposed = { transposeA: Boolean(transposeA), transposeB: Boolean(transposeB) };
    const [startA, startB, startC] = [heap.at(a), heap.at(b), heap.at(out)];
    const [placesA, placesB] = [places(outerA, outer), places(outerB, outer)];
    for (let batch = 0; batch < placesA.length; batch++) {
      const [left, right, into] = [placesA[batch]! * m * k, placesB[batch]! * k * n, batch * m * n];
      const offsets = { a: startA + 4 * left, b: startB + 4 * right, c: startC + 4 * into };
      product(heap, { ...offsets, ...transposed, bias: 0, m, n, k });
    }
    return out;
  },

  // Its own copies, and the tape clones all that a gradient needs.
  Identity(heap, { x }) {
    return heap.share(x!);
  },

  // Not there at all: the gradient of tf.gather.
  UnsortedSegmentSum(heap, { x, segmentIds }, { numSegments }) {
    const out = addRows(heap, x!, segmentIds!, numSegments!);
    return { ...out, shape: [numSegments!, ...x!.shape.slice(segmentIds!.shape.length)] };
  },
};

let opened: WasmHeap | undefined;

/** Registers all of the above for the active back end, which must be "wasm". */
export function registerWasmKernels(): void {
  opened = new WasmHeap(tf.backend() as unknown as WasmBackend);
  for (const [kernelName, run] of Object.entries({ ...CORDON, ...REPLACED })) {
    if (tf.getKernel(kernelName, "wasm") !== undefined) tf.unregisterKernel(kernelName, "wasm");
    const kernelFunc = ({ inputs, attrs }: { inputs: unknown; attrs?: unknown }) =>
      run(opened!, inputs as Inputs, (attrs ?? {}) as Attributes) as never;
    tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc });
  }
}

function product(heap: WasmHeap, operands: Parameters<typeof multiply>[3]): void {
  multiply(heap.functions, heap.memory, heap.scratch, operands);
}

/** out[ids[i]] += x[i], in the order of i: the same bytes always. Ids out of range are left out, as in TensorFlow. */
function addRows(heap: WasmHeap, x: TensorInfo, ids: TensorInfo, rows: number): TensorInfo {
  const places = heap.ints(ids);
  const width = sizeOf(x.shape) / places.length;
  const out = heap.makeZeros([rows, width]);
  const [from, into] = [heap.at(x), heap.at(out)];
  const addRow = heap.functions["addRow"]!;
  heap.ints(ids).forEach((id, i) => {
    if (id >= 0 && id < rows) addRow(into + 4 * id * width, from + 4 * i * width, width);
  });
  return out;
}

function lastTwo(tensor: TensorInfo, transposed: unknown): [number, number] {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** For each matrix of the broadcast batch `outer`, which one of a batch of shape `own` it is. */
function places(own: readonly number[], outer: readonly number[]): Int32Array {
  const list = new Int32Array(sizeOf(outer));
  const missing = outer.length - own.length;
  for (let i = 0; i < list.length; i++) {
    let [rest, place, step] = [i, 0, 1];
    for (let axis = outer.length - 1; axis >= missing; axis--) {
      const size = own[axis - missing]!;
      if (size !== 1) place += (rest % outer[axis]!) * step;
      step *= size;
      rest = Math.floor(rest / outer[axis]!);
    }
    list[i] = place;
  }
  return list;
}
