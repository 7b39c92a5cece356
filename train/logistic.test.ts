import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "#models/random";
import { type DesignMatrix, designMatrix } from "./design-matrix.ts";
import { fitLabels } from "./fit-labels.ts";
import { type LogisticFit, type LogisticOptions, fitLogistic } from "./logistic.ts";

const FEATURES = { bits: 14, charNgrams: null };
const OPTIONS: LogisticOptions = { seed: 1, epochs: 6, learningRate: 0.3, l2: 1e-6 };
const ROWS = 400;

/** Half the texts hold one of the words "bad0" to "bad4" among ordinary ones. */
let matrix: DesignMatrix;
let target: Int8Array;
let weight: Float32Array;
let texts: string[];
beforeAll(() => {
  const random = new Random(1, "toy");
  texts = Array.from({ length: ROWS }, (_, i) => {
    const words = Array.from({ length: 8 }, () => `w${random.below(40)}`);
    if (i % 2 === 1) words[random.below(8)] = `bad${random.below(5)}`;
    return words.join(" ");
  });
  matrix = designMatrix(texts, () => true, FEATURES, 1);
  target = Int8Array.from(texts, (_, i) => i % 2);
  weight = new Float32Array(ROWS).fill(1);
});

function logits(fit: LogisticFit, of: DesignMatrix = matrix): number[] {
  return Array.from({ length: of.rows }, (_, row) => {
    let z = 0;
    for (let k = of.offsets[row]!; k < of.offsets[row + 1]!; k++) z += fit.weights[of.features[k]!]! * of.idf[of.features[k]!]!;
    return z * of.inverseNorm[row]! + fit.bias;
  });
}
/** The rows of a matrix that are marked, as a matrix of their own with the same columns. */
function only(keep: (row: number) => boolean): { matrix: DesignMatrix; rows: number[] } {
  const rows = Array.from({ length: matrix.rows }, (_, row) => row).filter(keep);
  const parts = rows.map((row) => matrix.features.subarray(matrix.offsets[row], matrix.offsets[row + 1]));
  const offsets = Uint32Array.from([0, ...parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, p) => sum + p.length, 0))]);
  const pick = (from: Float32Array) => Float32Array.from(rows, (row) => from[row]!);
  const features = Int32Array.from(parts.flatMap((p) => [...p]));
  return {
    rows,
    matrix: {
      ...matrix,
      rows: rows.length,
      offsets,
      features,
      inverseNorm: pick(matrix.inverseNorm),
      share: pick(matrix.share),
      example: Int32Array.from(rows),
    },
  };
}

