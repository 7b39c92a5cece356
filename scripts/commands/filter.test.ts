// The verb as its users meet it: a process, its exit code, its two streams.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { saveNgramPackage } from "#models/package";
import type { FilterResult } from "#serve/filter/run-filter";
import { fixtureModel } from "#serve/guard/fixture-model";

const CLI = fileURLToPath(new URL("../cordon.ts", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "cordon-filter-cli-"));
const at = (name: string) => join(dir, name);
beforeAll(async () => {
  const { weights, manifest } = fixtureModel(["harmful"]);
  await saveNgramPackage(at("model"), weights, manifest);
  writeFileSync(at("a.jsonl"), '{"id":"1","text":"fine"}\n{"id":"2","text":"zorblax"}\n{"id":"3"}\n');
  writeFileSync(at("cut.jsonl.gz"), gzipSync("{}\n".repeat(1000)).subarray(0, 20));
});
afterAll(() => rmSync(dir, { recursive: true }));

const filter = (...args: string[]) => spawnSync(process.execPath, [CLI, "filter", "--model", at("model"), ...args], { encoding: "utf8" });

test("--json prints one document on stdout and everything else on stderr", () => {
  const { status, stdout, stderr } = filter("--input", at("a.jsonl"), "--out", at("json"), "--threshold", "0.5", "--json");
  expect(status).toBe(0);
  const result = JSON.parse(stdout) as FilterResult;
  expect(result.totals.rows).toEqual({ in: 3, kept: 1, removed: 1, failed: 1 });
  expect(stderr).toMatch(/^filtered 1 shards/);
});

test("a damaged shard is named on stderr, with its byte, and ends in exit code 1; no text is printed", () => {
  const { status, stdout, stderr } = filter(
    "--input",
    at("a.jsonl"),
    at("cut.jsonl.gz"),
    "--out",
    at("cut"),
    "--max-removed",
    "50%",
    "--workers",
    "2",
  );
  expect(status).toBe(1);
  expect(stderr).toMatch(/cordon: shard failed: .*cut\.jsonl\.gz, byte 20/);
  expect(stdout).toContain("1 of 2 shards failed: run again with --resume");
  expect(stdout).toContain("quarantined, no-text: 1");
  expect(stdout + stderr).not.toContain("zorblax");
});

test.each([
  [["--out", "x", "--threshold", "0.5", "--input", "none-*.jsonl"], /no shard matches/],
  [["--out", "x", "--input", "A"], /no threshold.*--scores-only.*own threshold of harmful is 0\.5/],
  [["--out", "x", "--input", "A", "--threshold", "1.5"], /from 0 to 1/],
  [["--out", "x", "--input", "A", "--threshold", "0.5", "--category", "cats"], /no label cats/],
  [["--out", "x", "--input", "A", "--threshold", "0.5", "--zstd-level", "0"], /no such level/],
  [["--out", "x", "--input", "A", "--threshold", "0.5", "--experiment", "a__b"], /experiment's name/],
  [["--out", ".", "--input", "A", "--threshold", "0.5"], /lies in the output folder/],
  [["--out", "M", "--input", "A", "--threshold", "0.5"], /not empty.*--resume/],
])("usage: %j", (args, message) => {
  const { status, stderr } = filter(
    ...args.map((arg) => (arg === "A" ? at("a.jsonl") : arg === "x" ? at("x") : arg === "M" ? at("model") : arg === "." ? dir : arg)),
  );
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});
