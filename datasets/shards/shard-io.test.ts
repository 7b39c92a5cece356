// Reading and writing of shards: what goes in comes out, and a damaged file is an error, never a short read.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { CordonError } from "#models/errors";
import { LineReader } from "./line-reader.ts";
import { ShardInput } from "./shard-input.ts";
import { ShardOutput } from "./shard-output.ts";

const dir = mkdtempSync(join(tmpdir(), "cordon-shards-"));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;

function file(ending: string, bytes: Uint8Array): string {
  const path = join(dir, `${files++}.jsonl${ending}`);
  writeFileSync(path, bytes);
  return path;
}

function readAll(path: string, piece = 1000): Buffer {
  const input = new ShardInput(path);
  const parts: Buffer[] = [];
  const buffer = Buffer.alloc(piece);
  try {
    for (let count = input.read(buffer, 0, piece); count > 0; count = input.read(buffer, 0, piece))
      parts.push(Buffer.from(buffer.subarray(0, count)));
    expect(input.position).toBe(input.size);
  } finally {
    input.close();
  }
  return Buffer.concat(parts);
}

const body = Buffer.from(Array.from({ length: 3000 }, (_, i) => `row ${i} ${Math.imul(i, 2654435761) >>> 3}\n`).join(""));
const FORMATS = [
  { ending: ".gz", pack: (b: Uint8Array) => gzipSync(b) },
  { ending: ".zst", pack: (b: Uint8Array) => zstdCompressSync(b) },
];

describe.each(FORMATS)("$ending", ({ ending, pack }) => {
  test("members and frames that follow each other are all read", () => {
    const parts = [body, Buffer.alloc(0), body.subarray(0, 10), body];
    const path = file(ending, Buffer.concat(parts.map(pack)));
    for (const piece of [7, 1000, body.length, 1 << 20]) expect(readAll(path, piece).equals(Buffer.concat(parts))).toBe(true);
  });

  test("a cut file is an error that names file and byte, wherever it is cut", () => {
    const packed = Buffer.concat([pack(body), pack(body)]);
    const whole = pack(body).length;
    for (const length of [0, 1, 5, whole - 1, whole + 1, whole + 10, packed.length - 1]) {
      const path = file(ending, packed.subarray(0, length));
      expect(() => readAll(path), `cut at ${length}`).toThrow(/too early.*jsonl.*byte \d+/);
    }
    expect(readAll(file(ending, packed.subarray(0, whole))).equals(body)).toBe(true);
  });

  test("other bytes after the end are an error", () => {
    for (const junk of ["x", "junk that is no frame", '{"id":"1"}\n'])
      expect(() => readAll(file(ending, Buffer.concat([pack(body), Buffer.from(junk)])))).toThrow(CordonError);
  });

  test("a changed byte is an error or changes nothing", () => {
    const packed =
      ending === ".gz"
        ? gzipSync(body)
        : (() => {
            const output = new ShardOutput(join(dir, "sum.jsonl.zst"));
            output.append(body);
            output.commit();
            return readFileSync(output.path);
          })();
    for (let at = 12; at < packed.length; at += 97) {
      const damaged = Buffer.from(packed);
      damaged[at]! ^= 0x10;
      let read: Buffer | null = null;
      try {
        read = readAll(file(ending, damaged));
      } catch (error) {
        expect(error).toBeInstanceOf(CordonError);
      }
      if (read !== null) expect(read.equals(body)).toBe(true);
    }
  });
});

test("skippable zstd frames, as pzstd writes them, are passed over", () => {
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const path = file(".zst", Buffer.concat([skippable, zstdCompressSync(body), skippable, zstdCompressSync(body), skippable]));
  expect(readAll(path).equals(Buffer.concat([body, body]))).toBe(true);
});

test("gzip may be padded with zeros", () => {
  expect(readAll(file(".gz", Buffer.concat([gzipSync(body), Buffer.alloc(600_000)]))).equals(body)).toBe(true);
  expect(() => readAll(file(".gz", Buffer.concat([gzipSync(body), Buffer.alloc(600), Buffer.from("x")])))).toThrow("other bytes follow");
});

