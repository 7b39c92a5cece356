import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { collect } from "./files/collect.ts";
import { textId } from "./files/hash.ts";
import { readOrganic } from "./organic.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-organic-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(lines: string[], options: Parameters<typeof readOrganic>[1] = {}) {
  const path = join(folder, "documents.jsonl.gz");
  await writeFile(path, gzipSync(lines.join("\n")));
  return collect(readOrganic([path], options));
}

test("documents become harmless examples that know every category", async () => {
  const rows = await read(['{"id":"a","text":"one","license":"CC0-1.0","label":1}', "", '{"text":"two"}', '{"id":7,"text":"three"}']);
  expect(rows[0]).toEqual({
    id: "a",
    text: "one",
    label: 0,
    categories: [],
    unknown: [],
    lang: "en",
    synthetic: false,
    source: "organic",
    license: "CC0-1.0",
  });
  expect(rows.map((r) => r.id)).toEqual(["a", textId("two"), textId("three")]);
});

test("keep decides by id and source", async () => {
  const lines = ["x", "y", "x"].map((source, i) => JSON.stringify({ id: `d${i}`, text: "t", source }));
  expect((await read(lines, { keep: ({ id, source }) => source === "x" && id !== "d0" })).map((r) => r.id)).toEqual(["d2"]);
});

test("only the beginning, cut at white space, never inside a code point", async () => {
  const cut = async (text: string, characters: number) => (await read([JSON.stringify({ text })], { characters }))[0]!.text;
  expect(await cut("one two three", 9)).toBe("one two");
  expect(await cut("one two three", 13)).toBe("one two three");
  expect(await cut("one two three", 0)).toBe("one two three");
  expect(await cut("onetwothree", 4)).toBe("onet");
  expect(await cut("🙂🙂🙂", 3)).toBe("🙂");
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), fc.integer({ min: 1, max: 12 }), async (text, characters) => {
      const beginning = await cut(text, characters);
      expect(text.startsWith(beginning)).toBe(true);
      expect(beginning.length).toBeLessThanOrEqual(characters);
      expect(beginning.isWellFormed()).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a row without a text is an error at its line, which does not quote it", async () => {
  for (const bad of ['{"txt":"zorblax"}', '{"text":["zorblax"]}', '"zorblax"', "{zorblax"]) {
    const error: unknown = await read(['{"text":"fine"}', "", bad]).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "data/malformed-row", where: expect.stringMatching(/documents\.jsonl\.gz:3$/) });
    expect(String(error)).not.toContain("zorblax");
  }
  await expect(collect(readOrganic([join(folder, "none.jsonl")]))).rejects.toMatchObject({ code: "usage/missing-file" });
});
