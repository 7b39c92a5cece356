import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { CordonError } from "#models/errors";
import { readFolderTensors, readSafetensors, safetensorsParts, WEIGHTS_FILE, WEIGHTS_INDEX_FILE, writeSafetensors } from "./safetensors.ts";
import type { Tensors } from "./tensors.ts";

const BY_HAND = new URL("fixtures/by-hand.safetensors", import.meta.url).pathname;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cordon-safetensors-"));
});
afterAll(() => rm(dir, { recursive: true }));

/** A file of a header and bytes of tensors. */
const fileOf = async (header: unknown, bytes: number) => {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(json.length));
  return await written(Buffer.concat([head, json, Buffer.alloc(bytes)]));
};
let files = 0;
const written = async (bytes: Uint8Array) => {
  const path = join(dir, `${files++}.safetensors`);
  await writeFile(path, bytes);
  return path;
};
const f32 = (shape: number[], begin: number, end: number) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

const tensorsOf = fc
  .dictionary(fc.string({ maxLength: 12 }), fc.array(fc.nat(4), { maxLength: 3 }), { maxKeys: 6 })
  .filter((shapes) => !("__metadata__" in shapes))
  .map((shapes): Tensors => {
    const entries = Object.entries(shapes).map(([name, shape], k) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i / 3 - k);
      return [name, { shape, data }] as const;
    });
    return new Map(entries);
  });

describe("readSafetensors", () => {
  it("reads a file that Python's struct module made, of three types of floats", async () => {
    const tensors = await readSafetensors(BY_HAND, (name) => name !== "position_ids");
    expect(Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, { shape, data: [...data] }]))).toEqual({
      "a.weight": { shape: [2, 3], data: [1.5, -2, 3.25, 0, Math.fround(1e-40), Infinity] },
      scale: { shape: [], data: [1] },
      b: { shape: [3], data: [1, -3.140625, 9.969209968386869e37] },
      h: { shape: [5], data: [1, -0.5, 65504, 5.960464477539063e-8, 0.333251953125] },
      empty: { shape: [0, 4], data: [] },
    });
  });

  it("refuses integers where they are wanted", async () => {
    await expect(readSafetensors(BY_HAND)).rejects.toThrow("the tensor position_ids is I64");
  });

  it("reads what was written, and the same tensors give the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(tensorsOf, async (tensors) => {
        const path = join(dir, "round.safetensors");
        await writeSafetensors(path, tensors);
        const again = await readSafetensors(path);
        expect(again).toEqual(tensors);
        const bytes = Buffer.concat([...safetensorsParts(new Map([...tensors].reverse()))]);
        expect(bytes.equals(await readFile(path))).toBe(true);
        expect(Number(bytes.readBigUInt64LE()) % 8).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("meets any damaged file with an error of its own", async () => {
    const whole = await readFile(BY_HAND);
    const length = Number(whole.readBigUInt64LE());
    await fc.assert(
      fc.asyncProperty(fc.nat(length + 7), fc.nat(255), async (at, byte) => {
        const path = await written(whole.with(at, byte));
        await readSafetensors(path, (name) => !name.includes("position")).catch((error: unknown) =>
          expect(error).toBeInstanceOf(CordonError),
        );
      }),
      { numRuns: 150 },
    );
    for (const cut of [0, 7, 8, 40, length + 8, whole.length - 1]) {
      await expect(readSafetensors(await written(whole.subarray(0, cut)))).rejects.toMatchObject({ code: "model/damaged" });
    }
  });

  it.each([
    ["overlaps another", { a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12],
    ["follows a gap", { a: f32([2], 4, 12) }, 12],
    ["has 8 bytes where F32 [3] needs 12", { a: f32([3], 0, 8) }, 8],
    ["cut short", { a: f32([2], 0, 8) }, 7],
    ["too long", { a: f32([2], 0, 8) }, 9],
    ["needs 4.8", { a: f32([2 ** 40, 2 ** 40], 0, 8) }, 8],
    ["no safetensors header", { a: f32([-1], 0, 8) }, 8],
    ["no safetensors header", { a: { dtype: "F32" } }, 0],
    ["no safetensors header", "[1]", 0],
    ['of a type "F6"', { a: { ...f32([2], 0, 8), dtype: "F6" } }, 8],
    ['of a type "toString"', { a: { ...f32([2], 0, 8), dtype: "toString" } }, 8],
  ])("says what is wrong: %s", async (what, header, bytes) => {
    await expect(readSafetensors(await fileOf(header, bytes))).rejects.toThrow(what);
  });

  it("does not reserve what a header's length claims", async () => {
    const head = Buffer.alloc(16);
    head.writeBigUInt64LE(2n ** 60n);
    await expect(readSafetensors(await written(head))).rejects.toThrow("header would be");
    await expect(readSafetensors(join(dir, "none"))).rejects.toMatchObject({ code: "usage/missing-file" });
  });
});

describe("readFolderTensors", () => {
  const one = (value: number): Tensors[] => [new Map([["t", { shape: [1], data: Float32Array.of(value) }]])];

  it("puts shards together by their index", async () => {
    const [a] = one(1);
    await writeSafetensors(join(dir, "model-1.safetensors"), a!);
    await writeSafetensors(join(dir, "model-2.safetensors"), new Map([["u", a!.get("t")!]]));
    const index = (map: unknown) => writeFile(join(dir, WEIGHTS_INDEX_FILE), JSON.stringify({ metadata: {}, weight_map: map }));
    await index({ t: "model-1.safetensors", u: "model-2.safetensors" });
    expect([...(await readFolderTensors(dir, [WEIGHTS_INDEX_FILE])).keys()]).toEqual(["t", "u"]);
    await index({ t: "model-1.safetensors", u: "model-1.safetensors" });
    await expect(readFolderTensors(dir, [WEIGHTS_INDEX_FILE])).rejects.toThrow("the shards lack u");
    await index({ t: "../model-1.safetensors" });
    await expect(readFolderTensors(dir, [WEIGHTS_INDEX_FILE])).rejects.toThrow("no index of safetensors");
  });

  it("reads no pickle, and says what to do with one", async () => {
    await expect(readFolderTensors(dir, ["pytorch_model.bin"])).rejects.toMatchObject({
      code: "model/unsupported",
      message: expect.stringMatching(/pickle \(pytorch_model.bin\).*safe_serialization/),
    });
    await expect(readFolderTensors(dir, ["config.json"])).rejects.toThrow(`there is no ${WEIGHTS_FILE}`);
  });
});
