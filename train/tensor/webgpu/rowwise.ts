// WGSL of the kernels that take a row a workgroup: layer normalisation, softmax and their gradients. Sums run over a tree of fixed shape, so the
// same device gives the same bytes.
import type { Program } from "./program.ts";

const THREADS = 128;

/** `total(value)`: the sum (or `highest`: the maximum) of one value a thread, for all threads. */
const REDUCE = `
var<workgroup> shared_values: array<f32, ${THREADS}>;
${["total:a + b", "highest:max(a, b)"]
  .map((pair) => {
    const [name, joined] = pair.split(":");
    return `fn ${name}(value: f32, local: u32) -> f32 {
  shared_values[local] = value;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half >>= 1u) {
    if (local < half) {
      let a = shared_values[local];
      let b = shared_values[local + half];
      shared_values[local] = ${joined};
    }
    workgroupBarrier();
  }
  let result = workgroupUniformLoad(&shared_values[0]);
  workgroupBarrier();
  return result;
}`;
  })
  .join("\n")}`;

const eachColumn = (body: string): string => `for (var i = local; i < uniforms.width; i += ${THREADS}u) { ${body} }`;
const ROW = "if (row >= uniforms.rows) { return; }\n  let start = row * uniforms.width;";

export function layerNormProgram(withBeta: boolean): Program {
  return {
    name: `layerNorm${withBeta ? "" : "WithoutBeta"}`,
    reads: ["x", "gamma", ...(withBeta ? ["beta"] : [])],
    writes: ["y", "mean", "scale"],
    uniforms: ["rows: u32", "width: u32", "eps: f32"],
    workgroupSize: [THREADS, 1],
    declarations: REDUCE,
    body: `  ${ROW}
  var sum = 0.0;
  ${eachColumn("sum += x[start + i];")}
  let centre = total(sum, local) / f32(uniforms.width);
  var squares = 0.0;
  ${eachColumn("let d = x[start + i] - centre; squares += d * d;")}
  let spread = 1.0 / sqrt(total(squares, local) / f32(uniforms.width) + uniforms.eps);
  ${eachColumn(`y[start + i] = (x[start + i] - centre) * spread * gamma[i]${withBeta ? " + beta[i]" : ""};`)}
  if (local == 0u) { mean[row] = centre; scale[row] = spread; }`,
  };
}

/** dx alone: dgamma and dbeta are sums over rows (columns.ts). */
export const LAYER_NORM_GRAD: Program = {
  name: "layerNormGrad",
  reads: ["dy", "x", "gamma", "mean", "scale"],
  writes: ["dx"],
  uniforms: ["rows: u32", "width: u32"],
  workgroupSize: [THREADS, 1],
  declarations: REDUCE,
  body: `  ${ROW}
  let centre = mean[row];
  let spread = scale[row];
  var even = 0.0;
  var along = 0.0;
  ${eachColumn("let g = dy[start + i] * gamma[i]; even += g; along += g * (x[start + i] - centre) * spread;")}
  even = total(even, local) / f32(uniforms.width);
  along = total(along, local) / f32(uniforms.width);
  ${eachColumn("dx[start + i] = (dy[start + i] * gamma[i] - even - (x[start + i] - centre) * spread * along) * spread;")}`,
};

export function softmaxProgram(withMask: boolean): Program {
  // The mask's row of (batch, heads, rows, columns): strides are 0 where the mask has one for all.
  const place = `let mask_start = (row / (uniforms.heads * uniforms.length)) * uniforms.stride_batch
    + (row / uniforms.length % uniforms.heads) * uniforms.stride_head + (row % uniforms.length) * uniforms.stride_row;`;
  const score = `scores[start + i] * uniforms.scale${withMask ? " + mask[mask_start + i]" : ""}`;
  return {
    name: `softmax${withMask ? "" : "WithoutMask"}`,
    reads: ["scores", ...(withMask ? ["mask"] : [])],
    writes: ["y"],
    uniforms: [
      "rows: u32",
      "width: u32",
      "scale: f32",
      "heads: u32",
      "length: u32",
      "stride_batch: u32",
      "stride_head: u32",
      "stride_row: u32",
    ],
    workgroupSize: [THREADS, 1],
    declarations: REDUCE,
    body: `  ${ROW}
  ${withMask ? place : ""}
  var peak = -3.4e38;
  ${eachColumn(`peak = max(peak, ${score});`)}
  peak = highest(peak, local);
  var sum = 0.0;
  ${eachColumn(`let e = exp(${score} - peak); y[start + i] = e; sum += e;`)}
  let share = 1.0 / total(sum, local);
  ${eachColumn("y[start + i] *= share;")}`,
  };
}

export const SOFTMAX_GRAD: Program = {
  name: "softmaxGrad",
  reads: ["dy", "y"],
  writes: ["dx"],
  uniforms: ["rows: u32", "width: u32", "scale: f32"],
  workgroupSize: [THREADS, 1],
  declarations: REDUCE,
  body: `  ${ROW}
  var along = 0.0;
  ${eachColumn("along += dy[start + i] * y[start + i];")}
  along = total(along, local);
  ${eachColumn("dx[start + i] = y[start + i] * (dy[start + i] - along) * uniforms.scale;")}`,
};

/** Each workgroup sums the squares of one share of x; run again on the sums with `square` 0, until one is left. */
export const SQUARE_SUM: Program = {
  name: "squareSum",
  reads: ["x"],
  writes: ["sums"],
  uniforms: ["size: u32", "share: u32", "square: u32"],
  workgroupSize: [THREADS, 1],
  declarations: REDUCE,
  body: `  let end = min(uniforms.size, (row + 1u) * uniforms.share);
  var sum = 0.0;
  for (var i = row * uniforms.share + local; i < end; i += ${THREADS}u) {
    let v = x[i];
    sum += select(v, v * v, uniforms.square == 1u);
  }
  sum = total(sum, local);
  if (local == 0u) { sums[row] = sum; }`,
};