describe("fitLogistic", () => {
  test("tells apart what can be told apart", () => {
    const z = logits(fitLogistic(matrix, target, weight, OPTIONS));
    const lowestBad = Math.min(...z.filter((_, i) => target[i] === 1));
    expect(lowestBad).toBeGreaterThan(Math.max(...z.filter((_, i) => target[i] === 0)));
  });

  test("the same seed gives the same bits, another one another order of steps", () => {
    const [a, b, c] = [OPTIONS, OPTIONS, { ...OPTIONS, seed: 2 }].map((options) => fitLogistic(matrix, target, weight, options));
    expect(a).toEqual(b);
    expect(Buffer.compare(Buffer.from(a!.weights.buffer), Buffer.from(c!.weights.buffer))).not.toBe(0);
  });

  test("rows that are unknown, or weigh nothing, do not contribute: the fit is that without them, bit for bit", () => {
    const left = (row: number) => row % 3 !== 0;
    const { matrix: without, rows } = only(left);
    const expected = fitLogistic(
      without,
      Int8Array.from(rows, (row) => target[row]!),
      new Float32Array(rows.length).fill(1),
      OPTIONS,
    );
    const unknown = fitLogistic(
      matrix,
      target.map((t, row) => (left(row) ? t : -1)),
      weight,
      OPTIONS,
    );
    const weightless = fitLogistic(
      matrix,
      target,
      weight.map((w, row) => (left(row) ? w : 0)),
      OPTIONS,
    );
    expect(unknown).toEqual(expected);
    expect(weightless).toEqual(expected);
    expect(fitLogistic(matrix, target, weight, OPTIONS).weights).not.toEqual(expected.weights);
  });

  test("a label whose rows are all unknown does not move", () => {
    const fit = fitLogistic(matrix, new Int8Array(ROWS).fill(-1), weight, OPTIONS);
    expect(fit.bias).toBe(0);
    expect(fit.weights.every((w) => w === 0)).toBe(true);
    expect(fit.validationLoss).toEqual([]);
  });

  test("unknown validation rows are no validation rows", () => {
    const held = weight.map((w, row) => (row >= 300 ? -w : w));
    const masked = target.map((t, row) => (row >= 300 && row < 350 ? -1 : t));
    const { matrix: without, rows } = only((row) => row < 300 || row >= 350);
    expect(fitLogistic(matrix, masked, held, OPTIONS)).toEqual(
      fitLogistic(
        without,
        Int8Array.from(rows, (r) => target[r]!),
        Float32Array.from(rows, (r) => held[r]!),
        OPTIONS,
      ),
    );
  });

  test("a row of twice the weight pulls as two rows of its kind do", () => {
    const pull = (w: number) =>
      fitLogistic(
        matrix,
        target,
        weight.map((x, row) => (target[row] === 1 ? x * w : x)),
        { ...OPTIONS, epochs: 2 },
      );
    const mean = (fit: LogisticFit) => logits(fit).reduce((sum, z) => sum + z, 0) / ROWS;
    expect(mean(pull(4))).toBeGreaterThan(mean(pull(1)) + 0.1);
    expect(mean(pull(0.25))).toBeLessThan(mean(pull(1)) - 0.1);
  });

  test("weight decay keeps weights small", () => {
    const size = (l2: number) => fitLogistic(matrix, target, weight, { ...OPTIONS, l2 }).weights.reduce((sum, w) => sum + w * w, 0);
    expect(size(0.1)).toBeLessThan(0.7 * size(0));
  });

  test("stops early where the validation loss rises, and gives back the weights of the best epoch", () => {
    // Validation rows whose labels are the opposite: every step makes them worse.
    const contrary = target.map((t, row) => (row >= 300 ? 1 - t : t));
    const held = weight.map((w, row) => (row >= 300 ? -w : w));
    const fit = fitLogistic(matrix, contrary, held, { ...OPTIONS, epochs: 50 });
    expect(fit.validationLoss).toHaveLength(3);
    expect(fit.epochs).toBe(1);
    expect(Math.min(...fit.validationLoss)).toBe(fit.validationLoss[0]);
    // Of the weights that are given back, the loss of the validation rows is the best one.
    const z = logits(fit);
    let loss = 0;
    for (let row = 300; row < ROWS; row++) loss += Math.log1p(Math.exp(contrary[row] === 1 ? -z[row]! : z[row]!));
    expect(loss / 100).toBeCloseTo(fit.validationLoss[0]!, 6);
  });

  test("runs to the end where it keeps falling", () => {
    const fit = fitLogistic(
      matrix,
      target,
      weight.map((w, row) => (row >= 300 ? -w : w)),
      OPTIONS,
    );
    expect(fit.validationLoss).toHaveLength(6);
    expect(fit.validationLoss.toSorted((a, b) => b - a)).toEqual(fit.validationLoss);
    expect(fit.epochs).toBe(6);
  });
});

describe("fitLabels", () => {
  const task = (label: string, of: Int8Array) => ({ label, target: of, weight });

  test("gives what one fit after the other gives, whatever the number of threads", async () => {
    const other = target.map((t, row) => (row % 5 === 0 ? -1 : 1 - t));
    const tasks = [task("a", target), task("b", other), task("c", new Int8Array(ROWS).fill(-1)), task("d", target)];
    const expected = tasks.map((t) => fitLogistic(matrix, t.target, t.weight, OPTIONS));
    for (const threads of [1, 2, 7])
      expect(await fitLabels(matrix, tasks, OPTIONS, undefined, threads), `${threads} threads`).toEqual(expected);
  });

  test("tells of each label as it ends, and of none where there is none", async () => {
    const told: [number, string][] = [];
    await fitLabels(matrix, [task("a", target), task("b", target)], OPTIONS, (done, label) => told.push([done, label]));
    expect(told.map(([done]) => done)).toEqual([1, 2]);
    expect(told.map(([, label]) => label).sort()).toEqual(["a", "b"]);
    expect(await fitLabels(matrix, [], OPTIONS)).toEqual([]);
  });

  test("a thread that fails fails the whole", async () => {
    const broken = { ...matrix, offsets: undefined as unknown as Uint32Array };
    await expect(fitLabels(broken, [task("a", target)], OPTIONS)).rejects.toThrow();
  });
});
