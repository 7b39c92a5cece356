// Cordon's own WebAssembly module inside the memory of tfjs-backend-wasm: both see the same tensors, nothing is copied.
// Reaches for what that package (4.22) does not name as public: the tensors' places in memory, its allocator and its memory.
import { Assembler, v128, type WasmFunctions, type WasmMemory } from "./assembler.ts";
import { addElementwise } from "./elementwise.ts";
import { addGemm, GEMM_SCRATCH } from "./gemm.ts";
import { addRowwise } from "./rowwise.ts";

export interface TensorInfo {
  dataId: object;
  shape: number[];
  dtype: string;
}

/** The parts of tfjs-backend-wasm's BackendWasm that are used here. */
export interface WasmBackend {
  wasm: { _malloc: (bytes: number) => number; _free: (offset: number) => void; asm: { memory: WasmMemory } };
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  incRef(dataId: object): void;
  makeOutput(shape: readonly number[], dtype: string): TensorInfo;
}

export class WasmHeap {
  readonly functions: WasmFunctions;
  readonly memory: WasmMemory;
  readonly scratch: number;
  readonly #backend: WasmBackend;
  #zeros = { offset: 0, count: 0 };

  constructor(backend: WasmBackend) {
    this.#backend = backend;
    const { wasm } = backend;
    this.memory = wasm.asm?.memory;
    if (!(this.memory?.buffer instanceof ArrayBuffer)) throw new Error("WasmHeap: requires the memory of tfjs-backend-wasm 4.22, got none");
    this.functions = assemble().instantiate(this.memory);
    this.scratch = wasm._malloc(GEMM_SCRATCH);
  }

  /** Byte offset of a tensor's first value. */
  at(tensor: TensorInfo | undefined): number {
    return tensor === undefined ? 0 : this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** The same values under another count of references. */
  share(tensor: TensorInfo): TensorInfo {
    this.#backend.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype };
  }

  /** A new tensor, not cleared. */
  make(shape: readonly number[]): TensorInfo {
    return this.#backend.makeOutput(shape, "float32");
  }

  makeZeros(shape: readonly number[]): TensorInfo {
    const tensor = this.make(shape);
    this.floats(tensor).fill(0);
    return tensor;
  }

  floats(tensor: TensorInfo): Float32Array {
    return new Float32Array(this.memory.buffer, this.at(tensor), sizeOf(tensor.shape));
  }

  ints(tensor: TensorInfo): Int32Array {
    return new Int32Array(this.memory.buffer, this.at(tensor), sizeOf(tensor.shape));
  }

  /** Offset of at least `count` zeros, for a mask or a bias that is not there. */
  zeros(count: number): number {
    if (this.#zeros.count < count) {
      if (this.#zeros.offset !== 0) this.#backend.wasm._free(this.#zeros.offset);
      this.#zeros = { offset: this.#backend.wasm._malloc(4 * count + 16), count };
      new Uint8Array(this.memory.buffer).fill(0, this.#zeros.offset, this.#zeros.offset + 4 * count + 16);
    }
    return this.#zeros.offset;
  }
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The module with fused multiply-adds where the engine has relaxed SIMD (V8 since 2023), else without. */
function assemble(): Assembler {
  const make = (madd: typeof v128.relaxedMadd): Assembler => {
    const assembler = new Assembler();
    addGemm(assembler, madd);
    addElementwise(assembler);
    addRowwise(assembler);
    return assembler;
  };
  const fused = make(v128.relaxedMadd);
  return fused.isValid() ? fused : make((a, b, c) => v128.add(v128.mul(a, b), c));
}
