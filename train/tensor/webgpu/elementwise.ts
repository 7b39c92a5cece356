// WGSL of the kernels that take a value a thread: GELU, dropout, rotary positions, AdamW; and sums over rows, a column a thread.
import { GELU_TANH } from "#train/tensor/ops";
import type { Program } from "./program.ts";

export const THREADS = 64;
/** Rows that one thread of a sum over rows adds up; what is left is summed again. */
export const SUMMED_ROWS = 64;

const NORMAL = `
fn density(x: f32) -> f32 { return exp(-0.5 * x * x); }
// Abramowitz and Stegun 7.1.26 at |x|/√2.
fn normal(x: f32) -> f32 {
  let t = 1.0 / (1.0 + ${0.3275911 * Math.SQRT1_2} * abs(x));
  let tail = 0.5 * density(x) * t
    * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return select(1.0 - tail, tail, x < 0.0);
}
// Beyond 15 tanh is ±1 in float32, and some drivers' own is NaN.
fn gate(x: f32) -> f32 {
  return tanh(clamp(x * (${GELU_TANH.factor} + ${GELU_TANH.factor * GELU_TANH.cubic} * x * x), -15.0, 15.0));
}
fn gelu_exact(x: f32) -> f32 { return x * normal(x); }
fn gelu_tanh(x: f32) -> f32 { return 0.5 * x * (1.0 + gate(x)); }
fn slope_exact(x: f32) -> f32 { return normal(x) + x * density(x) * ${1 / Math.sqrt(2 * Math.PI)}; }
fn slope_tanh(x: f32) -> f32 {
  let g = gate(x);
  return 0.5 * (1.0 + g) + 0.5 * x * (1.0 - g * g) * (${GELU_TANH.factor} + ${3 * GELU_TANH.factor * GELU_TANH.cubic} * x * x);
}`;

const SIZE = "if (place >= uniforms.size) { return; }";
const shared = { uniforms: ["size: u32"], workgroupSize: [THREADS, 1] } as const;

export function geluProgram(exact: boolean): Program {
  const form = exact ? "exact" : "tanh";
  return {
    ...shared,
    name: `gelu_${form}`,
    reads: ["x"],
    writes: ["y"],
    declarations: NORMAL,
    body: `${SIZE} y[place] = gelu_${form}(x[place]);`,
  };
}

export function geluGradProgram(exact: boolean): Program {
  const form = exact ? "exact" : "tanh";
  const body = `${SIZE} dx[place] = dy[place] * slope_${form}(x[place]);`;
  return { ...shared, name: `gelu_grad_${form}`, reads: ["dy", "x"], writes: ["dx"], declarations: NORMAL, body };
}

/** The mask's formula is dropout.ts's. */
export const DROPOUT: Program = {
  ...shared,
  name: "dropout",
  reads: ["x"],
  writes: ["y"],
  uniforms: ["size: u32", "seed: u32", "bound: u32", "kept: f32"],
  body: `${SIZE}
  var h = place * 0x9e3779b9u + uniforms.seed;
  h = (h ^ (h >> 16u)) * 0x21f0aaadu;
  h = (h ^ (h >> 15u)) * 0x735a2d97u;
  h = h ^ (h >> 15u);
  y[place] = select(x[place] * uniforms.kept, 0.0, h < uniforms.bound);`,
};

export const ROTARY: Program = {
  ...shared,
  name: "rotary",
  reads: ["x", "cosine", "sine"],
  writes: ["y"],
  uniforms: ["size: u32", "period: u32", "half: u32", "sign: f32"],
  body: `${SIZE}
  let angle = place % uniforms.period;
  let is_first = place % (2u * uniforms.half) < uniforms.half;
  let partner = select(place - uniforms.half, place + uniforms.half, is_first);
  y[place] = x[place] * cosine[angle] + x[partner] * sine[angle] * select(uniforms.sign, -uniforms.sign, is_first);`,
};

/** adamw.ts has the formula. */
export const ADAMW: Program = {
  ...shared,
  name: "adamw",
  reads: ["gradient", "clip"],
  writes: ["variable", "m", "v"],
  uniforms: ["size: u32", "beta1: f32", "beta2: f32", "epsilon: f32", "step_size: f32", "root: f32", "kept: f32"],
  body: `${SIZE}
  let g = gradient[place] * clip[0];
  let first = uniforms.beta1 * m[place] + (1.0 - uniforms.beta1) * g;
  let second = uniforms.beta2 * v[place] + (1.0 - uniforms.beta2) * g * g;
  m[place] = first;
  v[place] = second;
  variable[place] = variable[place] * uniforms.kept - uniforms.step_size * first / (sqrt(second) / uniforms.root + uniforms.epsilon);`,
};

const COLUMN = `
  if (place >= uniforms.width * uniforms.blocks) { return; }
  let column = place % uniforms.width;
  let block = place / uniforms.width;
  let end = min(uniforms.rows, (block + 1u) * ${SUMMED_ROWS}u);`;
const columns = { uniforms: ["rows: u32", "width: u32", "blocks: u32"], workgroupSize: [THREADS, 1] } as const;

/** x (rows, width) → sums (blocks, width), each of SUMMED_ROWS rows. */
export const COLUMN_SUM: Program = {
  ...columns,
  name: "columnSum",
  reads: ["x"],
  writes: ["sums"],
  body: `${COLUMN}
  var sum = 0.0;
  for (var r = block * ${SUMMED_ROWS}u; r < end; r++) { sum += x[r * uniforms.width + column]; }
  sums[place] = sum;`,
};

/** The same sums of dy·normal(x) and of dy, for layer normalisation's gamma and beta. */
export const LAYER_NORM_COLUMNS: Program = {
  ...columns,
  name: "layerNormColumns",
  reads: ["dy", "x", "mean", "scale"],
  writes: ["dgamma", "dbeta"],
  body: `${COLUMN}
  var along = 0.0;
  var even = 0.0;
  for (var r = block * ${SUMMED_ROWS}u; r < end; r++) {
    let g = dy[r * uniforms.width + column];
    even += g;
    along += g * (x[r * uniforms.width + column] - mean[r]) * scale[r];
  }
  dgamma[place] = along;
  dbeta[place] = even;`,
};

/** For each token: the next token of the same id (or `count`), and whether it is the first of its id. */
export const TOKEN_CHAINS: Program = {
  ...shared,
  name: "tokenChains",
  reads: ["ids: i32"],
  writes: ["chains: vec2u"],
  uniforms: ["count: u32"],
  body: `if (place >= uniforms.count) { return; }
  let id = ids[place];
  var next = place + 1u;
  while (next < uniforms.count && ids[next] != id) { next++; }
  var before = 0u;
  while (ids[before] != id) { before++; }
  chains[place] = vec2u(next, u32(before == place));`,
};

/** Row of a token's id ← Σ dy along its chain, by the first token of the chain; `out` is zero before. No atomics: the order is the tokens'. */
export const EMBEDDING_GRAD: Program = {
  ...shared,
  name: "embeddingGrad",
  reads: ["dy", "ids: i32", "chains: vec2u"],
  writes: ["out"],
  uniforms: ["count: u32", "width: u32", "rows: u32"],
  body: `if (row >= uniforms.count || chains[row].y == 0u) { return; }
  let id = ids[row];
  if (id < 0 || u32(id) >= uniforms.rows) { return; }
  for (var i = local; i < uniforms.width; i += ${THREADS}u) {
    var sum = 0.0;
    for (var token = row; token < uniforms.count; token = chains[token].x) { sum += dy[token * uniforms.width + i]; }
    out[u32(id) * uniforms.width + i] = sum;
  }`,
};
