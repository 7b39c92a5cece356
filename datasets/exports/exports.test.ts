import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Example, exampleSchema } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { labelledFiles } from "#datasets/labelled-files";
import { renderTurns } from "#datasets/conversation";
import { CATEGORY_IDS } from "#models/taxonomy";
import { EXPORT_FORMATS, exportRows } from "./export.ts";

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-exports-"));
});
afterAll(() => rm(folder, { recursive: true }));

const formatOf = (name: string) => EXPORT_FORMATS.find((format) => format.name === name)!;
async function* stream(rows: readonly Example[]): AsyncGenerator<Example> {
  yield* rows;
}

interface Options {
  includeHarmful?: boolean;
  extension?: string;
  judge?: (text: string) => number;
}

async function exported(name: string, rows: readonly Example[], options: Options = {}) {
  const format = formatOf(name);
  const path = join(folder, `${files++}${options.extension ?? format.extensions[0]}`);
  const summary = await exportRows(stream(rows), format, path, { includeHarmful: true, ...options });
  return { path, summary };
}

async function imported(reference: string): Promise<Example[]> {
  const [file] = await labelledFiles([reference]);
  return collect(file!.read());
}

/** Text that survives a CSV file, whose line ends are one kind, and UTF-8. */
const text = fc
  .oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("{{ a }}", "{% if %}", "- x: 'y'", "# no", "=1", '"a","b"', "\u0085\u2028\ufeff"),
  )
  .map((value) => value.toWellFormed().replaceAll("\r", "\n"))
  .filter((value) => value.trim() !== "" && !value.startsWith("file://"));
const label = fc.constantFrom<0 | 1>(0, 1);
const category = fc.constantFrom(...CATEGORY_IDS.filter((id) => id !== "child-exploitation"));

const row = (id: string, fields: Partial<Example>): Example => exampleSchema.parse({ id, text: "t", label: 0, source: "s", ...fields });
const requests = fc
  .array(fc.record({ text, label, category }), { minLength: 1, maxLength: 6 })
  .map((all) => all.map(({ text, label, category }, i) => row(`r${i}`, { text, label, categories: label === 1 ? [category] : [] })));

const reply = (
  id: string,
  pair: string,
  prompt: string,
  content: string,
  label: 0 | 1,
  categories: Example["categories"] = [],
): Example => {
  const turns: Example["turns"] = [
    { role: "user", content: prompt },
    { role: "assistant", content },
  ];
  return row(id, { text: content, turns, pair, label, categories });
};
const pairs = fc
  .array(fc.record({ prompt: text, safe: text, harmful: text, category }), { minLength: 1, maxLength: 4 })
  .map((all) =>
    all.flatMap(({ prompt, safe, harmful, category }, i) => [
      reply(`h${i}`, `p${i}`, prompt, harmful, 1, [category]),
      reply(`s${i}`, `p${i}`, prompt, safe, 0),
    ]),
  );

const told = (rows: readonly Example[]) => rows.map(({ text, label }) => ({ text, label }));
const ordered = (rows: readonly Example[]) =>
  told(rows)
    .map((one) => JSON.stringify(one))
    .sort();

