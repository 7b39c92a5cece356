import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { collect } from "#datasets/files/collect";
import { readCsvRecords } from "./csv-rows.ts";
import { readRows } from "./rows.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-rows-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const rowsOf = async (path: string) => (await collect(readRows(path))).map(({ row }) => row);

const ROWS = [
  { id: "a", text: 'one, "two"\nthree', label: "1" },
  { id: "b", text: "é😀", label: "0" },
];
const CSV = 'id,text,label\na,"one, ""two""\nthree",1\nb,é😀,0\n';
const JSONL = ROWS.map((row) => JSON.stringify(row)).join("\n");

test.each([
  ["r.jsonl", JSONL],
  ["r.ndjson.zst", zstdCompressSync(JSONL)],
  ["r.json", JSON.stringify(ROWS)],
  ["pretty.json.gz", gzipSync(JSON.stringify(ROWS, null, 2))],
  ["lines.json", `${JSONL}\n`],
  ["r.csv", CSV],
  ["bom.csv", `\uFEFF${CSV}`],
  ["r.csv.gz", gzipSync(CSV)],
  ["r.tsv", 'id\ttext\tlabel\na\t"one, ""two""\nthree"\t1\nb\té😀\t0'],
])("%s gives its rows", async (name, content) => {
  expect(await rowsOf(await write(name, content))).toEqual(ROWS);
});

test("CRLF files give the same rows with LF inside their texts", async () => {
  expect(await rowsOf(await write("crlf.csv", CSV.replaceAll("\n", "\r\n")))).toEqual(ROWS);
});

test("Parquet gives its rows over several row groups", async () => {
  const buffer = parquetWriteBuffer({
    columnData: [
      { name: "id", data: ["a", "b", "c"], type: "STRING" },
      { name: "answer", data: [1n, 2n, 3n], type: "INT64" },
    ],
    rowGroupSize: 2,
  });
  const rows = await collect(readRows(await write("r.parquet", new Uint8Array(buffer))));
  expect(rows.map(({ row }) => [row["id"], Number(row["answer"])])).toEqual([
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ]);
  expect(rows[2]!.where).toMatch(/r\.parquet\[2\]$/);
});

test("records know the line they begin on, whatever stands inside quotes", async () => {
  for (const end of ["\n", "\r\n"]) {
    const path = await write("lines.csv", ['1,"a', "b", '",x', "", "", "2,c,y", '3,"d', '",z'].join(end));
    expect((await collect(readCsvRecords(path))).map(({ where, record }) => [where.split(":").at(-1), record[0]])).toEqual([
      ["1", "1"],
      ["6", "2"],
      ["7", "3"],
    ]);
  }
});

test("CSV fields come back as they were quoted", async () => {
  const field = fc.string({ unit: "grapheme", maxLength: 12 }).map((s) => s.replaceAll(/\r\n?/g, "\n"));
  const path = join(folder, "p.csv");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 6 }), fc.boolean(), async (pairs, crlf) => {
      const quoted = pairs.map((pair) => pair.map((f) => `"${f.replaceAll('"', '""')}"`).join(",")).join(crlf ? "\r\n" : "\n");
      await writeFile(path, quoted);
      expect((await collect(readCsvRecords(path))).map(({ record }) => record)).toEqual(pairs);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ["short.csv", "a,b\nx,y\nSECRET\n", "data/malformed-row", "short.csv:3", "fields than the header"],
  ["quote.csv", 'a,b\nx,SECRET"y\n', "data/malformed-row", "quote.csv:2", "not quoted"],
  ["after.csv", 'a,b\nx,"y"SECRET\n', "data/malformed-row", "after.csv:2", "closing quote"],
  ["open.csv", 'a,b\nx,"SECRET\n', "data/malformed-row", "open.csv", "never closed"],
  ["twice.csv", "a,a\nx,y\n", "data/malformed-row", "twice.csv:1", "same name"],
  ["latin1.csv", Buffer.from("a\nSECRET\xe9\n", "latin1"), "data/unreadable", "latin1.csv", "UTF-8"],
  ["cut.csv.gz", gzipSync("a\n" + "SECRET\n".repeat(999)).subarray(0, 30), "data/unreadable", "cut.csv.gz", "cut short"],
  ["bad.jsonl", '{"a":1}\nSECRET\n', "data/malformed-row", "bad.jsonl:2", "not valid JSON"],
  ["bad.json", '[{"a":1},\nSECRET]', "data/unreadable", "bad.json", "neither"],
  ["item.json", '[{"a":1},"SECRET"]', "data/malformed-row", "item.json[1]", "not a JSON object"],
  ["object.json", '{\n"SECRET":1}', "data/unreadable", "object.json", "not an array"],
  ["bad.parquet", "SECRET SECRET SECRET", "data/unreadable", "bad.parquet", "Parquet"],
  ["what.txt", "SECRET", "usage/bad-option", "what.txt", "format"],
])("%s is refused, with the place and without the text", async (name, content, code, where, what) => {
  const error = (await collect(readRows(await write(name, content))).catch((e: unknown) => e)) as Error & { code: string };
  expect(error.code).toBe(code);
  expect(error.message).toContain(where);
  expect(error.message).toContain(what);
  expect(error.message).not.toContain("SECRET");
});

test.each(["none.csv", "none.parquet", "none.jsonl"])("%s does not exist", async (name) => {
  await expect(collect(readRows(join(folder, name)))).rejects.toMatchObject({ code: "usage/missing-file" });
});
