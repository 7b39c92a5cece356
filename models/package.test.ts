import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import ort from "onnxruntime-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CordonError } from "./errors.ts";
import { ngramOf } from "./loaded-model.ts";
import { fixtureManifest, fixtureNgram } from "./fixture-package.ts";
import { ONNX_INPUT, ONNX_OUTPUT, ngramOnnx } from "./ngram/onnx-graph.ts";
import type { NgramModel } from "./ngram/model.ts";
import { NgramScorer } from "./ngram/scorer.ts";
import { loadPackage, saveNgramPackage } from "./package.ts";
import { CARD_FILE, MANIFEST_FILE, MODEL_FILE } from "./package-files.ts";
import { Random } from "./random.ts";

let scratch: string;
let whole: string;
let dir: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-package-"));
  whole = join(scratch, "whole");
  await saveNgramPackage(whole, fixtureNgram(), fixtureManifest());
});
beforeEach(async () => {
  dir = join(scratch, "copy");
  await rm(dir, { recursive: true, force: true });
  await cp(whole, dir, { recursive: true });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const random = new Random(2, "package.test");
const words = ["one", "Two", "three!", "minor", "Ünïcode", "字", "🙂", "42", "it's", "\n", "a-b", "…"];
const texts = ["", " ", ...Array.from({ length: 20 }, (_, i) => Array.from({ length: i * i * 2 }, () => random.pick(words)).join(" "))];

describe("a saved package", () => {
  test("scores as the model did before it was saved, bit for bit", async () => {
    const { model, manifest } = await loadPackage(whole);
    const [before, after] = [new NgramScorer(fixtureNgram()), new NgramScorer(ngramOf(model))];
    expect(after.labels).toEqual(before.labels);
    for (const text of texts) expect(after.scoreText(text)).toEqual(before.scoreText(text));
    expect(manifest).toMatchObject({ format: 1, ...fixtureManifest() });
  });

  test("scores in onnxruntime from raw strings as in memory, within 1e-5", async () => {
    const session = await ort.InferenceSession.create(join(whole, MODEL_FILE));
    const output = (await session.run({ [ONNX_INPUT]: new ort.Tensor("string", texts, [texts.length]) }))[ONNX_OUTPUT]!;
    expect(output.dims).toEqual([texts.length, 3]);
    const scorer = new NgramScorer(fixtureNgram());
    texts.forEach((text, row) => {
      const { max } = scorer.scoreText(text);
      max.forEach((p, label) => expect(Math.abs((output.data as Float32Array)[row * 3 + label]! - p)).toBeLessThan(1e-5));
    });
  });

  test("has the same bytes each time, and a hash of each other file", async () => {
    const again = join(scratch, "again");
    const manifest = await saveNgramPackage(again, fixtureNgram(), fixtureManifest());
    for (const name of [MODEL_FILE, MANIFEST_FILE, CARD_FILE])
      expect(Buffer.compare(await readFile(join(again, name)), await readFile(join(whole, name))), name).toBe(0);
    expect((await readdir(again)).sort()).toEqual([CARD_FILE, MANIFEST_FILE, MODEL_FILE].sort());
    for (const [name, hash] of Object.entries(manifest.files)) expect(sha256(await readFile(join(again, name)))).toBe(hash);
  });

  test("replaces an older package, and no other folder", async () => {
    await saveNgramPackage(dir, fixtureNgram(), { ...fixtureManifest(), name: "second" });
    expect((await loadPackage(dir)).manifest.name).toBe("second");
    await rm(join(dir, MANIFEST_FILE));
    await expect(saveNgramPackage(dir, fixtureNgram(), fixtureManifest())).rejects.toMatchObject({ code: "usage/output-exists" });
    expect((await readdir(dir)).sort()).toEqual([CARD_FILE, MODEL_FILE].sort());
  });
});

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const at = (name: string) => join(dir, name);
const manifestWith = async (change: (manifest: Record<string, unknown>) => void) => {
  const manifest = JSON.parse(await readFile(at(MANIFEST_FILE), "utf8")) as Record<string, unknown>;
  change(manifest);
  await writeFile(at(MANIFEST_FILE), JSON.stringify(manifest));
};
/** Puts another model file in the place of the package's, with its right hash. */
const putModel = async (bytes: Uint8Array) => {
  await writeFile(at(MODEL_FILE), bytes);
  await manifestWith((m) => ((m["files"] as Record<string, string>)[MODEL_FILE] = sha256(bytes)));
};
const onnxOf = (change: Partial<NgramModel>) => ngramOnnx({ ...fixtureNgram(), ...change }, { name: "x", version: "0", metadata: {} });

async function refused(): Promise<CordonError> {
  const error: unknown = await loadPackage(dir).then(
    () => "it was loaded",
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(CordonError);
  expect((error as CordonError).message).not.toContain("\n");
  expect((error as CordonError).message).toContain(dir);
  return error as CordonError;
}

describe("a package that is not whole is refused in one line:", () => {
  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ["no folder", () => rm(dir, { recursive: true }), "usage/missing-file", /no model package.*cordon train/],
    ["no manifest", () => rm(at(MANIFEST_FILE)), "usage/missing-file", /cordon\.json cannot be read/],
    ["no model file", () => rm(at(MODEL_FILE)), "model/damaged", /model\.onnx is missing/],
    ["no card", () => rm(at(CARD_FILE)), "model/damaged", /README\.md is missing/],
    ["a manifest that is no JSON", () => writeFile(at(MANIFEST_FILE), "{ nonsense"), "model/damaged", /not JSON/],
    ["half a manifest", () => truncate(at(MANIFEST_FILE), 100), "model/damaged", /not JSON/],
    ["an empty manifest", () => writeFile(at(MANIFEST_FILE), ""), "model/damaged", /not JSON/],
    ["a manifest of another kind", () => writeFile(at(MANIFEST_FILE), "[1]"), "model/damaged", /field/],
    ["a newer format", () => manifestWith((m) => (m["format"] = 3)), "model/too-new", /format 3.*up to 2.*update cordon/],
    ["a field that is missing", () => manifestWith((m) => delete m["labels"]), "model/damaged", /field labels/],
    [
      "a threshold over 1",
      () => manifestWith((m) => (m["thresholds"] = { harmful: { threshold: 2, rule: "x" } })),
      "model/damaged",
      /thresholds\.harmful\.threshold/,
    ],
    [
      "an architecture of later",
      () => manifestWith((m) => (m["architecture"] = { kind: "oracle" })),
      "model/damaged",
      /architecture\.kind/,
    ],
    [
      "n-grams from 4 to 3",
      () => manifestWith((m) => ((m["architecture"] as { charNgrams: unknown }).charNgrams = { min: 4, max: 3 })),
      "model/damaged",
      /charNgrams/,
    ],
    [
      "a rule that follows no label",
      () => manifestWith((m) => (m["labels"] = ["harmful", "threats", "child-exploitation"])),
      "model/damaged",
      /rule of child-exploitation/,
    ],
    [
      "no hash of the model",
      () => manifestWith((m) => delete (m["files"] as Record<string, string>)[MODEL_FILE]),
      "model/damaged",
      /names no model\.onnx/,
    ],
    [
      "a model of another hash",
      async () => writeFile(at(MODEL_FILE), onnxOf({ intercept: new Float32Array(3) })),
      "model/damaged",
      /model\.onnx does not have the hash/,
    ],
    ["a card that was edited", () => writeFile(at(CARD_FILE), "# mine"), "model/damaged", /README\.md does not have the hash/],
    ["half a model file", () => truncate(at(MODEL_FILE), 1000), "model/damaged", /hash/],
    [
      "half a model file of the right hash",
      async () => putModel((await readFile(at(MODEL_FILE))).subarray(0, 5000)),
      "model/damaged",
      /not an ONNX model|missing or too short/,
    ],
    ["a model file that is none, of the right hash", () => putModel(Buffer.from("zorblax")), "model/damaged", /not an ONNX model/],
    [
      "a table for fewer buckets",
      () => putModel(onnxOf({ features: { bits: 11, charNgrams: null }, table: new Int16Array(2 ** 11 * 4) })),
      "model/damaged",
      /table is missing or too short/,
    ],
    [
      "a slope that is no number",
      () => putModel(onnxOf({ slope: Float32Array.of(1, Number.NaN, 0) })),
      "model/damaged",
      /slope is not finite/,
    ],
    [
      "an infinite intercept",
      () => putModel(onnxOf({ intercept: Float32Array.of(0, 0, Number.NEGATIVE_INFINITY) })),
      "model/damaged",
      /intercept is not finite/,
    ],
  ])("%s", async (_, damage, code, message) => {
    await damage();
    const error = await refused();
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.exit).toBe(code.startsWith("usage/") ? 2 : 1);
  });

  test("one byte of the model file changed, wherever it is", async () => {
    const bytes = await readFile(at(MODEL_FILE));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (place, flip) => {
        const changed = Buffer.from(bytes);
        changed[place]! ^= flip;
        await writeFile(at(MODEL_FILE), changed);
        expect((await refused()).code).toBe("model/damaged");
      }),
      { numRuns: 25 },
    );
  });

  test("a model file changed behind a right hash either loads or is refused as damaged, never anything else", async () => {
    const bytes = await readFile(at(MODEL_FILE));
    const ends = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: bytes.length - 4000, max: bytes.length - 1 }));
    await fc.assert(
      fc.asyncProperty(ends, fc.integer({ min: 1, max: 255 }), async (place, flip) => {
        const changed = Buffer.from(bytes);
        changed[place]! ^= flip;
        await putModel(changed);
        const error: unknown = await loadPackage(dir).then(
          () => undefined,
          (e: unknown) => e,
        );
        if (error !== undefined) expect(error).toMatchObject({ name: "CordonError", code: "model/damaged" });
      }),
      { numRuns: 60 },
    );
  });
});
