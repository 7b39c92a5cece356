// WGSL of matrix multiplication, C = op(A)·op(B) + bias by batch, float32. A workgroup of 16×16 threads makes a square tile of C, each thread
// `reach`² values 16 apart (neighbours read and write neighbouring places); slices of A and B pass through shared memory. Sums have a fixed order:
// TensorFlow.js's own kernel for few rows and a long inner side adds with atomics, so its last bits change from run to run.
import type { Program } from "./program.ts";

const SIDE = 16;
const DEPTH = 16;
/** Tiles below which smaller ones are taken, so that a large device has something to do. */
const ENOUGH_TILES = 128;

export interface Shape {
  m: number;
  n: number;
  k: number;
  batch: number;
}

/** How a product is cut: values a thread and axis, and into how many parts the inner side is (their sums are added after). */
export interface Cut {
  reach: 1 | 2 | 4 | 8;
  parts: number;
}

export function cutFor({ m, n, k, batch }: Shape): Cut {
  const tiles = (reach: number): number => Math.ceil(m / (SIDE * reach)) * Math.ceil(n / (SIDE * reach)) * batch;
  const reach =
    ([8, 4, 2] as const).find((reach) => tiles(reach) >= ENOUGH_TILES && Math.min(m, n) >= 8 * reach) ?? (Math.min(m, n) > 8 ? 2 : 1);
  const parts = batch === 1 && tiles(reach) < ENOUGH_TILES && k >= 1024 ? Math.min(16, Math.ceil(k / 256)) : 1;
  return { reach, parts };
}

/** Workgroups along each axis: columns, rows, batch × parts. */
export function gridFor({ m, n, batch }: Shape, { reach, parts }: Cut): [number, number, number] {
  return [Math.ceil(n / (SIDE * reach)), Math.ceil(m / (SIDE * reach)), batch * parts];
}

export function gemmProgram(reach: Cut["reach"], transposeA: boolean, transposeB: boolean, withBias: boolean): Program {
  const tile = SIDE * reach;
  // One more than the tile a line: threads that store down a column then meet different banks.
  const line = tile + 1;
  const each = (count: number, body: (at: number) => string): string => Array.from({ length: count }, (_, at) => body(at)).join("\n    ");
  // Threads that follow each other read values that follow each other, along whichever side is contiguous.
  const load = (into: string, source: string, start: string, limit: string, stride: string, alongDepth: boolean): string =>
    each(
      reach,
      (turn) => `{
      let at = local + ${turn * SIDE * SIDE}u;
      let depth = ${alongDepth ? `at % ${DEPTH}u` : `at / ${tile}u`};
      let across = ${alongDepth ? `at / ${DEPTH}u` : `at % ${tile}u`};
      let inside = ${start} + across < ${limit} && slice + depth < to;
      let index = ${alongDepth ? `(${start} + across) * ${stride} + slice + depth` : `(slice + depth) * ${stride} + ${start} + across`};
      var value = 0.0;
      if (inside) { value = ${source}[${source}_start + index]; }
      ${into}[depth * ${line}u + across] = value;
    }`,
    );
  const grid = (body: (r: number, c: number) => string): string => each(reach, (r) => each(reach, (c) => body(r, c)));
  return {
    name: `gemm${reach}${transposeA ? "T" : "N"}${transposeB ? "T" : "N"}${withBias ? "b" : ""}`,
    reads: ["a", "b", ...(withBias ? ["bias"] : [])],
    writes: ["c"],
    uniforms: ["m: u32", "n: u32", "k: u32", "part: u32", "parts: u32", "stride_a: u32", "stride_b: u32"],
    workgroupSize: [SIDE, SIDE],
    declarations: `var<workgroup> left: array<f32, ${line * DEPTH}>;\nvar<workgroup> right: array<f32, ${line * DEPTH}>;`,
    body: `
  let row_start = group.y * ${tile}u;
  let column_start = group.x * ${tile}u;
  let a_start = (group.z / uniforms.parts) * uniforms.stride_a;
  let b_start = (group.z / uniforms.parts) * uniforms.stride_b;
  let first = (group.z % uniforms.parts) * uniforms.part;
  let to = min(uniforms.k, first + uniforms.part);
  ${grid((r, c) => `var sum_${r}_${c} = 0.0;`)}
  for (var slice = first; slice < to; slice += ${DEPTH}u) {
    ${load("left", "a", "row_start", "uniforms.m", transposeA ? "uniforms.m" : "uniforms.k", !transposeA)}
    ${load("right", "b", "column_start", "uniforms.n", transposeB ? "uniforms.k" : "uniforms.n", transposeB)}
    workgroupBarrier();
    for (var depth = 0u; depth < ${DEPTH}u; depth++) {
    ${each(reach, (r) => `let x_${r} = left[depth * ${line}u + thread.y + ${r * SIDE}u];`)}
    ${each(reach, (c) => `let y_${c} = right[depth * ${line}u + thread.x + ${c * SIDE}u];`)}
    ${grid((r, c) => `sum_${r}_${c} = fma(x_${r}, y_${c}, sum_${r}_${c});`)}
    }
    workgroupBarrier();
  }
  let c_start = group.z * uniforms.m * uniforms.n;
  ${grid(
    (r, c) => `if (row_start + thread.y + ${r * SIDE}u < uniforms.m && column_start + thread.x + ${c * SIDE}u < uniforms.n) {
      let column = column_start + thread.x + ${c * SIDE}u;
      c[c_start + (row_start + thread.y + ${r * SIDE}u) * uniforms.n + column] = sum_${r}_${c}${withBias ? " + bias[column]" : ""};
    }`,
  )}`,
  };
}
