import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { withCompression } from "./compression.ts";
import { findShards, refuseCollisions } from "./shard-files.ts";

const dir = mkdtempSync(join(tmpdir(), "cordon-files-"));
afterAll(() => rmSync(dir, { recursive: true }));
for (const name of [
  "a/x.jsonl.gz",
  "b/x.jsonl.gz",
  "b/deep/y.jsonl.zst",
  "b/z.jsonl",
  "b/z.jsonl.gz",
  "b/notes.txt",
  "out/x.jsonl.gz",
  "b/x.jsonl.gz.7.partial",
]) {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), "");
}
symlinkSync(join(dir, "b/z.jsonl"), join(dir, "a/link.jsonl"));
const names = (...patterns: string[]) =>
  findShards(
    patterns.map((p) => join(dir, p)),
    join(dir, "out"),
  ).map(({ name }) => name);

test("two files of one name keep their folders", () => {
  expect(names("a/x.jsonl.gz", "b/x.jsonl.gz")).toEqual(["a/x.jsonl.gz", "b/x.jsonl.gz"]);
  expect(names("b/x.jsonl.gz")).toEqual(["x.jsonl.gz"]);
});

test("globs, folders and files; each file once, none below the output, no half-written ones", () => {
  expect(names("b")).toEqual(["deep/y.jsonl.zst", "x.jsonl.gz", "z.jsonl", "z.jsonl.gz"]);
  expect(names("**/*.gz", "b/x.jsonl.gz")).toEqual(["a/x.jsonl.gz", "b/x.jsonl.gz", "b/z.jsonl.gz"]);
  expect(names("b/z.jsonl", "a/link.jsonl")).toEqual(["z.jsonl"]);
  expect(names("b/x*")).toEqual(["x.jsonl.gz"]);
});

test("a pattern without a match is an error", () => {
  expect(() => names("a", "c/*.jsonl")).toThrow(/no shard matches.*c\/\*\.jsonl/);
  expect(() => names("out")).toThrow("lies in the output folder");
});

test("two inputs for one output are refused", () => {
  const shards = findShards([join(dir, "b")]);
  refuseCollisions(shards, (name) => name);
  expect(() => refuseCollisions(shards, (name) => withCompression(name, "zst"))).toThrow(
    "z.jsonl and z.jsonl.gz would both be written to z.jsonl.zst",
  );
});
