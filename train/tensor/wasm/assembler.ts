// A WebAssembly assembler, as much of one as SIMD kernels need: expressions are byte arrays that these functions join, so a kernel reads as the
// arithmetic that it does and the module is made at start, without a compiler to install. Encodings: the core specification 2.0 with SIMD
// (https://webassembly.github.io/spec/core/binary/) and, for the fused multiply-add, relaxed SIMD.

/** What Cordon uses of WebAssembly's own interface, which TypeScript keeps with the browser's. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (pages: { initial: number }) => WasmMemory;
  Instance: new (module: object, imports: object) => { exports: WasmFunctions };
  validate(bytes: Uint8Array): boolean;
};

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** Memory of its own for a module, zeros, of at least so many bytes. */
export function allocateMemory(bytes: number): WasmMemory {
  return new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) });
}

export type WasmFunctions = Record<string, (...args: number[]) => void>;

/** Bytes of instructions; an expression leaves one value on the stack, a statement none. */
export type Code = readonly number[];
export type ValueType = "i32" | "f32" | "v128";

const TYPE_BYTES = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
const VOID = 0x40;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

const float = (value: number): number[] => [...new Uint8Array(new Float32Array([value]).buffer)];
const section = (id: number, body: Code): number[] => [id, ...unsigned(body.length), ...body];
const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const text = (value: string): number[] => [...unsigned(value.length), ...new TextEncoder().encode(value)];
const memory = (offset: number): number[] => [0, ...unsigned(offset)];

type Unary = (a: Code) => Code;
type Binary = (a: Code, b: Code) => Code;
const unary =
  (...op: number[]): Unary =>
  (a) => [...a, ...op];
const binary =
  (...op: number[]): Binary =>
  (a, b) => [...a, ...b, ...op];
/** Opcodes behind the prefix of SIMD. */
const simd = (op: number): number[] => [0xfd, ...unsigned(op)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: (pointer: Code, offset = 0): Code => [...pointer, 0x28, ...memory(offset)],
  store: (pointer: Code, value: Code, offset = 0): Code => [...pointer, ...value, 0x36, ...memory(offset)],
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  xor: binary(0x73),
  shl: binary(0x74),
  shrU: binary(0x76),
  lt: binary(0x48),
  ltU: binary(0x49),
  eqz: unary(0x45),
};

export const f32 = {
  const: (value: number): Code => [0x43, ...float(value)],
  load: (pointer: Code, offset = 0): Code => [...pointer, 0x2a, ...memory(offset)],
  store: (pointer: Code, value: Code, offset = 0): Code => [...pointer, ...value, 0x38, ...memory(offset)],
  fromInt: unary(0xb2),
  sqrt: unary(0x91),
  add: binary(0x92),
  sub: binary(0x93),
  mul: binary(0x94),
  div: binary(0x95),
  max: binary(0x97),
};

