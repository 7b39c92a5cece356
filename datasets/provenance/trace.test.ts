import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { KEY_VARIABLE } from "#datasets/sealing/key";
import { trace } from "./trace.ts";
import { tracedFiles } from "./traced-files.ts";

let folder = "";
const at = (...names: string[]) => join(folder, ...names);
const run = async (id: string, text = false, data = [at("set")]) => trace(id, await tracedFiles(data), { text });

const op = (name: string, more = {}) => ({ name, version: 2, ...more });
const row = (id: string, lineage: object, more = {}) => ({
  id,
  text: `SECRET ${id}`,
  label: 1,
  categories: ["cyber"],
  split: "train",
  lineage,
  ...more,
});
const ROWS = [
  row("g-child", {
    seedIds: ["cyber/act/1"],
    parents: ["g-parent", "g-elsewhere"],
    ops: [
      op("rephrase/lecture", { seed: 7, model: "m-1", promptSha256: "ab".repeat(32), params: { form: "lecture", note: "SECRET words" } }),
    ],
    recipe: "0123456789abcdef",
  }),
  row("g-parent", { seedIds: ["cyber/act/1"], parents: ["g-grand"], ops: [op("grammar/act")] }),
  row("g-grand", { seedIds: ["cyber/act/1", "cyber/act/12"], ops: [op("grammar/act")] }, { label: 0, categories: [] }),
  row("g-loop", { seedIds: ["x"], parents: ["g-loop"] }),
  row('g-"quoted"\\é', { seedIds: ["y"] }),
];
/** The gates that this manifest's recipe runs before the judge. */
const FIRST = ["generator", "schema", "refusal", "length", "minors", "lineage", "duplicate", "contradiction"];
const DROPS = [
  {
    id: "f-1",
    gate: "judge",
    reason: "the judge said harmless",
    topic: "cyber",
    label: 1,
    strategy: "grammar/act",
    seedIds: ["cyber/act/1"],
  },
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-trace-"));
  await mkdir(at("set"));
  await writeJsonl(at("set/examples.jsonl"), ROWS);
  await writeJsonl(at("set/drops.jsonl"), DROPS);
  await writeFile(
    at("set/manifest.json"),
    JSON.stringify({ recipe: { gates: { near_duplicate: "off", decontaminate: { against: [] }, judge: {} } } }),
  );
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

describe("a row", () => {
  it("is traced through its ancestors, each once, with what made it", async () => {
    const result = await run("g-child");
    expect(result).toMatchObject({ kind: "row", id: "g-child" });
    if (result.kind !== "row") throw new Error("unreachable");
    expect(result.rows.map((one) => [one.id, one.state])).toEqual([
      ["g-child", "kept"],
      ["g-parent", "kept"],
      ["g-elsewhere", "absent"],
      ["g-grand", "kept"],
    ]);
    expect(result.rows[0]).toMatchObject({
      strategy: "rephrase/lecture",
      split: "train",
      passed: [...FIRST, "judge", "consistency", "quota"],
      lineage: { recipe: "0123456789abcdef", ops: [{ model: "m-1", promptSha256: "ab".repeat(32), seed: 7, params: { form: "lecture" } }] },
    });
    expect(JSON.stringify(result)).not.toContain("SECRET");
  });

  it("that is its own parent does not go round", async () => {
    expect(await run("g-loop")).toMatchObject({ rows: [{ id: "g-loop" }] });
  });

  it("that was dropped tells the gate, the reason and what it passed before", async () => {
    expect(await run("f-1")).toMatchObject({
      rows: [{ state: "dropped", gate: "judge", reason: "the judge said harmless", passed: FIRST }],
    });
  });

  it("shows its text only when asked", async () => {
    const result = await run("g-child", true);
    expect(JSON.stringify(result)).toContain("SECRET g-child");
  });

  it("is found by the beginning of its id, and however its line is escaped", async () => {
    expect(await run("g-ch")).toMatchObject({ id: "g-child" });
    expect(await run('g-"quoted"\\é')).toMatchObject({ kind: "row", rows: [{ state: "kept" }] });
    await writeFile(at("escaped.jsonl"), '{"id":"a\\/\\u0062","text":"t","label":0,"categories":[]}\n');
    expect(await run("a/b", false, [at("escaped.jsonl")])).toMatchObject({ id: "a/b" });
  });
});

describe("a seed", () => {
  it("is traced to its rows, kept and dropped, with counts", async () => {
    const result = await run("cyber/act/1");
    expect(result).toMatchObject({
      kind: "seed",
      kept: [{ id: "g-child" }, { id: "g-parent" }, { id: "g-grand" }],
      dropped: [{ id: "f-1" }],
      counts: [
        { strategy: "grammar/act", label: 0, kept: 1, dropped: 0 },
        { strategy: "grammar/act", label: 1, kept: 1, dropped: 1 },
        { strategy: "rephrase/lecture", label: 1, kept: 1, dropped: 0 },
      ],
    });
    expect(JSON.stringify(result)).not.toContain("SECRET");
    expect(JSON.stringify(await run("cyber/act/12", true))).toContain("SECRET g-grand");
  });
});

describe("an id", () => {
  it("that nothing has, or that several begin with, is refused", async () => {
    await expect(run("nothing")).rejects.toMatchObject({ code: "trace/unknown-id", exit: 1 });
    await expect(run("g-")).rejects.toThrow(/^5 ids begin with g-: give more of it: row g-child, /);
    await expect(run("cyber")).rejects.toMatchObject({ code: "usage/bad-option" });
  });
});

describe("the data", () => {
  it("may be sealed", async () => {
    vi.stubEnv(KEY_VARIABLE, "33".repeat(32));
    await mkdir(at("sealed"));
    await writeJsonl(at("sealed/examples.jsonl.sealed"), ROWS);
    await writeJsonl(at("sealed/drops.jsonl"), DROPS);
    expect(await run("cyber/act/1", false, [at("sealed")])).toMatchObject({ kept: [{}, {}, {}], dropped: [{}] });
  });

  it("must hold examples", async () => {
    await mkdir(at("empty"));
    await expect(run("x", false, [at("empty")])).rejects.toMatchObject({ code: "usage/missing-file" });
    await expect(run("x", false, [at("no.jsonl")])).rejects.toMatchObject({ code: "usage/missing-file" });
    await writeFile(at("set2.jsonl"), '{"id":"bad","text":["SECRET"],"label":1}\n');
    const error = (await run("bad", false, [at("set2.jsonl")]).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain("set2.jsonl:1");
    expect(error.message).not.toContain("SECRET");
  });

  it("of 100,000 rows is traced in a moment", async () => {
    async function* many() {
      for (let i = 0; i < 100_000; i++) yield row(`m-${i}`, { seedIds: [`s/${i % 100}`], parents: i > 0 ? [`m-${i >> 1}`] : [] });
    }
    await writeJsonl(at("many.jsonl"), many());
    const result = await run("m-99999", false, [at("many.jsonl")]);
    expect(result.kind === "row" && result.rows.length).toBe(18);
    const seed = await run("s/42", false, [at("many.jsonl")]);
    expect(seed.kind === "seed" && seed.kept.length).toBe(1000);
  });
});
