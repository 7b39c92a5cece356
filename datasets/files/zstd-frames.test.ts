import { zstdCompressSync, constants } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { collect } from "./collect.ts";
import { decompressZstd } from "./zstd-frames.ts";

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const unpack = async (bytes: Buffer, size: number) => Buffer.concat(await collect(decompressZstd(cut(bytes, size))));

/** A frame that decoders pass over: magic, size, content (RFC 8878, section 3.1.2). */
function skippable(content: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a57, 0);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, Buffer.from(content)]);
}

const part = fc.oneof(
  fc.record({
    text: fc.string({ maxLength: 400 }),
    repeat: fc.constantFrom(1, 1, 500),
    checksum: fc.constantFrom(0, 1),
    contentSize: fc.constantFrom(0, 1),
  }),
  fc.constant("skippable" as const),
);

test("frames of every kind, cut anywhere, come back whole", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 4 }), fc.integer({ min: 1, max: 3000 }), async (parts, size) => {
      const content = parts.map((p) => (p === "skippable" ? Buffer.alloc(0) : Buffer.from(p.text.repeat(p.repeat))));
      const frames = parts.map((p, i) =>
        p === "skippable"
          ? skippable("index")
          : zstdCompressSync(content[i]!, {
              params: { [constants.ZSTD_c_checksumFlag]: p.checksum, [constants.ZSTD_c_contentSizeFlag]: p.contentSize },
            }),
      );
      expect((await unpack(Buffer.concat(frames), size)).equals(Buffer.concat(content))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a stream that ends inside a frame is never taken for whole", async () => {
  const bytes = Buffer.concat([
    zstdCompressSync("first"),
    zstdCompressSync("second frame", { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  ]);
  const first = zstdCompressSync("first").length;
  for (let length = 1; length < bytes.length; length++) {
    const result = unpack(bytes.subarray(0, length), 7);
    if (length === first) expect((await result).toString()).toBe("first");
    else await expect(result).rejects.toMatchObject({ code: "Z_BUF_ERROR" });
  }
});

test("bytes after a frame that are no frame are an error", async () => {
  await expect(unpack(Buffer.concat([zstdCompressSync("a"), Buffer.from("garbage")]), 5)).rejects.toMatchObject({
    code: "ZSTD_error_prefix_unknown",
  });
});
