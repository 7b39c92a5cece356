import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "#datasets/files/collect";
import { labelledFiles } from "./labelled-files.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cordon-labelled-"));
  writeFileSync(join(dir, "a.jsonl"), '{"text":"one","label":1}\n{"text":"two","label":0}\n');
  writeFileSync(join(dir, "b.csv"), "q,bad\nfirst,0\nsecond,1\n");
  writeFileSync(join(dir, "c.csv"), "id,prompt,type,label,focus,note\n1,some text,homonyms,safe,x,\n");
});
afterAll(() => rmSync(dir, { recursive: true }));

const labels = async (references: string[], columns?: { text?: string; label?: string }) => {
  const files = await labelledFiles(references, columns);
  return Promise.all(files.map(async (file) => (await collect(file.read())).map((example) => example.label)));
};

describe("labelledFiles", () => {
  it("reads JSONL, once however often it is named", async () => {
    expect(await labels([join(dir, "a.jsonl"), join(dir, "*.jsonl")])).toEqual([[1, 0]]);
  });

  it("reads tables by a mapping of columns", async () => {
    expect(await labels([join(dir, "b.csv")], { text: "q", label: "bad" })).toEqual([[0, 1]]);
  });

  it("reads a public set by its format, a file or a folder", async () => {
    expect(await labels([`xstest:${join(dir, "c.csv")}`])).toEqual([[0]]);
  });

  it("says which reference names nothing", async () => {
    await expect(labels([join(dir, "none.jsonl")])).rejects.toMatchObject({ code: "usage/missing-file", where: join(dir, "none.jsonl") });
    await expect(labels([`sft:${join(dir, "a.jsonl")}`])).rejects.toThrow(
      /^no format that is read is called sft .*: there are harmbench, /,
    );
    await expect(labels(["hf:owner/name"])).rejects.toThrow("the format is missing (hf:owner/name): put one before it");
    await expect(labels([`hatecheck:${join(dir, "none.csv")}`])).rejects.toMatchObject({ code: "usage/missing-file" });
  });
});