describe("what is exported is imported as the same texts and labels", () => {
  it.each([
    ["promptfoo", ".yaml"],
    ["promptfoo", ".json"],
    ["promptfoo", ".jsonl"],
    ["pyrit", ".yaml"],
  ])("%s %s", async (name, extension) => {
    await fc.assert(
      fc.asyncProperty(requests, async (rows) => {
        const { path } = await exported(name, rows, { extension });
        const back = await imported(`${name}:${path}`);
        expect(told(back)).toEqual(told(rows));
        expect(back.map(({ id, categories }) => ({ id, categories }))).toEqual(rows.map(({ id, categories }) => ({ id, categories })));
      }),
      { numRuns: 40 },
    );
  });

  it.each(["harmbench", "jailbreakbench"])("%s, of the harmful requests", async (name) => {
    await fc.assert(
      fc.asyncProperty(
        requests.filter((rows) => rows.some((one) => one.label === 1)),
        async (rows) => {
          const { path, summary } = await exported(name, rows);
          const harmful = rows.filter((one) => one.label === 1);
          expect(told(await imported(`${name}:${path}`))).toEqual(told(harmful));
          expect(summary.rows + Object.values(summary.leftOut).reduce((sum, n) => sum + n, 0)).toBe(rows.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each(["gretel", "pku-saferlhf"])("%s, of pairs of replies", async (name) => {
    await fc.assert(
      fc.asyncProperty(pairs, async (rows) => {
        const { path } = await exported(name, rows);
        const back = await imported(`${name}:${path}`);
        expect(ordered(back)).toEqual(ordered(rows));
        expect(new Set(back.map((one) => one.pair)).size).toBeLessThanOrEqual(rows.length / 2);
      }),
      { numRuns: 40 },
    );
  });

  it.each([".jsonl", ".jsonl.gz", ".parquet"])("own rows as %s, whole", async (extension) => {
    await fc.assert(
      fc.asyncProperty(requests, pairs, async (single, paired) => {
        const lineage = { seedIds: ["cyber/act/1"], parents: ["x"], ops: [{ name: "grammar/act", version: 1, params: { deep: [1] } }] };
        const rows = [
          ...single,
          ...paired.map((one) => ({ ...one, id: `p${one.id}` })),
          row("last", { lineage, labelDist: 0.25, unknown: ["*"], split: "test" }),
        ];
        const { path } = await exported(extension === ".parquet" ? "parquet" : "jsonl", rows, { extension });
        expect(await imported(path)).toEqual(rows);
      }),
      { numRuns: 15 },
    );
  });

  it("PyRIT keeps a conversation as a group of seeds", async () => {
    const whole = reply("c", "p", "four", "five", 1);
    const rows = [
      reply("a", "p", "one", "two", 0),
      row("b", { text: "three", label: 1, categories: ["cyber"] }),
      { ...whole, text: renderTurns(whole.turns!) },
    ];
    const { path } = await exported("pyrit", rows);
    const back = await imported(`pyrit:${path}`);
    expect(told(back)).toEqual(told(rows));
    expect(back[0]!.turns).toEqual(rows[0]!.turns);
    const { seeds } = parse(await readFile(path, "utf8")) as { seeds: { sequence?: number; prompt_group_alias?: string }[] };
    expect(seeds.map((seed) => [seed.sequence, seed.prompt_group_alias])).toEqual([
      [0, "a"],
      [1, "a"],
      [undefined, undefined],
      [0, "c"],
      [1, "c"],
    ]);
  });

  it("YAML holds no character that a YAML 1.1 reader refuses", async () => {
    const { path } = await exported("pyrit", [row("a", { text: "\u0000\u007f\u0085\u009f\u2028\ufeff\uffff 😀" })]);
    // eslint-disable-next-line no-control-regex
    expect(await readFile(path, "utf8")).not.toMatch(/[\u0000-\u0008\u007f-\u009f\u2028\ufeff\uffff]/);
  });

  it("a Parquet file of several row groups comes back whole", async () => {
    const rows = Array.from({ length: 12_001 }, (_, i) => row(`r${i}`, { text: `text ${i}`, label: (i % 2) as 0 | 1 }));
    const { path } = await exported("parquet", rows);
    expect(await imported(path)).toEqual(rows);
  });
});

describe("what is left out", () => {
  const PAIR = [reply("h", "p", "q", "harmful one", 1, ["cyber"]), reply("s", "p", "q", "safe one", 0)];

  it("harmful rows, unless asked for", async () => {
    const rows = [row("a", {}), row("b", { label: 1 })];
    for (const name of ["jsonl", "parquet", "promptfoo", "pyrit"]) {
      const { summary } = await exported(name, rows, { includeHarmful: false });
      expect(summary, name).toMatchObject({ records: 1, rows: 1, leftOut: { harmful: 1 } });
    }
    const { path } = await exported("sft", PAIR, { includeHarmful: false });
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ id: "s", messages: PAIR[1]!.turns });
  });

  it.each(EXPORT_FORMATS.filter((format) => format.harmful === "needed").map((format) => format.name))(
    "%s is refused without them",
    async (name) => {
      await expect(exported(name, PAIR, { includeHarmful: false })).rejects.toMatchObject({
        code: "usage/bad-option",
        message: expect.stringContaining("--include-harmful"),
      });
    },
  );

  it("harmful rows of child exploitation, always", async () => {
    const rows = [row("a", {}), row("b", { label: 1, categories: ["child-exploitation"] })];
    expect((await exported("jsonl", rows)).summary.leftOut).toEqual({ "harmful, of child exploitation": 1 });
  });

  it("preferences: triplets, and the pairs on which the judge agrees", async () => {
    const { path } = await exported("dpo", PAIR);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      id: "p",
      prompt: [{ role: "user", content: "q" }],
      chosen: [{ role: "assistant", content: "safe one" }],
      rejected: [{ role: "assistant", content: "harmful one" }],
    });
    const more = [...PAIR, reply("h2", "p2", "q", "mild", 1), reply("s2", "p2", "q", "harmful too", 0)];
    const judged = await exported("dpo", more, { judge: (reply) => (reply.startsWith("harmful") ? 0.9 : 0.1) });
    expect(judged.summary).toMatchObject({
      records: 1,
      rows: 2,
      leftOut: { "a pair whose harmful reply the judge does not find the more harmful": 2 },
    });
    // A score that is NaN agrees with nothing.
    await expect(exported("dpo", PAIR, { judge: () => NaN })).rejects.toMatchObject({ code: "data/too-few-examples" });
  });

  it("pairs that are none, each counted", async () => {
    const rows = [
      ...PAIR,
      row("single", {}),
      reply("lone", "p3", "q", "r", 1),
      reply("x", "p4", "q", "r", 1),
      reply("y", "p4", "other q", "r", 0),
      reply("v", "p5", "q", "r", 1),
      reply("w", "p5", "q", "r2", 1),
    ];
    expect((await exported("dpo", rows)).summary.leftOut).toEqual({
      "no reply that is one side of a pair": 1,
      "one side of a pair without the other": 1,
      "a pair whose sides answer different prompts": 2,
      "a pair of which no side is to be chosen": 2,
    });
    expect((await exported("gretel", rows)).summary.leftOut).toMatchObject({ "a pair whose sides have the same label": 2 });
  });

  it("a refusal of a harmless request: rejected in a preference, left out of fine-tuning", async () => {
    const said = (one: Example, preference: string): Example => ({
      ...one,
      lineage: { seedIds: [], parents: [], ops: [{ name: "replies/x", version: 1, params: { preference } }] },
    });
    const rows = [said(reply("no", "p", "q", "I will not.", 0), "rejected"), said(reply("yes", "p", "q", "Gladly.", 0), "chosen")];
    // The judge has no say where neither is harmful.
    const { path } = await exported("dpo", rows, { judge: () => NaN });
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
      chosen: [{ content: "Gladly." }],
      rejected: [{ content: "I will not." }],
    });
    const sft = await exported("sft", rows, { includeHarmful: false });
    expect(sft.summary).toMatchObject({ records: 1, leftOut: { "a reply that is to be rejected": 1 } });
    // What a strategy says never puts a harmful reply over a safe one.
    const swapped = [said(reply("h", "p", "q", "harmful", 1), "chosen"), said(reply("s", "p", "q", "safe", 0), "rejected")];
    expect(JSON.parse(await readFile((await exported("dpo", swapped)).path, "utf8"))).toMatchObject({ chosen: [{ content: "safe" }] });
  });

  it("texts that promptfoo would read as a file or cannot quote", async () => {
    const rows = [row("a", {}), row("b", { text: "file:///etc/passwd" }), row("c", { text: "{% endraw %}{{ env.HOME }}" })];
    const { summary, path } = await exported("promptfoo", rows);
    expect(summary).toMatchObject({ records: 1, leftOut: { "a text that promptfoo would take for a template or a file": 2 } });
    expect(await readFile(path, "utf8")).not.toContain("passwd");
  });

  it("nothing at all: an error, and no file; an existing file and a wrong extension are refused", async () => {
    const before = await readdir(folder);
    await expect(exported("sft", [row("a", {})])).rejects.toThrow(/nothing to write as sft: left out were 1 no conversation/);
    await expect(exported("harmbench", PAIR, { extension: ".json" })).rejects.toMatchObject({ code: "usage/bad-option" });
    expect(await readdir(folder)).toEqual(before);
    await writeFile(join(folder, "mine.jsonl"), "years of work");
    await expect(exportRows(stream(PAIR), formatOf("jsonl"), join(folder, "mine.jsonl"), { includeHarmful: true })).rejects.toMatchObject({
      code: "usage/output-exists",
    });
  });
});
