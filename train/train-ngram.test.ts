import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Example } from "#datasets/example";
import { splitOf } from "#datasets/splits";
import { auroc } from "#eval/metrics/ranking-metrics";
import { count, rank } from "#eval/metrics/ranking";
import { ONNX_INPUT, ONNX_OUTPUT } from "#models/ngram/onnx-graph";
import { ngramOf } from "#models/loaded-model";
import { NgramScorer } from "#models/ngram/scorer";
import { loadPackage, saveNgramPackage } from "#models/package";
import { CARD_FILE, MANIFEST_FILE, MODEL_FILE } from "#models/package-files";
import { Random } from "#models/random";
import type { CategoryId } from "#models/taxonomy";
import { stateOf } from "./label-states.ts";
import { TRAIN_DEFAULTS, type TrainOptions, type TrainResult, trainNgram } from "./train-ngram.ts";

const ABOUT = { name: "toy", description: "d", cordonVersion: "0.0.0", gitRevision: "abc" };
const OPTIONS: TrainOptions = { ...TRAIN_DEFAULTS, features: { bits: 18, charNgrams: null }, minCount: 5 };

/** Made-up texts: half of them hold a few words of one of two made-up harms. A quarter of the harmful rows know only their own. */
function toy(n: number, seed = 1): Example[] {
  const random = new Random(seed, "toy");
  return Array.from({ length: n }, (_, i) => {
    const words = Array.from({ length: 6 + random.below(10) }, () => `w${random.below(600)}`);
    const category: CategoryId | null = i % 2 === 0 ? null : i % 4 === 1 ? "hate" : "sexual-content";
    if (category !== null)
      for (let k = 0; k < 3; k++) words[random.below(words.length)] = `${category === "hate" ? "zorb" : "plim"}${random.below(4)}`;
    return {
      id: `t${i}`,
      text: words.join(" "),
      label: category === null ? 0 : 1,
      categories: category === null ? [] : [category],
      unknown: category !== null && i % 16 < 4 ? ["*"] : [],
      lang: "en",
      synthetic: true,
      lineage: { seedIds: [`toy/${Math.floor(i / 2)}`], parents: [], ops: [] },
    } satisfies Example;
  });
}

let scratch: string;
let examples: Example[];
let trained: TrainResult;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-train-"));
  examples = toy(1600);
  trained = await trainNgram(examples, OPTIONS, ABOUT);
});
afterAll(() => rm(scratch, { recursive: true }));

const scoresOf = (result: TrainResult, rows: readonly Example[], label: number) => {
  const scorer = new NgramScorer(result.model);
  return rows.map((row) => scorer.scoreText(row.text).max[label]!);
};

