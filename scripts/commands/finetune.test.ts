import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "#models/manifest";
import { loadPackage } from "#models/package";
import { openScorer } from "#models/scorer";
import { readLog } from "#train/encoder/training-log";
import { spawnCordon } from "#scripts/spawn-cordon";
import { toyLines } from "./fixture-finetune.ts";

const QUICK = ["--backend", "wasm", "--size", "tiny", "--max-tokens", "32", "--learning-rate", "0.01", "--epochs", "4", "--patience", "0"];

let scratch: string;
const at = (...names: string[]) => join(scratch, ...names);
const cordon = (...args: string[]) => spawnCordon(["finetune", ...args], scratch).ended;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-finetune-"));
  await writeFile(at("data.jsonl"), toyLines(600));
  await writeFile(at("one-class.jsonl"), '{"id":"a","text":"x","label":0}\n{"id":"b","text":"y","label":0}\n');
  await writeFile(
    at("recipe.yaml"),
    "name: r\ndescription: d\nseed: 7\nstrategies: [{kind: grammar}]\nfinetune:\n  size: tiny\n  labels: harmful\n  epochs: 1\n  max_tokens: 16\n  harmful_weight: 0.9\n  soft_labels: false\n",
  );
  await writeFile(at("broken.yaml"), "name: r\ndescription: d\nstrategies: [{kind: grammar}]\nfinetune: {epochs: 0}\n");
});
afterAll(() => rm(scratch, { recursive: true }));

