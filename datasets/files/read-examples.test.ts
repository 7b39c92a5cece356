import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { collect } from "./collect.ts";
import { sha256File, textId } from "./hash.ts";
import { readExamples } from "./read-examples.ts";
import { writeJsonl } from "./write-jsonl.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-examples-"));
});
afterAll(() => rm(folder, { recursive: true }));

test.each(["e.jsonl", "e.jsonl.gz", "e.jsonl.zst"])("%s: written rows come back the same", async (name) => {
  const path = join(folder, "deep", name);
  const rows = Array.from({ length: 300 }, (_, i) => ({
    id: `r${i}`,
    text: `row ${i} \u2028 😀\n`,
    label: 1 as const,
    categories: ["cyber" as const],
    unknown: ["hate" as const],
    lang: "en",
    synthetic: true,
  }));
  const written = await writeJsonl(path, rows);
  expect(await collect(readExamples(path))).toEqual(rows);
  expect(written).toMatchObject({ rows: 300, sha256: await sha256File(path) });
  expect(written.bytes).toBe((await readFile(path)).length);
});

test("a write that fails leaves the old file and nothing else", async () => {
  const own = join(folder, "atomic");
  await writeJsonl(join(own, "x.jsonl"), [{ old: true }]);
  async function* failing() {
    yield { id: 1 };
    throw new Error("no more");
  }
  await expect(writeJsonl(join(own, "x.jsonl"), failing())).rejects.toThrow("no more");
  expect(await readdir(own)).toEqual(["x.jsonl"]);
  expect(await readFile(join(own, "x.jsonl"), "utf8")).toBe('{"old":true}\n');
});

test("looser rows go through their source's map and get an id from their text", async () => {
  const path = join(folder, "davidson.jsonl");
  await writeFile(
    path,
    '{"text":"a","label":0,"labels":["offensive"],"labelDist":0.1}\n\n{"id":7,"text":"b","label":false,"labels":["neither"],"labelDist":0.2}\n',
  );
  const [offensive, neither] = await collect(readExamples(path));
  expect(offensive).toMatchObject({ id: textId("a"), label: 1, categories: ["harassment"], source: "davidson" });
  expect(offensive?.unknown).not.toContain("hate");
  expect(offensive?.labelDist).toBeUndefined();
  expect(neither).toMatchObject({ id: "7", label: 0, categories: [], labelDist: 0.2 });
});

test("the source can be given, or stand in the row", async () => {
  const path = join(folder, "mixed.jsonl");
  await writeFile(path, '{"text":"a","label":0,"source":"alpaca-5000"}\n{"text":"b","label":0}\n');
  expect((await collect(readExamples(path))).map((e) => e.unknown)).toEqual([[], ["*"]]);
  expect((await collect(readExamples(path, { source: "ethos" })))[1]?.unknown).not.toContain("hate");
});

test.each([
  ['{"text":"SECRET", "label":', "not valid JSON"],
  ['["SECRET"]', "not a JSON object"],
  ['{"label":1,"labels":["SECRET"]}', "text is missing"],
  ['{"text":["SECRET"],"label":1}', "text: "],
  ['{"text":"SECRET"}', "label is missing"],
  ['{"text":"SECRET","label":"SECRET"}', "label: not an allowed value"],
  ['{"text":"SECRET","label":1,"labelDist":"SECRET"}', "labelDist: "],
  ['{"text":"SECRET","label":1,"categories":["SECRET"]}', "categories.0: "],
  ['{"text":"SECRET","label":1,"labels":"SECRET"}', "labels: "],
])("a malformed row tells its line and what is wrong, never the text: %#", async (row, what) => {
  const path = join(folder, "bad.jsonl");
  await writeFile(path, `{"text":"fine","label":0}\n${row}\n`);
  const error = (await collect(readExamples(path)).catch((e: unknown) => e)) as Error & { code: string };
  expect(error.code).toBe("data/malformed-row");
  expect(error.message).toContain(what);
  expect(error.message).toContain("bad.jsonl:2");
  expect(`${error.stack} ${String(error.cause)}`).not.toContain("SECRET");
});
