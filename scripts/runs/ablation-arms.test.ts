import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Example } from "#datasets/example";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { type Arm, guardrailArms, standinArms } from "./ablation-arms.ts";

let data: string;
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "cordon-arms-"));
  await mkdir(join(data, "mmlu"));
  await writeFile(join(data, "mmlu/history_test.csv"), '"When was it?",a,b,c,d,A\n"Who was it?",a,b,c,d,B\n');
  await writeJsonl(join(data, "train/advbench.jsonl.gz"), [{ id: "a1", text: "a harmful request", label: 1 }]);
  await writeJsonl(
    join(data, "train/ethos.jsonl.gz"),
    Array.from({ length: 5 }, (_, i) => ({ id: `e${i}`, text: `comment ${i}`, label: i % 2 })),
  );
});
afterAll(() => rm(data, { recursive: true }));

const made = (id: string, by: string, label: 0 | 1, pair?: string): Example => ({
  id,
  text: id,
  label,
  categories: [],
  unknown: [],
  lang: "en",
  synthetic: true,
  ...(pair !== undefined && { pair }),
  lineage: { seedIds: [], parents: [], ops: [{ name: by, version: 1 }] },
});
const ids = (arm: Arm) => arm.examples.map((row) => row.id).sort();
const byName = (arms: readonly Arm[]) => Object.fromEntries(arms.map((arm) => [arm.name, ids(arm)]));

test("each arm of the guardrail is the step that it says it is", async () => {
  const synthetic = [
    made("harmful", "grammar/act", 1, "p"),
    made("twin", "grammar/act", 0, "p"),
    made("alone", "grammar/post", 0),
    made("disguised", "transform/base64", 1),
    made("reply", "replies", 0),
  ];
  const arms = byName(await guardrailArms(data, synthetic, [made("organic", "given", 0)]));
  const step = (from: string, to: string) => arms[to]!.filter((id) => !arms[from]!.includes(id));
  expect(arms["a"]).toEqual(expect.arrayContaining(["a1", "organic"]));
  expect(arms["a"]).toHaveLength(4);
  expect(step("a", "b")).toEqual(["alone", "harmful"]);
  expect(step("b", "c")).toEqual(["twin"]);
  expect(step("c", "d")).toEqual(["disguised"]);
  expect(arms["e"]).toEqual(["a1", "e0", "e1", "e2", "e3", "e4", "organic"]);
  expect(arms["d'"]).toHaveLength(arms["e"]!.length);
  expect(step("e", "f")).toEqual(["alone", "harmful", "twin"]);
  expect(step("f", "g")).toEqual(["disguised"]);
  expect(step("f", "h")).toEqual(["reply"]);
  expect(step("f", "i")).toEqual(["disguised", "reply"]);
  expect(arms["j"]).toEqual(["alone", "harmful", "organic", "twin"]);
  expect(arms["k"]).toEqual(["alone", "disguised", "harmful", "organic", "reply", "twin"]);
});

test("the arms of the stand-in: questions, then passages and topics, then the neighbouring fields", () => {
  const synthetic = [
    made("question", "benchmark/exam-question", 1),
    made("lecture", "benchmark/lecture", 0),
    made("topic", "domain/passage", 1),
    made("neighbour", "domain/passage", 0),
  ];
  expect(byName(standinArms(synthetic, []))).toEqual({
    a: ["question"],
    b: ["lecture", "question", "topic"],
    c: ["lecture", "neighbour", "question", "topic"],
  });
});