describe("cordon finetune", () => {
  it("writes a package that opens and tells the labels apart, with a log and a report beside it", async () => {
    const { code, stdout, stderr } = await cordon(
      "--data",
      "data.jsonl",
      ...QUICK,
      "--name",
      "toy",
      "--out",
      "model",
      "--report",
      "report.html",
    );
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^back end: wasm, .*\na vocabulary of \d+ words\n(.*\n)*fine-tuned 4 labels in 32 steps, package in model, opens int8 \(\d+\.\d s\)\n$/,
      ),
    ]);
    expect(stdout).toMatch(/^label +positives +AUROC +AP +ECE +threshold\n-[- ]+\nharmful +300 +(1\.000|0\.99\d)/);
    expect(stdout + stderr).not.toMatch(/zorblax|word1/);
    const { manifest, model } = await loadPackage(at("model"));
    expect(manifest).toMatchObject({
      format: 2,
      name: "toy",
      labels: ["harmful", "hate", "sexual-content", "child-exploitation"],
      architecture: { kind: "encoder", tokenizer: "words", maxTokens: 32, default: "int8" },
      training: { examples: 600, seed: 1, options: { backend: "wasm", size: "tiny", from: null, steps: 32, learningRate: 0.01 } },
    });
    for (const precision of ["fp32", "int8"] as const) {
      const scorer = await openScorer(model, { precision });
      const harmful = scorer.scoreText("word1 zorblax word2 word3 zorblax").max[0]!;
      expect(harmful, precision).toBeGreaterThan(manifest.thresholds["harmful"]!.threshold);
      expect(scorer.scoreText("word1 word4 word2 word3 word9").max[0]!, precision).toBeLessThan(0.2);
    }
    expect(readLog(at("model.training.jsonl")).at(-1)).toMatchObject({ kind: "end", step: 32 });
    expect(await readFile(at("report.html"), "utf8")).toMatch(/Learning rate/);
    expect((await readdir(scratch)).filter((name) => /partial|tmp/.test(name))).toEqual([]);
  });

  it("gives the same bytes in another process, over the older package", async () => {
    const files = ["cordon.json", "model.safetensors", "onnx/model.onnx", "onnx/model_quantized.onnx", "onnx/model_fp16.onnx", "README.md"];
    const bytes = () => Promise.all(files.map((name) => readFile(at("model", name))));
    const first = await bytes();
    const log = await readFile(at("model.training.jsonl"), "utf8");
    expect((await cordon("--data", "data.jsonl", ...QUICK, "--name", "toy", "--out", "model")).code).toBe(0);
    for (const [i, again] of (await bytes()).entries()) expect(again.equals(first[i]!), files[i]).toBe(true);
    expect(await readFile(at("model.training.jsonl"), "utf8")).toBe(log);
  });

  it("takes options from a recipe, flags before it; starts from its own package; learns from a teacher", async () => {
    const recipe = await cordon(
      "--data",
      "data.jsonl",
      "--recipe",
      "recipe.yaml",
      "--epochs",
      "2",
      "--backend",
      "wasm",
      "--out",
      "recipe",
      "--json",
    );
    expect(recipe.code).toBe(0);
    expect((JSON.parse(recipe.stdout) as Manifest).training).toMatchObject({
      seed: 7,
      options: { epochs: 2, maxTokens: 16, labels: "harmful", harmfulWeight: 0.9, softLabels: false },
    });
    const args = ["--data", "data.jsonl", "--from", "model", "--teacher", "recipe", "--epochs", "1", "--backend", "wasm"];
    const again = await cordon(...args, "--precisions", "int8", "--precision", "fp32", "--out", "again", "--json");
    expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/the classifier's rows of 3 labels are the checkpoint's/)]);
    const { architecture, heldOut, training } = JSON.parse(again.stdout) as Manifest;
    // Without --max-tokens no more than the checkpoint takes.
    expect(architecture).toMatchObject({ default: "fp32", maxTokens: 32, precisions: { fp32: {}, int8: {} } });
    expect(heldOut["harmful"]!["auroc"]).toBeGreaterThan(0.97);
    expect(training.options).toMatchObject({ from: "a folder", teacher: expect.stringMatching(/^cordon-encoder [0-9a-f]{64}$/) });
    expect(await readdir(at("again/onnx"))).toEqual(["model.onnx", "model_quantized.onnx", "model_text.onnx"]);
  });

  it.concurrent.each<[string, number, string[], RegExp]>([
    ["one class", 1, ["--data", "one-class.jsonl", "--backend", "wasm"], /0 harmful examples in the training split/],
    ["a size that is none", 2, ["--data", "data.jsonl", "--size", "huge"], /no such size: huge \(--size\): choose one of tiny, /],
    ["a size with a checkpoint", 2, ["--data", "data.jsonl", "--from", "x", "--size", "tiny"], /--size is for networks from scratch/],
    ["a pooling without a checkpoint", 2, ["--data", "data.jsonl", "--pooling", "cls"], /a pooling of its own/],
    ["a checkpoint that is not there", 2, ["--data", "data.jsonl", "--from", "nowhere", "--backend", "wasm"], /nowhere/],
    ["a teacher that is not there", 2, ["--data", "data.jsonl", "--teacher", "nowhere", "--backend", "wasm"], /no model package.*nowhere/],
    ["a recipe with a mistake", 1, ["--data", "data.jsonl", "--recipe", "broken.yaml"], /broken\.yaml:4/],
    ["word vectors that are not there", 2, ["--data", "data.jsonl", "--vectors", "none.txt", "--backend", "wasm"], /none\.txt/],
  ])("%s: told in a line, exit %i, nothing written", async (_, exit, args, message) => {
    const { code, stdout, stderr } = await cordon(...args, "--out", "refused");
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([exit, ""]);
    expect(stderr.split("\n").filter((line) => line.startsWith("cordon: "))).toHaveLength(1);
    expect(await readdir(scratch)).not.toContain("refused");
  });

  it("a folder with something else in it is refused before anything is read", async () => {
    await mkdir(at("foreign"));
    await writeFile(at("foreign/thesis.txt"), "years of work");
    const { code, stderr } = await cordon("--data", "none.jsonl", "--out", "foreign");
    expect([code, stderr]).toEqual([2, expect.stringMatching(/holds no cordon\.json \(foreign\)/)]);
  });
});
