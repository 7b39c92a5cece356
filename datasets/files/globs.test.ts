import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expandGlobs } from "./globs.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-globs-"));
  await mkdir(join(folder, "sub", "x.jsonl"), { recursive: true });
  for (const name of ["b.jsonl", "a.jsonl.gz", "sub/c.jsonl", "odd[1].jsonl", "note.txt"]) await writeFile(join(folder, name), "");
  await symlink(join(folder, "b.jsonl"), join(folder, "sub", "link.jsonl"));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (...names: string[]) => names.map((name) => join(folder, name));

test("files and patterns, sorted, each once", async () => {
  expect(await expandGlobs(at("**/*.jsonl{,.gz}", "b.jsonl"))).toEqual(
    at("a.jsonl.gz", "b.jsonl", "odd[1].jsonl", "sub/c.jsonl", "sub/link.jsonl"),
  );
  expect(await expandGlobs(at("odd[1].jsonl"))).toEqual(at("odd[1].jsonl"));
  expect(await expandGlobs([])).toEqual([]);
});

test("a folder of cordon generate: its examples are named, not its drops", async () => {
  await mkdir(join(folder, "made"));
  await writeFile(join(folder, "made", "examples.jsonl.sealed"), "");
  await expect(expandGlobs(at("made"))).rejects.toThrow(`name its files, such as ${at("made", "examples.jsonl.sealed")[0]}`);
  await rm(join(folder, "made"), { recursive: true });
});

test.each([
  ["none-*.jsonl", "no file matches the pattern"],
  ["none.jsonl", "no such file"],
  ["sub", "a folder stands where files are read"],
])("%s names nothing", async (name, what) => {
  await expect(expandGlobs(at("b.jsonl", name))).rejects.toMatchObject({
    code: "usage/missing-file",
    exit: 2,
    message: expect.stringContaining(`${what} (${join(folder, name)})`),
  });
});