describe("trainNgram", () => {
  test("learns what can be told apart, each label on rows that it has not seen", () => {
    const fresh = toy(600, 2);
    expect(trained.manifest.labels).toEqual(["harmful", "hate", "sexual-content", "child-exploitation"]);
    for (const [index, label] of ["harmful", "hate", "sexual-content"].entries()) {
      const rows = fresh.filter((row) => stateOf(row, label) >= 0);
      const ranking = rank(
        scoresOf(trained, rows, index),
        rows.map((row) => stateOf(row, label)),
      );
      expect(auroc(count(ranking)), label).toBeGreaterThan(0.999);
      expect(trained.manifest.heldOut[label]!["auroc"], label).toBeGreaterThan(0.999);
    }
  });

  test("child exploitation is sexual content beside a word for minors, and learns nothing", () => {
    const scorer = new NgramScorer(trained.model);
    expect(scorer.scoreText("plim1 w3 w4").max[3]).toBe(0);
    const { max } = scorer.scoreText("plim1 w3 minor");
    expect(max[3]).toBe(max[2]);
    expect(trained.manifest.architecture.rules["child-exploitation"]!.of).toBe("sexual-content");
    expect(trained.manifest.thresholds["child-exploitation"]).toEqual({
      threshold: trained.manifest.thresholds["sexual-content"]!.threshold,
      rule: "that of sexual-content",
    });
  });

  test("says what it was made of", () => {
    const { training, calibration, heldOut } = trained.manifest;
    expect(training).toMatchObject({
      examples: 1600,
      positives: { harmful: 800, hate: 400, "sexual-content": 400, "child-exploitation": 0 },
      gitRevision: "abc",
      seed: 1,
    });
    const rows = (split: string, label: string) => examples.filter((row) => splitOf(row) === split && stateOf(row, label) >= 0).length;
    for (const label of ["harmful", "hate"]) {
      expect(calibration[label]).toMatchObject({ method: "platt", rows: rows("calibration", label) });
      expect(heldOut[label]!["rows"]).toBe(rows("test", label));
    }
    expect(rows("test", "hate")).toBeLessThan(rows("test", "harmful"));
  });

  test("thresholds follow their rule on the calibration rows", async () => {
    const calibrationRows = examples.filter((row) => splitOf(row) === "calibration");
    const share = (result: TrainResult, index: number, label: string, state: number) => {
      const rows = calibrationRows.filter((row) => stateOf(row, label) === state);
      const { threshold } = result.manifest.thresholds[label]!;
      return scoresOf(result, rows, index).filter((score) => score >= threshold).length / rows.length;
    };
    for (const [index, label] of ["harmful", "hate", "sexual-content"].entries())
      expect(share(trained, index, label, 0)).toBeLessThanOrEqual(0.01);
    const byRecall = await trainNgram(examples, { ...OPTIONS, labels: "harmful", thresholdRule: { kind: "recall", value: 0.9 } }, ABOUT);
    expect(byRecall.manifest.labels).toEqual(["harmful"]);
    expect(share(byRecall, 0, "harmful", 1)).toBeGreaterThanOrEqual(0.9);
    expect(share(byRecall, 0, "harmful", 1)).toBeLessThan(0.93);
    expect(byRecall.manifest.thresholds["harmful"]!.rule).toMatch(/^recall 90 % of \d+ calibration positives$/);
  });

  test("rows that do not know a label do not move it", async () => {
    // Texts of a third kind, of which the source says nothing about hate: as harmful as can be, but for "hate" not there.
    const strange = Array.from({ length: 200 }, (_, i): Example => ({
      ...examples[1]!,
      id: `s${i}`,
      text: `w1 quark${i % 5} w2`,
      categories: ["cyber"],
      unknown: ["hate"],
      lineage: { seedIds: [`toy/${2 * i}`], parents: [], ops: [] },
    }));
    const masked = await trainNgram([...examples, ...strange], OPTIONS, ABOUT);
    const absent = await trainNgram([...examples, ...strange.map((row): Example => ({ ...row, unknown: [] }))], OPTIONS, ABOUT);
    const hate = (result: TrainResult, text: string) =>
      new NgramScorer(result.model).scoreText(text).max[result.manifest.labels.indexOf("hate")]!;
    const words = "quark1 quark2";
    // Where hate is known to be absent the new words count against it; where it is unknown they say nothing.
    const nothing = hate(masked, "unseen words here");
    expect(Math.abs(hate(masked, words) - nothing)).toBeLessThan(1e-6);
    expect(hate(absent, words)).toBeLessThan(nothing);
    expect(masked.manifest.calibration["hate"]!.rows).toBe(trained.manifest.calibration["hate"]!.rows);
  });

  test("a category that no row denies, or that few rows have, gets no label", async () => {
    const positives = Array.from({ length: 300 }, (_, i): Example => ({
      ...examples[1]!,
      id: `p${i}`,
      text: `w${i % 600} odd`,
      categories: ["cyber"],
      lineage: { seedIds: [`toy/${i}`], parents: [], ops: [] },
    }));
    const unsaid = examples.map((row): Example => ({ ...row, unknown: [...row.unknown, "cyber"] }));
    expect((await trainNgram([...unsaid, ...positives], OPTIONS, ABOUT)).manifest.labels).not.toContain("cyber");
    expect((await trainNgram([...examples, ...positives.slice(0, 25)], OPTIONS, ABOUT)).manifest.labels).not.toContain("cyber");
    expect((await trainNgram([...examples, ...positives], OPTIONS, ABOUT)).manifest.labels).toContain("cyber");
  });

  test("a text in an unknown place is left out: one whose seeds are of different splits", async () => {
    const mixed: Example = {
      ...examples[1]!,
      id: "m",
      lineage: { seedIds: Array.from({ length: 30 }, (_, i) => `toy/${i}`), parents: [], ops: [] },
    };
    expect((await trainNgram([...examples, mixed], OPTIONS, ABOUT)).manifest).toEqual(trained.manifest);
  });

  test("one class is refused with a clear line", async () => {
    const refused = (rows: Example[]) => trainNgram(rows, OPTIONS, ABOUT);
    await expect(refused(examples.filter((row) => row.label === 0))).rejects.toThrow(
      "0 harmful examples in the training split, at least 2 are needed: add data of that label",
    );
    await expect(refused(examples.filter((row) => row.label === 1))).rejects.toMatchObject({ code: "data/too-few-examples", exit: 1 });
    await expect(refused([])).rejects.toMatchObject({ code: "data/too-few-examples" });
    // Harmful rows are there, but none to train on.
    await expect(refused(examples.filter((row) => row.label === 0 || splitOf(row) !== "train"))).rejects.toThrow(
      "0 harmful examples in the training split",
    );
  });

  test("a handful of rows trains: no calibration rows, thresholds of a half", async () => {
    const few = examples.filter((row) => splitOf(row) === "train").slice(0, 8);
    const { manifest } = await trainNgram(few, OPTIONS, ABOUT);
    expect(manifest.labels).toEqual(["harmful"]);
    expect(manifest.calibration["harmful"]).toEqual({ method: "none", slope: 1, intercept: 0, rows: 0, positives: 0 });
    expect(manifest.thresholds["harmful"]).toEqual({ threshold: 0.5, rule: "0.5: the calibration split has no negatives" });
    expect(manifest.heldOut["harmful"]).toEqual({ rows: 0 });
  });
});

