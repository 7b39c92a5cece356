// Packages of encoders and cascades: written, read back, and refused where they are not whole. Those of n-grams: package.test.ts.
import { cp, mkdtemp, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseEncoderConfig } from "./encoder/config.ts";
import { fixtureEncoder } from "./encoder/fixture-encoder.ts";
import { readSafetensors } from "./encoder/safetensors.ts";
import { CordonError } from "./errors.ts";
import { CASCADE_WORDS, writeFixtureCascade } from "./fixture-cascade.ts";
import { ngramOf } from "./loaded-model.ts";
import { loadPackage, saveCascadePackage, saveEncoderPackage } from "./package.ts";
import { MANIFEST_FILE, sha256 } from "./package-files.ts";
import { openQuickScorer, openScorer } from "./scorer.ts";

let scratch: string;
let paths: Awaited<ReturnType<typeof writeFixtureCascade>>;
let dir: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-kinds-"));
  paths = await writeFixtureCascade(scratch, ["harmful", "hate"], ["fp32", "int8"]);
});
beforeEach(() => {
  dir = join(scratch, "copy");
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const texts = ["", "an ordinary day", `the ${CASCADE_WORDS.sure} day`, `a ${CASCADE_WORDS.unsure} day`, `a ${CASCADE_WORDS.innocent} day`];
const files = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe("the package of an encoder", () => {
  test("holds what the hub's layout holds, with a hash of each file", async () => {
    const { manifest } = await loadPackage(paths.second);
    const names = ["README.md", "config.json", "model.safetensors", "onnx/model.onnx", "onnx/model_quantized.onnx", "vocabulary.json"];
    expect(await files(paths.second)).toEqual([...names, MANIFEST_FILE].sort());
    expect(manifest).toMatchObject({ format: 2, architecture: { kind: "encoder", tokenizer: "words", default: "fp32" } });
    expect(Object.keys(manifest.files).sort()).toEqual(names.sort());
    for (const [name, hash] of Object.entries(manifest.files)) expect(sha256(await readFile(join(paths.second, name)))).toBe(hash);
    const config: unknown = JSON.parse(await readFile(join(paths.second, "config.json"), "utf8"));
    expect(config).toMatchObject({
      id2label: { 0: "harmful", 1: "hate" },
      label2id: { harmful: 0, hate: 1 },
      problem_type: "multi_label_classification",
    });
    expect(parseEncoderConfig(config, "")).toMatchObject({ model_type: "cordon-pooled" });
    const { contents } = fixtureEncoder(["harmful", "hate"], { [CASCADE_WORDS.sure]: ["hate"], [CASCADE_WORDS.unsure]: [] });
    expect(await readSafetensors(join(paths.second, "model.safetensors"))).toEqual(contents.tensors);
  });

  test("has the same bytes each time", async () => {
    const again = join(scratch, "again");
    const encoder = fixtureEncoder(["harmful", "hate"], { [CASCADE_WORDS.sure]: ["hate"], [CASCADE_WORDS.unsure]: [] }, ["fp32", "int8"]);
    await saveEncoderPackage(again, encoder.contents, encoder.manifest);
    for (const name of await files(again))
      expect(Buffer.compare(await readFile(join(again, name)), await readFile(join(paths.second, name))), name).toBe(0);
  });

  test("opens in a scorer of any of its precisions, and no other", async () => {
    const { model } = await loadPackage(paths.second);
    for (const precision of ["fp32", "int8"] as const) {
      const scorer = await openScorer(model, { precision, threads: 1 });
      expect(scorer.labels).toEqual(["harmful", "hate"]);
      expect(texts.map((text) => scorer.scoreText(text).max[0]! > 0.5)).toEqual([false, false, true, true, false]);
    }
    await expect(openScorer(model, { precision: "fp16" })).rejects.toThrow(/no graph in fp16.*--precision.*fp32, int8/);
    expect(() => ngramOf(model)).toThrow(/takes a model of n-grams, and the package holds an encoder/);
    expect(openQuickScorer(model).scoreText("a day")).toBeNull();
  });

  test("says in its card how it is opened", async () => {
    const card = await readFile(join(paths.second, "README.md"), "utf8");
    expect(card).toContain("onnx/model_quantized.onnx");
    expect(card).not.toContain("AutoTokenizer");
  });
});

describe("the package of a cascade", () => {
  test("holds both stages whole, and scores with the second what lies in the band", async () => {
    const { manifest, model } = await loadPackage(paths.cascade);
    expect(manifest).toMatchObject({ format: 2, architecture: { kind: "cascade", decides: "harmful" } });
    for (const stage of ["first", "second"] as const) expect(await files(join(paths.cascade, stage))).toEqual(await files(paths[stage]));
    const scorer = await openScorer(model, { threads: 1 });
    expect(texts.map((text) => scorer.scoreText(text).escalated)).toEqual([false, false, false, true, true]);
    expect(texts.map((text) => scorer.scoreText(text).max[0]! > 0.5)).toEqual([false, false, true, true, false]);
    const quick = openQuickScorer(model);
    expect(texts.map((text) => quick.scoreText(text) === null)).toEqual([false, false, false, true, true]);
  });

  test("can be posted to a worker thread, which scores the same", async () => {
    const { model } = await loadPackage(paths.cascade);
    const scorer = await openScorer(model, { threads: 1 });
    const module = pathToFileURL(join(import.meta.dirname, "scorer.ts")).href;
    const code = `import { parentPort, workerData } from "node:worker_threads";
      const { openScorer } = await import(${JSON.stringify(module)});
      const scorer = await openScorer(workerData.model, { threads: 1 });
      parentPort.postMessage(workerData.texts.map((text) => structuredClone(scorer.scoreText(text))));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: { model, texts } });
    const scores = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    expect(scores).toEqual(texts.map((text) => structuredClone(scorer.scoreText(text))));
  });

  test("does not replace one of its stages", async () => {
    const { manifest } = await loadPackage(paths.cascade);
    await expect(saveCascadePackage(paths.first, paths.first, paths.second, manifest)).rejects.toMatchObject({
      code: "usage/output-exists",
    });
  });

  test("says in its card what is escalated", async () => {
    expect(await readFile(join(paths.cascade, "README.md"), "utf8")).toMatch(
      /where its score of `harmful` lies in \[0\.268941, 0\.731059\)/,
    );
  });
});

const manifestOf = async (path: string) => JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
const at = (name: string) => join(dir, name);
const change = (path: string, by: (manifest: never) => void) => async () => {
  const manifest = await manifestOf(at(path));
  by(manifest as never);
  await writeFile(at(path), JSON.stringify(manifest));
};

describe("a package that is not whole is refused in one line:", () => {
  test.each<["second" | "cascade", string, () => Promise<unknown>, string, RegExp]>([
    ["second", "no weights", () => rm(at("model.safetensors")), "model/damaged", /model\.safetensors is missing/],
    ["second", "half a graph", () => truncate(at("onnx/model.onnx"), 500), "model/damaged", /onnx\/model\.onnx does not have the hash/],
    ["second", "an edited vocabulary", () => writeFile(at("vocabulary.json"), "{}"), "model/damaged", /vocabulary\.json does not have/],
    [
      "second",
      "the format of n-grams",
      change(MANIFEST_FILE, (m: { format: number }) => (m.format = 1)),
      "model/damaged",
      /not the format/,
    ],
    ["second", "a newer format", change(MANIFEST_FILE, (m: { format: number }) => (m.format = 3)), "model/too-new", /format 3.*up to 2/],
    [
      "second",
      "a network that there is none of",
      change(MANIFEST_FILE, (m: { architecture: { config: { model_type: string } } }) => (m.architecture.config.model_type = "gpt")),
      "model/damaged",
      /architecture\.config/,
    ],
    [
      "second",
      "a graph that the manifest does not hash",
      change(MANIFEST_FILE, (m: { files: Record<string, string> }) => delete m.files["onnx/model_quantized.onnx"]),
      "model/damaged",
      /names no onnx\/model_quantized\.onnx/,
    ],
    [
      "second",
      "a file elsewhere",
      change(MANIFEST_FILE, (m: { files: Record<string, string> }) => (m.files["../secret"] = "0".repeat(64))),
      "model/damaged",
      /outside of the package/,
    ],
    [
      "second",
      "a default that is not there",
      change(MANIFEST_FILE, (m: { architecture: { default: string; precisions: Record<string, object> } }) => {
        m.architecture.default = "int8";
        delete m.architecture.precisions["int8"];
      }),
      "model/damaged",
      /precision that it names as its default/,
    ],
    ["cascade", "no first stage", () => rm(at("first"), { recursive: true }), "model/damaged", /first\/.* is missing/],
    [
      "cascade",
      "another second stage",
      () => cp(paths.first, at("second"), { recursive: true }),
      "model/damaged",
      /second\/.* does not have the hash/,
    ],
    [
      "cascade",
      "stages in the wrong order",
      async () => {
        const outer = (await manifestOf(at(MANIFEST_FILE))) as { files: Record<string, string> };
        const other = { first: "second/", second: "first/" };
        await rm(at("first"), { recursive: true });
        await rm(at("second"), { recursive: true });
        await cp(paths.second, at("first"), { recursive: true });
        await cp(paths.first, at("second"), { recursive: true });
        outer.files = Object.fromEntries(
          Object.entries(outer.files).map(([name, hash]) => [
            name.replace(/^(first|second)\//, (_, stage: "first" | "second") => other[stage]),
            hash,
          ]),
        );
        await writeFile(at(MANIFEST_FILE), JSON.stringify(outer));
      },
      "model/damaged",
      /n-gram model before an encoder/,
    ],
    [
      "cascade",
      "a label without a join",
      change(MANIFEST_FILE, (m: { architecture: { combine: Record<string, object> } }) => delete m.architecture.combine["hate"]),
      "model/damaged",
      /labels do not fit/,
    ],
    [
      "cascade",
      "a join that would turn a stage round",
      change(MANIFEST_FILE, (m: { architecture: { combine: Record<string, { both: { first: number } }> } }) => {
        m.architecture.combine["hate"]!.both.first = -1;
      }),
      "model/damaged",
      /combine\.hate\.both\.first/,
    ],
  ])("%s: %s", async (kind, _, damage, code, message) => {
    await rm(dir, { recursive: true, force: true });
    await cp(paths[kind], dir, { recursive: true });
    await damage();
    const error: unknown = await loadPackage(dir).then(
      () => "it was loaded",
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(CordonError);
    expect((error as CordonError).code).toBe(code);
    expect((error as CordonError).message).toMatch(message);
    expect((error as CordonError).message).not.toContain("\n");
  });
});
