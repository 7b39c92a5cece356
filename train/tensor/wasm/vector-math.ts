// Pieces of SIMD code that the kernels share: loops over rows of any width, exponential and error functions of four floats.
import { f32, i32, ifThen, v128, whileLoop, type Code, type Local, type ValueType } from "./assembler.ts";

export type NewLocal = (type: ValueType) => Local;

/**
 * Runs `body(offset)` for each four floats of `count` and, where some are left over, `tail(offset, mask)` once: `offset` is in bytes, `mask` has
 * ones in the lanes inside. A load may run over the end, which the allocator's own records make harmless; a store must not (`storeTail`).
 */
export function eachFour(count: Code, local: NewLocal, body: (offset: Code) => Code[], tail: (offset: Code, mask: Code) => Code[]): Code {
  const [offset, end, mask] = [local("i32"), local("i32"), local("v128")];
  return [
    ...offset.set(i32.const(0)),
    ...end.set(i32.shl(i32.and(count, i32.const(-4)), i32.const(2))),
    ...whileLoop(i32.lt(offset.get, end.get), ...body(offset.get), offset.set(i32.add(offset.get, i32.const(16)))),
    ...ifThen(i32.and(count, i32.const(3)), [
      ...mask.set(v128.ltU(v128.iconst(0, 1, 2, 3), v128.isplat(i32.and(count, i32.const(3))))),
      ...tail(offset.get, mask.get).flat(),
    ]),
  ];
}

/** Stores the first count mod 4 lanes of a vector. */
export function storeTail(pointer: Code, value: Local, count: Code): Code {
  const rest = i32.and(count, i32.const(3));
  return [0, 1, 2].flatMap((lane) => ifThen(i32.lt(i32.const(lane), rest), f32.store(pointer, v128.lane(value.get, lane), 4 * lane)));
}

/** a + b + c + d of a vector, always in the same order. */
export function sumLanes(value: Local): Code {
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => v128.lane(value.get, lane)) as [Code, Code, Code, Code];
  return f32.add(f32.add(a, b), f32.add(c, d));
}

export function maxLanes(value: Local): Code {
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => v128.lane(value.get, lane)) as [Code, Code, Code, Code];
  return f32.max(f32.max(a, b), f32.max(c, d));
}

const polynomial = (x: Code, [highest, ...rest]: readonly [number, ...number[]]): Code =>
  rest.reduce((sum: Code, factor) => v128.add(v128.mul(sum, x), v128.const(factor)), v128.const(highest));

/** Added to a float below 2²², it leaves the nearest whole number in the last bits. */
const ROUNDER = 1.5 * 2 ** 23;

/**
 * x ← e^x, to 2 ulp over [−87, 88], 0 below and e^88 above; NaN stays NaN (Cephes expf, Moshier;
 * the split of ln 2 and the factors are his).
 */
export function exponential(x: Local, local: NewLocal): Code[] {
  const [power, low, vanished] = [local("v128"), local("v128"), local("v128")];
  const whole = (): Code => v128.sub(power.get, v128.const(ROUNDER));
  return [
    vanished.set(v128.lt(x.get, v128.const(-87))),
    x.set(v128.pmax(v128.pmin(x.get, v128.const(88)), v128.const(-87))),
    power.set(v128.add(v128.mul(x.get, v128.const(Math.LOG2E)), v128.const(ROUNDER))),
    low.set(v128.sub(v128.sub(x.get, v128.mul(whole(), v128.const(0.693359375))), v128.mul(whole(), v128.const(-2.1219444e-4)))),
    x.set(polynomial(low.get, [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1])),
    x.set(v128.add(v128.add(v128.mul(x.get, v128.mul(low.get, low.get)), low.get), v128.const(1))),
    // Shifted by 23, those last bits add to the exponent.
    x.set(v128.andNot(v128.iadd(x.get, v128.ishl(power.get, 23)), vanished.get)),
  ];
}

/**
 * Φ ← the normal distribution's at x, and density ← e^(−x²/2): Abramowitz and Stegun 7.1.26, off by at most 8e-8 (TensorFlow.js's own erf is
 * the same formula). Φ and density must be other locals than x.
 */
export function normalDistribution(x: Local, phi: Local, density: Local, local: NewLocal): Code[] {
  const t = local("v128");
  return [
    density.set(v128.mul(v128.mul(x.get, x.get), v128.const(-0.5))),
    ...exponential(density, local),
    t.set(v128.div(v128.const(1), v128.add(v128.mul(v128.abs(x.get), v128.const(0.3275911 * Math.SQRT1_2)), v128.const(1)))),
    phi.set(polynomial(t.get, [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592])),
    phi.set(v128.mul(v128.mul(v128.mul(phi.get, t.get), density.get), v128.const(0.5))),
    phi.set(v128.select(phi.get, v128.sub(v128.const(1), phi.get), v128.lt(x.get, v128.const(0)))),
  ];
}

/** x ← tanh x, as 1 − 2 / (e^2x + 1). */
export function hyperbolicTangent(x: Local, local: NewLocal): Code[] {
  return [
    x.set(v128.add(x.get, x.get)),
    ...exponential(x, local),
    x.set(v128.sub(v128.const(1), v128.div(v128.const(2), v128.add(x.get, v128.const(1))))),
  ];
}