/** Four floats at once; `i…` are four 32-bit integers. */
export const v128 = {
  load: (pointer: Code, offset = 0): Code => [...pointer, ...simd(0x00), ...memory(offset)],
  loadSplat: (pointer: Code, offset = 0): Code => [...pointer, ...simd(0x09), ...memory(offset)],
  store: (pointer: Code, value: Code, offset = 0): Code => [...pointer, ...value, ...simd(0x0b), ...memory(offset)],
  splat: unary(...simd(0x13)),
  isplat: unary(...simd(0x11)),
  const: (value: number): Code => [...simd(0x0c), ...float(value), ...float(value), ...float(value), ...float(value)],
  iconst: (a: number, b = a, c = a, d = a): Code => [...simd(0x0c), ...new Uint8Array(new Int32Array([a, b, c, d]).buffer)],
  lane: (a: Code, lane: number): Code => [...a, ...simd(0x1f), lane],
  /** Lanes of a (0–3) and b (4–7), picked in order. */
  shuffle: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code => [
    ...a,
    ...b,
    ...simd(0x0d),
    ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
  ],
  /** Bits of a where the mask has ones, else of b. */
  select: (a: Code, b: Code, mask: Code): Code => [...a, ...b, ...mask, ...simd(0x52)],
  and: binary(...simd(0x4e)),
  andNot: binary(...simd(0x4f)),
  xor: binary(...simd(0x51)),
  lt: binary(...simd(0x43)),
  abs: unary(...simd(0xe0)),
  neg: unary(...simd(0xe1)),
  sqrt: unary(...simd(0xe3)),
  add: binary(...simd(0xe4)),
  sub: binary(...simd(0xe5)),
  mul: binary(...simd(0xe6)),
  div: binary(...simd(0xe7)),
  /** b < a ? b : a and a < b ? b : a: one instruction each, unlike WebAssembly's min and max. */
  pmin: binary(...simd(0xea)),
  pmax: binary(...simd(0xeb)),
  iadd: binary(...simd(0xae)),
  imul: binary(...simd(0xb5)),
  ltU: binary(...simd(0x3a)),
  ishl: (a: Code, bits: number): Code => [...a, 0x41, ...signed(bits), ...simd(0xab)],
  ishrU: (a: Code, bits: number): Code => [...a, 0x41, ...signed(bits), ...simd(0xad)],
  /** a·b + c in one rounding where the processor has it, in two where it has not. */
  relaxedMadd: (a: Code, b: Code, c: Code): Code => [...a, ...b, ...c, ...simd(0x105)],
};

/** A local variable or parameter. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** `while (condition) body`, the condition at the end of each turn. */
export function whileLoop(condition: Code, ...body: Code[]): Code {
  return ifThen(condition, [0x03, VOID, ...body.flat(), ...condition, 0x0d, 0, 0x0b]);
}

export function ifThen(condition: Code, yes: Code, no?: Code): Code {
  return [...condition, 0x04, VOID, ...yes, ...(no === undefined ? [] : [0x05, ...no]), 0x0b];
}

/** A module of exported functions over one imported memory, "env"."memory". */
export class Assembler {
  readonly #functions: { name: string; parameters: ValueType[]; locals: ValueType[]; body: Code }[] = [];

  /** Adds a function without a result. `write` gets its parameters and a maker of locals and returns its statements. */
  add(name: string, parameters: readonly ValueType[], write: (parameters: Local[], local: (type: ValueType) => Local) => Code[]): this {
    const locals: ValueType[] = [];
    const at = (index: number): Local => ({
      get: [0x20, ...unsigned(index)],
      set: (value) => [...value, 0x21, ...unsigned(index)],
    });
    const local = (type: ValueType): Local => at(parameters.length + locals.push(type) - 1);
    const body = write(
      parameters.map((_, i) => at(i)),
      local,
    ).flat();
    this.#functions.push({ name, parameters: [...parameters], locals, body });
    return this;
  }

  /** The call of a function of this module as a statement. */
  call(name: string, ...args: Code[]): Code {
    const index = this.#functions.findIndex((f) => f.name === name);
    if (index === -1) throw new Error(`call: requires a function added before, got ${name}`);
    return [...args.flat(), 0x10, ...unsigned(index)];
  }

  /** True where the engine knows all instructions of the module. */
  isValid(): boolean {
    return WebAssembly.validate(this.bytes());
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const all = this.#functions;
    const types = all.map(({ parameters }) => [0x60, ...vector(parameters.map((type) => [TYPE_BYTES[type]])), 0]);
    const codes = all.map(({ locals, body }) => {
      const code = [...vector(locals.map((type) => [1, TYPE_BYTES[type]])), ...body, 0x0b];
      return [...unsigned(code.length), ...code];
    });
    return new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, vector(types)),
      ...section(2, vector([[...text("env"), ...text("memory"), 2, 0, 0]])),
      ...section(3, vector(all.map((_, i) => unsigned(i)))),
      ...section(7, vector(all.map(({ name }, i) => [...text(name), 0, ...unsigned(i)]))),
      ...section(10, vector(codes)),
    ]);
  }

  /** Compiles and links the module; each function is called with byte offsets into `memory`. */
  instantiate(memory: WasmMemory): WasmFunctions {
    return new WebAssembly.Instance(new WebAssembly.Module(this.bytes()), { env: { memory } }).exports;
  }
}
