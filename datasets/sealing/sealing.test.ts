import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { collect } from "#datasets/files/collect";
import { readLines } from "#datasets/files/lines";
import { readExamples } from "#datasets/files/read-examples";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { labelledFiles } from "#datasets/labelled-files";
import { KEY_FILE_VARIABLE, KEY_VARIABLE, parseKey, sealKey, writeNewKey } from "./key.ts";
import { recordCodec } from "./record-codec.ts";
import { sealFile, unsealFile } from "./seal-file.ts";
import { CHUNK_BYTES, opened, sealed } from "./sealed-stream.ts";

const KEY = parseKey("11".repeat(32), "a test");
const OTHER = parseKey("22".repeat(32), "a test");

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-seal-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const at = (name: string) => join(folder, name);

/** Bytes in pieces of a size. */
async function* pieces(bytes: Uint8Array, size = 4096): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
const seal = async (plain: Uint8Array, size?: number) => Buffer.concat(await collect(sealed(pieces(plain, size), KEY)));
const open = async (stored: Uint8Array, size?: number) => Buffer.concat(await collect(opened(pieces(stored, size), KEY, "x.sealed")));

describe("a sealed stream", () => {
  it("opens to what was sealed, for any bytes and any pieces", async () => {
    const anySize = fc.integer({ min: 1, max: 100_000 });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), anySize, anySize, async (plain, writes, reads) => {
        expect(await open(await seal(plain, writes), reads)).toEqual(Buffer.from(plain));
      }),
      { numRuns: 60 },
    );
  });

  it.each([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])("opens at a chunk's boundary: %d bytes", async (n) => {
    const plain = randomBytes(n);
    const stored = await seal(plain, 10_007);
    expect(stored.length).toBe(49 + n + 16 * Math.max(1, Math.ceil(n / CHUNK_BYTES)));
    expect((await open(stored, 9973)).equals(plain)).toBe(true);
  });

  it("refuses any flipped bit", async () => {
    const stored = await seal(randomBytes(300));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: stored.length * 8 - 1 }), async (bit) => {
        const changed = Buffer.from(stored);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        await expect(open(changed)).rejects.toMatchObject({ code: expect.stringMatching(/^seal\/(damaged|wrong-key)$/) });
      }),
      { numRuns: 300 },
    );
  });

  it("refuses any truncation and anything added", async () => {
    const stored = await seal(randomBytes(2 * CHUNK_BYTES));
    const boundaries = [0, 48, 49, 49 + CHUNK_BYTES + 16, stored.length - 1];
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constantFrom(...boundaries), fc.nat(stored.length - 1)), async (length) => {
        await expect(open(stored.subarray(0, length), 1 << 18)).rejects.toMatchObject({ code: "seal/damaged" });
      }),
      { numRuns: 40 },
    );
    for (const tail of [Buffer.alloc(1), Buffer.alloc(16), stored.subarray(49), stored]) {
      await expect(open(Buffer.concat([stored, tail]), 1 << 18)).rejects.toMatchObject({ code: "seal/damaged" });
    }
  });

  it("refuses chunks in another order, doubled, left out, or of another file", async () => {
    const plain = randomBytes(3 * CHUNK_BYTES);
    const [stored, twin] = [await seal(plain), await seal(plain)];
    const size = CHUNK_BYTES + 16;
    const header = stored.subarray(0, 49);
    const chunk = (i: number, of = stored) => of.subarray(49 + i * size, 49 + (i + 1) * size);
    expect((await open(Buffer.concat([header, chunk(0), chunk(1), chunk(2)]), 1 << 18)).equals(plain)).toBe(true);
    for (const order of [
      [chunk(1), chunk(0), chunk(2)],
      [chunk(0), chunk(0), chunk(1), chunk(2)],
      [chunk(0), chunk(2)],
      [chunk(0), chunk(1)],
      [chunk(0, twin), chunk(1), chunk(2)],
    ]) {
      await expect(open(Buffer.concat([header, ...order]), 1 << 18)).rejects.toMatchObject({ code: "seal/damaged" });
    }
  });

  it("gives out nothing of a damaged chunk", async () => {
    const stored = await seal(randomBytes(3 * CHUNK_BYTES));
    stored[49 + CHUNK_BYTES + 16 + 5]! ^= 1;
    let bytes = 0;
    const reading = (async () => {
      for await (const piece of opened(pieces(stored), KEY, "x")) bytes += piece.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: "seal/damaged" });
    expect(bytes).toBe(CHUNK_BYTES);
  });

  it("tells a wrong key from damage, and the same text sealed twice shares no bytes", async () => {
    const stored = await seal(Buffer.from("text"));
    await expect(collect(opened(pieces(stored), OTHER, "x.sealed"))).rejects.toMatchObject({ code: "seal/wrong-key", where: "x.sealed" });
    expect((await seal(Buffer.from("text"))).subarray(17).equals(stored.subarray(17))).toBe(false);
    await expect(open(Buffer.from("a plain file that is long enough to hold a header"))).rejects.toThrow(/no sealed file \(x\.sealed\)/);
  });
});

