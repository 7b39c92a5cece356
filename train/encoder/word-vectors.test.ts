import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { WordCounter } from "#models/encoder/vocabulary";
import { readWordVectors } from "./word-vectors.ts";

const counter = new WordCounter();
counter.add("the frozen process , é");
const vocabulary = counter.vocabulary({ minCount: 1, maxWords: 100, oovBuckets: 3 });

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cordon-vectors-"));
});
afterAll(() => rm(dir, { recursive: true }));

const read = async (name: string, content: string | Uint8Array) => {
  const path = join(dir, name);
  await writeFile(path, content);
  const { dimensions, rows, known, found } = await readWordVectors(path, vocabulary);
  const row = (word: string) => {
    const id = vocabulary.encode(word).ids[0]!;
    return known[id] === 1 ? [...rows.subarray(id * dimensions, (id + 1) * dimensions)] : undefined;
  };
  return { dimensions, rows, found, row };
};

const GLOVE = "the 1 2\nThe 9 9\nelsewhere 3 4\n. . . 5 5\n, 6 -7.5e-1\nfrozen-process 8 8\né 0.5 0.25\n";

describe("readWordVectors", () => {
  it.each([
    ["glove.txt", GLOVE],
    ["glove.txt.gz", gzipSync(GLOVE)],
    ["glove.txt.zst", zstdCompressSync(GLOVE)],
    ["fast-text.vec", `7 2\n${GLOVE.replaceAll("\n", " \n")}`],
  ])("reads the words of the vocabulary of %s, the first of each case", async (name, content) => {
    const { dimensions, found, row, rows } = await read(name, content);
    expect([dimensions, found]).toEqual([2, 3]);
    expect(row("THE")).toEqual([1, 2]);
    expect(row(",")).toEqual([6, -0.75]);
    expect(row("é")).toEqual([0.5, 0.25]);
    expect(row("frozen")).toBeUndefined();
    expect(row("elsewhere")).toBeUndefined();
    expect(rows).toHaveLength(vocabulary.vocabSize * 2);
  });

  it.each([
    ["a.vec:3", "2 3\nthe 1 2 3\nfrozen 1 2\n"],
    ["a.txt:2", "the 1 2 3\nfrozen 1 x 3\n"],
    ["a.txt:2", "the 1 2 3\nfrozen 1  3\n"],
    ["a.txt", "nothing 1 2\n"],
  ])("says where a file is malformed: %s", async (where, content) => {
    const name = where.split(":")[0]!;
    await expect(read(name, content)).rejects.toMatchObject({
      code: "data/malformed-row",
      message: expect.stringContaining(join(dir, where)),
    });
  });
});
