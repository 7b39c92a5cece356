// Joins two stages' logits of a label: p = σ(a · first + b · second + c), a logistic regression on two features by Newton's
// method, with Platt's smoothed targets (Platt, 1999; Lin, Lin & Weng, 2007) and neither slope below 0: a stage whose rise
// would lower the score counts for nothing instead.
import type { Combination } from "#models/manifest";
import { fitPlatt, MIN_CALIBRATION_ROWS } from "#train/calibration";

type Joined = NonNullable<Combination["both"]>;

/** On the Hessian's diagonal, by row: two stages may agree so well that it is singular without. */
const RIDGE = 1e-9;
const ITERATIONS = 100;

/**
 * @param first (n) logits @param second (n) logits @param labels (n) 0 or 1, aligned
 * @returns null where a class has fewer than MIN_CALIBRATION_ROWS rows, or neither stage's logits rise with the label
 */
export function fitCombination(first: readonly number[], second: readonly number[], labels: readonly number[]): Joined | null {
  const positives = labels.reduce((sum, y) => sum + y, 0);
  if (positives < MIN_CALIBRATION_ROWS || labels.length - positives < MIN_CALIBRATION_ROWS) return null;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (labels.length - positives + 2);
  const targets = labels.map((y) => (y ? high : low));
  const loss = ({ first: a, second: b, intercept }: Joined) =>
    targets.reduce((sum, t, i) => {
      const z = a * first[i]! + b * second[i]! + intercept;
      return sum + Math.max(z, 0) - t * z + Math.log1p(Math.exp(-Math.abs(z)));
    }, 0);

  const free = newton(first, second, targets, loss);
  if (free.first >= 0 && free.second >= 0 && Object.values(free).every(Number.isFinite)) return free;
  // The loss is convex: its minimum under the bounds lies on one of them.
  const alone = [fitPlatt(first, labels), fitPlatt(second, labels)];
  const [byFirst, bySecond] = [
    alone[0] && { first: alone[0].slope, second: 0, intercept: alone[0].intercept },
    alone[1] && { first: 0, second: alone[1].slope, intercept: alone[1].intercept },
  ];
  if (byFirst == null || bySecond == null) return byFirst ?? bySecond ?? null;
  return loss(byFirst) < loss(bySecond) ? byFirst : bySecond;
}

function newton(first: readonly number[], second: readonly number[], targets: readonly number[], loss: (at: Joined) => number): Joined {
  let at: Joined = { first: 0.5, second: 0.5, intercept: 0 };
  let current = loss(at);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const gradient = [0, 0, 0];
    const ridge = RIDGE * targets.length;
    const hessian = [
      [ridge, 0, 0],
      [0, ridge, 0],
      [0, 0, ridge],
    ];
    targets.forEach((target, i) => {
      const x = [first[i]!, second[i]!, 1];
      const p = 1 / (1 + Math.exp(-(at.first * x[0]! + at.second * x[1]! + at.intercept)));
      for (let r = 0; r < 3; r++) {
        gradient[r]! += (p - target) * x[r]!;
        for (let c = 0; c < 3; c++) hessian[r]![c]! += p * (1 - p) * x[r]! * x[c]!;
      }
    });
    if (gradient.reduce((sum, g) => sum + Math.abs(g), 0) < 1e-7 * targets.length) break;
    const step = solve3(hessian, gradient);
    let stride = 1;
    let next = stepped(at, step, stride);
    while (!(loss(next) < current) && stride > 1e-10) next = stepped(at, step, (stride /= 2));
    if (!(loss(next) < current)) break;
    at = next;
    current = loss(at);
  }
  return at;
}

function stepped({ first, second, intercept }: Joined, [a, b, c]: readonly [number, number, number], stride: number): Joined {
  return { first: first - stride * a, second: second - stride * b, intercept: intercept - stride * c };
}

/** Solves A x = b for a symmetric positive definite A (3, 3), by Cramer's rule. */
function solve3(A: readonly (readonly number[])[], b: readonly number[]): [number, number, number] {
  const det = (m: readonly (readonly number[])[]) =>
    m[0]![0]! * (m[1]![1]! * m[2]![2]! - m[1]![2]! * m[2]![1]!) -
    m[0]![1]! * (m[1]![0]! * m[2]![2]! - m[1]![2]! * m[2]![0]!) +
    m[0]![2]! * (m[1]![0]! * m[2]![1]! - m[1]![1]! * m[2]![0]!);
  const whole = det(A);
  const column = (at: number) => det(A.map((row, r) => row.map((value, c) => (c === at ? b[r]! : value)))) / whole;
  return [column(0), column(1), column(2)];
}