describe("sealed records", () => {
  const codec = recordCodec(KEY);

  it("come back as they were, one line each, never twice the same", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const line = codec.encode(text);
        expect(line).toMatch(/^[A-Za-z0-9+/=]+$/);
        expect(codec.decode(line)).toBe(Buffer.from(text).toString());
        expect(codec.encode(text)).not.toBe(line);
      }),
    );
  });

  it("refuse a change anywhere, a cut and another key", () => {
    const bytes = Buffer.from(codec.encode("some text"), "base64");
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i]! ^= 1;
      expect(() => codec.decode(changed.toString("base64"), "cache:7")).toThrow(/cache:7/);
      expect(() => codec.decode(bytes.subarray(0, i).toString("base64"))).toThrow(expect.objectContaining({ code: "seal/damaged" }));
    }
    expect(() => codec.decode(`${bytes.toString("base64")} `)).toThrow(expect.objectContaining({ code: "seal/damaged" }));
    expect(() => recordCodec(OTHER).decode(bytes.toString("base64"))).toThrow(expect.objectContaining({ code: "seal/wrong-key" }));
  });
});

describe("the key", () => {
  it("comes from a flag's file, the environment, or the environment's file, in this order", async () => {
    const made = await writeNewKey(at("made.key"));
    expect((await stat(at("made.key"))).mode & 0o777).toBe(0o600);
    vi.stubEnv(KEY_FILE_VARIABLE, at("made.key"));
    expect(sealKey().id).toEqual(made.id);
    vi.stubEnv(KEY_VARIABLE, "11".repeat(32));
    expect(sealKey().id).toEqual(KEY.id);
    expect(sealKey({ keyFile: at("made.key") }).id).toEqual(made.id);
    await expect(writeNewKey(at("made.key"))).rejects.toMatchObject({ code: "usage/output-exists" });
  });

  it("is 32 bytes in hexadecimal or base64 of either alphabet", () => {
    const bytes = Buffer.from("fb".repeat(32), "hex");
    const forms = [
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      bytes.toString("base64"),
      bytes.toString("base64url"),
      `${bytes.toString("base64")}\n`,
    ];
    expect(new Set(forms.map((form) => parseKey(form, "a test").id.toString("hex"))).size).toBe(1);
    const wrong = ["", "ab", "11".repeat(31), "11".repeat(33), "z".repeat(64), `${bytes.toString("base64")}!`, `${"11".repeat(31)}1`];
    for (const text of wrong) {
      const error = (() => {
        try {
          return parseKey(text, "k.key");
        } catch (thrown) {
          return thrown as Error;
        }
      })();
      expect(error, JSON.stringify(text)).toMatchObject({ code: "seal/no-key", where: "k.key", exit: 2 });
      if (text !== "") expect((error as Error).message).not.toContain(text);
    }
  });

  it("is asked for in one line where there is none", () => {
    vi.stubEnv(KEY_VARIABLE, "");
    vi.stubEnv(KEY_FILE_VARIABLE, "");
    expect(() => sealKey({ forWhat: "x.sealed" })).toThrow(/^no key to seal or open with \(x\.sealed\): set CORDON_SEAL_KEY_FILE/);
    expect(() => sealKey({ keyFile: at("no.key") })).toThrow(expect.objectContaining({ code: "seal/no-key" }));
  });
});