test("a file that is not there is an error", () => {
  expect(() => new ShardInput(join(dir, "none.jsonl"))).toThrow(CordonError);
});

test("outputs hold what was appended, in one zstd frame, and appear whole", () => {
  const big = Buffer.concat(Array.from({ length: 12 }, () => body));
  for (const [ending, unpack] of [
    ["", (b: Buffer) => b],
    [".gz", gunzipSync],
    [".zst", zstdDecompressSync],
  ] as const) {
    const path = join(dir, "deep", "er", `out.jsonl${ending}`);
    const output = new ShardOutput(path);
    for (let at = 0, size = 1; at < big.length; at += size, size = (size * 7) % 400_009)
      output.append(big, at, Math.min(big.length, at + size));
    expect(readdirSync(join(dir, "deep", "er"))).not.toContain(`out.jsonl${ending}`);
    output.commit();
    // zstdDecompressSync reads a single frame, as many readers do.
    expect(unpack(readFileSync(path)).equals(big)).toBe(true);
    expect(output.rawBytes).toBe(big.length);
    expect(readAll(path, 1 << 16).equals(big)).toBe(true);
  }
  const dropped = new ShardOutput(join(dir, "deep", "dropped.jsonl.zst"));
  dropped.append(big);
  dropped.discard();
  expect(readdirSync(join(dir, "deep"))).toEqual(["er"]);
});

test("an output that got nothing can be read", () => {
  for (const ending of ["", ".gz", ".zst"]) {
    const output = new ShardOutput(join(dir, `empty.jsonl${ending}`));
    output.commit();
    expect(readAll(output.path).length).toBe(0);
  }
});

/** Lines and, as one string with the mark »long«, rows that came in pieces; with their offsets. */
function lines(path: string, maxRow: number): { text: string; offset: number }[] {
  const input = new ShardInput(path);
  const reader = new LineReader(input, maxRow);
  const all: { text: string; offset: number }[] = [];
  let long = "";
  for (let block = reader.next(); block !== null; block = reader.next()) {
    const text = block.bytes.toString("latin1", block.start, block.end);
    if (block.kind === "piece") {
      if (long === "") all.push({ text: "", offset: block.offset });
      long += text;
      if (!block.last) continue;
      all.at(-1)!.text = `long ${long}`;
      long = "";
      continue;
    }
    let at = block.offset;
    for (const line of text.replace(/\n$/, "").split("\n")) {
      all.push({ text: line, offset: at });
      at += line.length + 1;
    }
  }
  expect(long).toBe("");
  input.close();
  return all;
}

test("lines come whole and in order, rows over the limit in pieces", () => {
  const MB = 1 << 20;
  const limit = 3 * MB;
  const length = fc.oneof(
    fc.integer({ min: 1, max: 2000 }),
    fc.constantFrom(MB - 1, MB, MB + 1, limit - 1, limit, limit + 1, limit + 2, 2 * limit + 5),
  );
  fc.assert(
    fc.property(fc.array(length, { minLength: 1, maxLength: 6 }), fc.boolean(), (lengths, ended) => {
      const rows = lengths.map((n, i) => String.fromCharCode(97 + i).repeat(n));
      const read = lines(file("", Buffer.from(rows.join("\n") + (ended ? "\n" : ""))), limit);
      let offset = 0;
      expect(read.length).toBe(rows.length);
      rows.forEach((row, i) => {
        expect(read[i]!.offset).toBe(offset);
        expect(read[i]!.text === (row.length > limit ? `long ${row}` : row), `row ${i} of ${lengths.join()}`).toBe(true);
        offset += row.length + 1;
      });
    }),
    { numRuns: 25 },
  );
});

test("a byte order mark is dropped, an empty shard has no lines", () => {
  expect(lines(file("", Buffer.from("\ufeffa\nb")), 100)).toEqual([
    { text: "a", offset: 3 },
    { text: "b", offset: 5 },
  ]);
  expect(lines(file("", Buffer.alloc(0)), 100)).toEqual([]);
});
