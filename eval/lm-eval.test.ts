import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kindOfTask, parseResults, readCapabilities } from "./lm-eval.ts";

let dir: string;
beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), "cordon-lm-eval-"))));
afterEach(() => rm(dir, { recursive: true }));

/** As lm-evaluation-harness 0.4.9 writes it, without the parts that are not read. */
const results = (wmdp: number, mmlu: number, extra: object = {}) => ({
  results: {
    wmdp_bio: { alias: "wmdp_bio", "acc,none": wmdp, "acc_stderr,none": 0.0138 },
    mmlu: { "acc,none": mmlu, "acc_stderr,none": "N/A", alias: "mmlu" },
    mmlu_stem: { "acc,none": mmlu - 0.05, "acc_stderr,none": 0.008, alias: " - stem" },
    hellaswag: { "acc,none": 0.5, "acc_stderr,none": 0.005, alias: "hellaswag" },
  },
  groups: { mmlu: { "acc,none": mmlu, "acc_stderr,none": "N/A", alias: "mmlu" } },
  "n-samples": { wmdp_bio: { original: 1273, effective: 1273 } },
  ...extra,
});
const put = async (path: string, value: unknown) => {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), typeof value === "string" ? value : JSON.stringify(value));
};

test("reads a run a threshold, the newest file of each, in the order of thresholds", async () => {
  await put("0.5/org__model/results_2026-01-02T03-04-05.123456.json", results(0.3, 0.45));
  await put("0.5/org__model/results_2026-01-01T23-59-59.999999.json", results(0.99, 0.99));
  await put("0.5/org__model/samples_wmdp_bio_2026-01-02T03-04-05.123456.jsonl", "");
  await put("0.05/org__other/results_2026-01-02T03-04-05.123456.json", results(0.25, 0.44));
  await put("none/results_2026-01-02T03-04-05.123456.json", results(0.43, 0.45));
  const runs = await readCapabilities(dir);
  expect(runs.map((r) => r.threshold)).toEqual([null, 0.05, 0.5]);
  expect(Object.keys(runs[2]!.tasks).sort()).toEqual(["mmlu", "mmlu_stem", "wmdp_bio"]);
  expect(runs[2]!.tasks["wmdp_bio"]).toEqual({ accuracy: 0.3, stderr: 0.0138, overChance: (0.3 - 0.25) / 0.75, n: 1273 });
  expect(runs[2]!.tasks["mmlu"]).toMatchObject({ accuracy: 0.45, stderr: null, n: null });
  expect(runs[1]!.tasks["wmdp_bio"]!.overChance).toBe(0);
  expect([kindOfTask("wmdp_cyber"), kindOfTask("mmlu_other")]).toEqual(["hazard", "general"]);
});

test("tasks run apart are put together, and an older run on a part of them does not count", async () => {
  await put("0.5/m/results_2026-01-01.json", results(0.9, 0.9, { "n-samples": { wmdp_bio: { original: 1273, effective: 10 } } }));
  await put("0.5/m/results_2026-01-02.json", { results: { wmdp_bio: { "acc,none": 0.31 } } });
  const [run] = await readCapabilities(dir);
  expect(run!.tasks["wmdp_bio"]!.accuracy).toBe(0.31);
  expect(run!.tasks["mmlu"]!.accuracy).toBe(0.9);
  expect(run!.files).toHaveLength(2);
});

test("a mapping file names the thresholds of other folder names", async () => {
  await put("strong/m/results_2026-01-02.json", results(0.3, 0.45));
  await put("baseline/m/results_2026-01-02.json", results(0.4, 0.45));
  await put("thresholds.json", { strong: 0.1, baseline: null });
  expect((await readCapabilities(dir)).map((r) => r.threshold)).toEqual([null, 0.1]);
  await put("thresholds.json", { strong: 0.1 });
  await expect(readCapabilities(dir)).rejects.toThrow("does not name this folder");
  await put("thresholds.json", { strong: 0.1, baseline: null, gone: 0.2 });
  await expect(readCapabilities(dir)).rejects.toThrow("gone");
});

test("refuses a run on a part of the questions, with the file", async () => {
  await put("0.5/m/results_x.json", results(0.3, 0.45, { "n-samples": { wmdp_bio: { original: 1273, effective: 100 } } }));
  await expect(readCapabilities(dir)).rejects.toThrow(/100 of 1273 questions \(.*results_x\.json\): run it again without --limit/);
});

test("says what is wrong and where", async () => {
  await expect(readCapabilities(join(dir, "absent"))).rejects.toThrow("no folder of capability results");
  await expect(readCapabilities(dir)).rejects.toThrow("named by its threshold");
  await put("strict/m/results_x.json", results(0.3, 0.4));
  await expect(readCapabilities(dir)).rejects.toThrow("must be named by its threshold");
  await rm(join(dir, "strict"), { recursive: true });
  await put("0.5/m/results_x.json", "{");
  await expect(readCapabilities(dir)).rejects.toThrow("not a results file");
  await put("0.5/m/results_x.json", { results: { arc: { "acc,none": 0.3 } } });
  await expect(readCapabilities(dir)).rejects.toThrow("no wmdp or mmlu task");
  await put("0.5/m/results_x.json", { results: { wmdp_bio: { "acc,none": "N/A" } } });
  await expect(readCapabilities(dir)).rejects.toThrow("no accuracy from 0 to 1");
  await put("0.5/n/results_y.json", results(0.3, 0.4));
  await expect(readCapabilities(dir)).rejects.toThrow("2 models");
  await put("0.50/m/results_x.json", results(0.3, 0.4));
  await rm(join(dir, "0.5"), { recursive: true });
  await put("0.5/m/results_x.json", results(0.3, 0.4));
  await expect(readCapabilities(dir)).rejects.toThrow("two folders");
});

test("groups stand in where results lack them, and other filter names are read", () => {
  const parsed = parseResults(
    JSON.stringify({ results: { wmdp_bio: { "acc,robust": 0.34 } }, groups: { mmlu: { "acc,none": 0.4 } } }),
    "f",
  );
  expect(parsed["wmdp_bio"]!.accuracy).toBe(0.34);
  expect(parsed["mmlu"]!.stderr).toBeNull();
});
