// The formats of other tools in their own shapes; what Cordon itself writes of them is tested in datasets/exports/.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Example, categoryState, exampleSchema } from "#datasets/example";
import { labelledFiles } from "#datasets/labelled-files";
import { splitOf } from "#datasets/splits";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-exchange-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The examples of a file, and how many rows were left out for which reason. */
async function read(format: string, name: string, content: string | Buffer): Promise<{ rows: Example[]; skipped: Record<string, number> }> {
  await writeFile(join(folder, name), content);
  const [file] = await labelledFiles([`${format}:${join(folder, name)}`]);
  const rows: Example[] = [];
  const skipped: Record<string, number> = {};
  for await (const row of file!.read((reason) => (skipped[reason] = (skipped[reason] ?? 0) + 1))) rows.push(exampleSchema.parse(row));
  return { rows, skipped };
}
const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const brief = ({ id, label, categories }: Example) => ({ id, label, categories });

describe("gretel", () => {
  const ROW = {
    id: 7,
    persona: "p",
    risk_category: "Malicious Use",
    sub_category: "x",
    tactic: "t",
    prompt: "q",
    response: "r",
    safe_response: "s",
  };

  it("reads both replies as a pair, labelled by the judge's probability", async () => {
    const content = lines({ ...ROW, response_probability_of_harm: 0.9, safe_response_probability_of_harm: "0.01" });
    const { rows } = await read("gretel", "g.jsonl", content);
    expect(rows.map(brief)).toEqual([
      { id: "gretel:7/response", label: 1, categories: [] },
      { id: "gretel:7/safe_response", label: 0, categories: [] },
    ]);
    expect(rows.map((row) => row.turns![1]!.content)).toEqual(["r", "s"]);
    expect(rows.map((row) => row.unknown)).toEqual([["*"], []]);
    expect(new Set(rows.map((row) => row.pair))).toEqual(new Set(["gretel:7"]));
    expect(splitOf(rows[0]!)).toBe(splitOf(rows[1]!));
  });

  it("takes nothing without a judgement for safe", async () => {
    const content = lines(
      ROW,
      { ...ROW, response_probability_of_harm: null, safe_response_probability_of_harm: "nan" },
      { ...ROW, response: "", response_probability_of_harm: 0.1, safe_response_probability_of_harm: 0.8 },
    );
    const { rows, skipped } = await read("gretel", "g2.jsonl", content);
    expect(rows).toEqual([]);
    expect(skipped).toEqual({ "the judge gave no probability": 4, "a reply is empty": 1, "a safe reply that the judge finds harmful": 1 });
  });
});

describe("pku-saferlhf", () => {
  it("reads two replies with their harms; a reply without a label is no safe one", async () => {
    const harms = { Cybercrime: true, Violence: false, "Sexual Content": false };
    const content = lines(
      {
        prompt: "q",
        response_0: "a",
        response_1: "b",
        is_response_0_safe: false,
        is_response_1_safe: true,
        response_0_harm_category: harms,
      },
      { prompt: "q", response_0: "a", response_1: "c", is_response_0_safe: null },
    );
    const { rows, skipped } = await read("pku-saferlhf", "p.jsonl", content);
    expect(rows.map(({ label, categories }) => ({ label, categories }))).toEqual([
      { label: 1, categories: ["cyber"] },
      { label: 0, categories: [] },
    ]);
    expect(categoryState(rows[0]!, "sexual-content")).toBe(0);
    expect(categoryState(rows[0]!, "biological")).toBe(-1);
    expect(rows[0]).toMatchObject({ license: "CC-BY-NC-4.0", text: "a" });
    expect(skipped).toEqual({ "a reply without a label": 2 });
  });
});

describe("jailbreakbench", () => {
  it("reads behaviours, which a file of benign ones makes harmless", async () => {
    const content = "Index,Goal,Target,Behavior,Category,Source\n0,do it,Sure,A thing,Malware/Hacking,Original\n";
    const { rows } = await read("jailbreakbench", "harmful-behaviors.csv", content);
    expect(rows.map(brief)).toEqual([{ id: "jailbreakbench:A thing", label: 1, categories: ["cyber"] }]);
    const { rows: benign } = await read("jailbreakbench", "benign-behaviors.csv", content);
    expect(benign.map(brief)).toEqual([{ id: "jailbreakbench:benign/A thing", label: 0, categories: [] }]);
  });

  it("reads artifacts; an attack that failed to run has no outcome", async () => {
    const attack = { index: 0, goal: "g", behavior: "b", category: "Privacy", prompt: "p", response: "r" };
    const content = JSON.stringify({
      parameters: { method: "m" },
      jailbreaks: [
        { ...attack, jailbroken: true },
        { ...attack, jailbroken: false },
        { ...attack, response: null, jailbroken: false },
        { ...attack, prompt: null, response: null, jailbroken: false },
        attack,
      ],
    });
    const { rows, skipped } = await read("jailbreakbench", "artifact.json", content);
    expect(rows.map(({ label, categories }) => ({ label, categories }))).toEqual([
      { label: 1, categories: ["privacy"] },
      { label: 0, categories: [] },
    ]);
    expect(skipped).toEqual({ "an attack without a prompt or a reply": 2, "an attack without an outcome": 1 });
  });
});

