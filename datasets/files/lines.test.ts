import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { collect } from "./collect.ts";
import { readLines, type Line } from "./lines.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-lines-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function lines(path: string, options = {}): Promise<Line[]> {
  return await collect(readLines(path, options));
}

const CODECS = {
  "a.txt": (bytes: Buffer) => bytes,
  "a.gz": (bytes: Buffer) => gzipSync(bytes),
  "a.zst": (bytes: Buffer) => zstdCompressSync(bytes),
};

for (const [name, compress] of Object.entries(CODECS)) {
  test(`${name}: lines come back as they were joined`, async () => {
    const line = fc.string({ unit: "binary" }).map((s) => s.replaceAll(/[\n\r]/g, " ").replace(/^\uFEFF/, ""));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), fc.constantFrom("\n", "\r\n"), async (texts, end) => {
        const path = join(folder, name);
        await writeFile(path, compress(Buffer.from(texts.map((t) => t + end).join(""))));
        expect(await lines(path)).toEqual(texts.map((text, i) => ({ line: i + 1, text: Buffer.from(text).toString() })));
      }),
      { numRuns: 30 },
    );
  });

  test(`${name}: a line longer than many chunks, and a last line without its end`, async () => {
    const texts = ["x", "é".repeat(700_000), "", "😀end"];
    await writeFile(join(folder, name), compress(Buffer.from(texts.join("\n"))));
    expect((await lines(join(folder, name))).map((l) => l.text)).toEqual(texts);
  });
}

test("several gzip members and several zstandard frames are one file", async () => {
  await writeFile(join(folder, "m.gz"), Buffer.concat([gzipSync("a\nb"), gzipSync("c\nd\n")]));
  await writeFile(join(folder, "m.zst"), Buffer.concat([zstdCompressSync("a\nb"), zstdCompressSync("c\nd\n")]));
  for (const name of ["m.gz", "m.zst"]) expect((await lines(join(folder, name))).map((l) => l.text)).toEqual(["a", "bc", "d"]);
});

test("a byte order mark goes, U+2028 stays inside its line, an empty file has no lines", async () => {
  await writeFile(join(folder, "bom"), "\uFEFFa\u2028b\n\uFEFFc\n");
  expect((await lines(join(folder, "bom"))).map((l) => l.text)).toEqual(["a\u2028b", "\uFEFFc"]);
  await writeFile(join(folder, "empty"), "");
  expect(await lines(join(folder, "empty"))).toEqual([]);
});

test("a file may be left before its end", async () => {
  await writeFile(join(folder, "long.gz"), gzipSync("line\n".repeat(200_000)));
  for await (const { line } of readLines(join(folder, "long.gz"))) if (line === 3) break;
});

test.each([
  ["missing.jsonl", undefined, "usage/missing-file", /no such file \(.*missing\.jsonl\)/],
  ["cut.gz", gzipSync("some text\n".repeat(1000)).subarray(0, 40), "data/unreadable", /cut short/],
  [
    "cut.zst",
    zstdCompressSync(Array.from({ length: 9000 }, (_, i) => (i * 7919) % 9973).join("\n")).subarray(0, 9000),
    "data/unreadable",
    /cut short/,
  ],
  ["not.gz", Buffer.from("version https://git-lfs"), "data/unreadable", /could not be read/],
  ["not.zst", Buffer.from("version https://git-lfs"), "data/unreadable", /could not be read/],
  ["latin1", Buffer.from("ok\nna\xefve\n", "latin1"), "data/malformed-row", /not valid UTF-8 \(.*latin1:2\)/],
])("%s is refused", async (name, bytes, code, message) => {
  const path = join(folder, name);
  if (bytes !== undefined) await writeFile(path, bytes);
  const error = await lines(path).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
});

test("a folder and an endless line are refused", async () => {
  await expect(lines(folder)).rejects.toMatchObject({ code: "data/unreadable" });
  await writeFile(join(folder, "one.gz"), gzipSync(`a\n${"x".repeat(3_000_000)}`));
  await expect(lines(join(folder, "one.gz"), { maxLineBytes: 1_000_000 })).rejects.toMatchObject({
    code: "data/malformed-row",
    message: expect.stringContaining("one.gz:2"),
  });
});