describe("sealed files", () => {
  const ROWS = Array.from({ length: 2000 }, (_, i) => ({
    id: `r${i}`,
    text: `word${i} `.repeat(20),
    label: (i % 2) as 0 | 1,
    categories: [],
    unknown: [],
    lang: "en",
    synthetic: true,
  }));

  it.each(["e.jsonl.sealed", "e.jsonl.gz.sealed", "e.jsonl.zst.sealed"])("%s is written and read like any other", async (name) => {
    vi.stubEnv(KEY_VARIABLE, "11".repeat(32));
    const written = await writeJsonl(at(name), ROWS);
    const plain = await writeJsonl(at("plain.jsonl"), ROWS);
    expect(written.contentSha256).toBe(plain.sha256);
    expect((await readFile(at(name))).includes("word7 ")).toBe(false);
    expect(await collect(readExamples(at(name)))).toEqual(ROWS);
    const files = await labelledFiles([at("e.*.sealed")]);
    expect(await collect(files[0]!.read())).toEqual(ROWS);
    for await (const { line } of readLines(at(name))) if (line === 3) break;
    await writeJsonl(at("given.jsonl.sealed"), ROWS, { key: OTHER });
    await expect(collect(readExamples(at("given.jsonl.sealed")))).rejects.toMatchObject({ code: "seal/wrong-key" });
    await rm(at(name));
  });

  it("a damaged one under compression is damaged, not unreadable", async () => {
    vi.stubEnv(KEY_VARIABLE, "11".repeat(32));
    for (const name of ["d.jsonl.gz.sealed", "d.jsonl.zst.sealed"]) {
      await writeJsonl(at(name), ROWS);
      await writeFile(at(name), (await readFile(at(name))).subarray(0, -20));
      await expect(collect(readExamples(at(name)))).rejects.toMatchObject({ code: "seal/damaged", where: at(name) });
    }
  });

  it("CSV and Parquet are opened too", async () => {
    vi.stubEnv(KEY_VARIABLE, "11".repeat(32));
    await writeFile(at("t.csv"), "text,label\nfirst,1\n");
    const parquet = parquetWriteBuffer({
      columnData: [
        { name: "text", data: ["first"] },
        { name: "label", data: [1] },
      ],
    });
    await writeFile(at("t.parquet"), new Uint8Array(parquet));
    for (const name of ["t.csv", "t.parquet"]) {
      await sealFile(at(name), KEY, { remove: true });
      const [file] = await labelledFiles([at(`${name}.sealed`)]);
      expect(await collect(file!.read())).toMatchObject([{ text: "first", label: 1, source: "t" }]);
    }
  });

  it("sealing and opening again gives the same bytes, and never replaces a file", async () => {
    const plain = randomBytes(200_000);
    await writeFile(at("bytes.bin"), plain);
    const done = await sealFile(at("bytes.bin"), KEY);
    expect(done).toMatchObject({ sealed: at("bytes.bin.sealed"), bytes: 200_000, removed: false });
    await expect(sealFile(at("bytes.bin"), KEY)).rejects.toMatchObject({ code: "usage/output-exists" });
    await expect(sealFile(at("bytes.bin.sealed"), KEY)).rejects.toMatchObject({ code: "usage/bad-option" });
    await expect(unsealFile(at("bytes.bin.sealed"), KEY, folder)).rejects.toMatchObject({ code: "usage/output-exists" });
    await expect(unsealFile(at("bytes.bin.sealed"), OTHER, at("out"))).rejects.toMatchObject({ code: "seal/wrong-key" });
    expect(await readdir(at("out"))).toEqual([]);
    await unsealFile(at("bytes.bin.sealed"), KEY, at("out"));
    expect((await readFile(at("out/bytes.bin"))).equals(plain)).toBe(true);
    expect((await stat(at("out/bytes.bin"))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).filter((name) => name.includes(".tmp"))).toEqual([]);
  });

  it("a file that is written to while it is sealed is neither sealed nor removed", async () => {
    await writeFile(at("growing.bin"), randomBytes(8 << 20));
    const sealing = sealFile(at("growing.bin"), KEY, { remove: true }).catch((error: unknown) => error);
    while (!(await readdir(folder)).some((name) => name.startsWith("growing.bin.sealed."))) await setImmediate();
    appendFileSync(at("growing.bin"), "more");
    expect(await sealing).toMatchObject({ code: "data/unreadable", message: expect.stringContaining("changed while it was sealed") });
    expect((await readdir(folder)).filter((name) => name.startsWith("growing"))).toEqual(["growing.bin"]);
    expect((await stat(at("growing.bin"))).size).toBe((8 << 20) + 4);
  });
});