describe("a trained model, saved", () => {
  const save = async (name: string, options = OPTIONS) => {
    const result = await trainNgram(examples, options, ABOUT);
    await saveNgramPackage(join(scratch, name), result.model, result.manifest);
    return { result, dir: join(scratch, name) };
  };

  test.each([
    ["words", null],
    ["character n-grams", { min: 3, max: 4 }],
  ])("has the same bytes each time, scores the same when it is read back, and within 1e-5 in onnxruntime: %s", async (name, charNgrams) => {
    const options = { ...OPTIONS, features: { bits: 13, charNgrams } };
    const [one, two] = [await save(`${name}-1`, options), await save(`${name}-2`, options)];
    for (const file of [MODEL_FILE, MANIFEST_FILE, CARD_FILE])
      expect(Buffer.compare(await readFile(join(one.dir, file)), await readFile(join(two.dir, file))), file).toBe(0);
    const { model } = await loadPackage(one.dir);
    const texts = [
      "",
      "zorb1 minor plim2",
      "W1 Zörb0 — plim3!",
      ...toy(30, 3).map((row) => row.text),
      toy(80, 4)
        .map((row) => row.text)
        .join(" "),
    ];
    const [before, after] = [new NgramScorer(one.result.model), new NgramScorer(ngramOf(model))];
    const session = await ort.InferenceSession.create(join(one.dir, MODEL_FILE));
    const { [ONNX_OUTPUT]: output } = await session.run({ [ONNX_INPUT]: new ort.Tensor("string", texts, [texts.length]) });
    const exported = output!.data as Float32Array;
    texts.forEach((text, row) => {
      const score = structuredClone(before.scoreText(text));
      expect(after.scoreText(text)).toEqual(score);
      score.max.forEach((p, label) => expect(Math.abs(exported[row * score.max.length + label]! - p)).toBeLessThan(1e-5));
    });
  });
});
