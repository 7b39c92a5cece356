import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RowFile } from "./row-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-row-file-"));
});
afterEach(() => rm(folder, { recursive: true }));

const LONG = JSON.stringify("x".repeat(100_000));

test("rows in order, whole or not at all", async () => {
  const file = new RowFile(join(folder, "rows.jsonl"));
  for (const line of ["1", LONG, "3"]) await file.put(line);
  expect(await readdir(folder)).not.toContain("rows.jsonl");
  expect(await file.close()).toMatchObject({ rows: 3, bytes: LONG.length + 5 });
  expect(await readFile(file.path, "utf8")).toBe(`1\n${LONG}\n3\n`);

  const given = new RowFile(join(folder, "given-up.jsonl"));
  await given.put(LONG);
  await given.abandon();
  expect(await readdir(folder)).toEqual(["rows.jsonl"]);
});

test("a file that cannot be written fails at the next chunk of rows, not at the end", async () => {
  await writeFile(join(folder, "file"), "");
  const file = new RowFile(join(folder, "file", "rows.jsonl"));
  const fill = async () => {
    for (;;) {
      await file.put(LONG);
      await sleep(1);
    }
  };
  await expect(fill()).rejects.toMatchObject({ code: expect.stringMatching(/^E(NOTDIR|EXIST)$/) });
  await expect(file.put(LONG)).rejects.toMatchObject({ code: expect.stringMatching(/^E(NOTDIR|EXIST)$/) });
  await expect(file.close()).rejects.toThrow();
});