describe("promptfoo", () => {
  it("reads the tests of a configuration by what they expect", async () => {
    const content = `prompts: ["{{prompt}}"]
tests:
  - vars: {prompt: one}
    assert: [{type: is-refusal}]
  - vars: {prompt: two}
    assert: [{type: not-is-refusal}, {type: latency, threshold: 5}]
  - vars: {prompt: three}
    assert: [{type: contains, value: x}]
  - vars: {prompt: four}
    metadata: {pluginId: "harmful:cybercrime"}
  - vars: {question: five}
`;
    const { rows, skipped } = await read("promptfoo", "promptfooconfig.yaml", content);
    expect(rows.map(({ text, label }) => [text, label])).toEqual([
      ["one", 1],
      ["two", 0],
      ["four", 1],
    ]);
    expect(skipped).toEqual({ "a test that does not tell what it expects": 1, "a test without vars.prompt": 1 });
  });

  it("reads results; an error is neither safe nor harmful", async () => {
    const result = (testCase: object, rest: object) => ({ vars: { prompt: "q" }, testCase, response: { output: "a reply" }, ...rest });
    const harmful = { assert: [{ type: "is-refusal" }] };
    const harmless = { metadata: { label: 0 } };
    const results = [
      result(harmful, { success: true, failureReason: 0, prompt: { raw: "as sent" } }),
      result(harmful, { success: false, failureReason: 1, error: "Expected a refusal" }),
      result(harmless, { success: true, failureReason: 0 }),
      result(harmless, { success: false, failureReason: 1 }),
      result(harmful, { success: false, failureReason: 2, error: "API error" }),
      result(harmful, { success: true, failureReason: 0, error: "time-out" }),
      result(harmful, { success: false }),
      result(harmful, { success: true, failureReason: 0, response: {} }),
      result({}, { success: true, failureReason: 0 }),
    ];
    const { rows, skipped } = await read(
      "promptfoo",
      "out.json",
      JSON.stringify({ evalId: "e", results: { version: 3, results }, config: {} }),
    );
    expect(rows.map(({ turns, label }) => [turns![0]!.content, label])).toEqual([
      ["as sent", 0],
      ["q", 1],
      ["q", 0],
    ]);
    expect(skipped).toEqual({
      "a harmless request whose test failed": 1,
      "a result without an outcome": 4,
      "a test that does not tell what it expects": 1,
    });
  });
});

describe("pyrit", () => {
  it("reads seeds with the defaults at the top, groups as conversations", async () => {
    const content = `dataset_name: d
harm_categories: cybercrime
data_type: text
prompts:
  - value: "{% raw %}one {{ x }}{% endraw %}"
  - value: two
    harm_categories: [hate]
  - {value: second, sequence: 1, prompt_group_alias: g, role: assistant}
  - {value: first, sequence: 0, prompt_group_alias: g, role: user}
  - {value: a.png, data_type: image_path}
`;
    const { rows, skipped } = await read("pyrit", "d.prompt", content);
    expect(rows.map(({ text, label, categories }) => ({ text, label, categories }))).toEqual([
      { text: "one {{ x }}", label: 1, categories: ["cyber"] },
      { text: "two", label: 1, categories: ["hate", "cyber"] },
      { text: "User: first\n\nAssistant: second", label: 1, categories: ["cyber"] },
    ]);
    expect(skipped).toEqual({ "a seed that is no text": 1 });
  });

  it("leaves out a seed that says nothing of harm", async () => {
    const { rows, skipped } = await read("pyrit", "q.yaml", "seeds:\n  - value: is it?\n");
    expect([rows, skipped]).toEqual([[], { "a seed without a label or a harm category": 1 }]);
  });
});

describe("a file of another kind", () => {
  it.each([
    ["pyrit", "a.yaml", "seeds: SECRET", "no list of rows"],
    ["pyrit", "b.yaml", "seeds:\n  - SECRET", "not an object"],
    ["pyrit", "c.yaml", "seeds:\n  - {text: SECRET}", "no column value"],
    ["pyrit", "d.yaml", "a:\n  - b: SECRET\n c: d", "no YAML (@:3)"],
    ["promptfoo", "l.yaml", Buffer.from("- SECRET na\xefve", "latin1"), "not valid UTF-8"],
    ["promptfoo", "e.json", "{SECRET", "no JSON"],
    ["promptfoo", "f.json", '"SECRET"', "no list of rows"],
    ["gretel", "g.jsonl", '{"text":"SECRET"}', "no column prompt"],
    ["jailbreakbench", "h.csv", "text\nSECRET\n", "no column Goal"],
  ])("%s:%s is refused with its place, not its text", async (format, name, content, what) => {
    const error = (await read(format, name, content).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message.replace(join(folder, name), "@")).toContain(what);
    expect(error.message).toContain(name);
    expect(error.message).not.toContain("SECRET");
  });
});
