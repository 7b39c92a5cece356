import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EncoderConfig, labelsOf, parseEncoderConfig } from "#models/encoder/config";
import { readSafetensors } from "#models/encoder/safetensors";
import { CordonError } from "#models/errors";
import { SyncSession } from "#models/encoder/session";
import type { Tensors } from "#models/encoder/tensors";
import { type EncoderOnnxOptions, encoderOnnx } from "./encoder-onnx.ts";

// What Python's torch computed of tiny random checkpoints (train/encoder/fixtures/make_encoder_parity.py).
const FIXTURES = join(import.meta.dirname, "..", "..", "..", "train", "encoder", "fixtures");
const CASES = ["bert-cls", "bert-mean", "modernbert-cls", "modernbert-mean", "pooled-windows", "pooled-tokens"];

/** The software GPU that Debian's chromium carries; it has no 16-bit floats. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** On a real GPU, else on SwiftShader; null where there is neither. */
function openOnGpu(graph: Uint8Array): SyncSession | null {
  try {
    return SyncSession.open(graph, { provider: "webgpu" });
  } catch (error) {
    if (!(error instanceof CordonError && error.code === "model/no-provider")) throw error;
    if (process.env["VK_DRIVER_FILES"] === SWIFTSHADER || !existsSync(SWIFTSHADER)) return null;
    process.env["VK_DRIVER_FILES"] = SWIFTSHADER;
    return openOnGpu(graph);
  }
}

const ON_GPU = ["bert-cls", "modernbert-mean", "pooled-windows"];

interface Case {
  config: EncoderConfig;
  labels: string[];
  tensors: Tensors;
  ids: number[][];
  mask: number[][];
  logits: number[][];
}

async function readCase(name: string): Promise<Case> {
  const folder = join(FIXTURES, name);
  const config = parseEncoderConfig(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")), folder);
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
    input_ids: number[][];
    attention_mask: number[][];
    logits: number[][];
  };
  const tensors = await readSafetensors(join(folder, "model.safetensors"));
  return { config, labels: labelsOf(config)!, tensors, ids: expected.input_ids, mask: expected.attention_mask, logits: expected.logits };
}

function run(session: SyncSession, ids: number[][], mask: number[][]): { logits: number[][]; probabilities: number[][] } {
  const dims = [ids.length, ids[0]!.length];
  const int64 = (rows: number[][]) => session.int64(BigInt64Array.from(rows.flat(), BigInt), dims);
  const outputs = session.run({ input_ids: int64(ids), attention_mask: int64(mask) });
  const rows = ({ data, dims: [n, l] }: Tensor) =>
    Array.from({ length: n! }, (_, i) => Array.from((data as Float32Array).subarray(i * l!, (i + 1) * l!)));
  return { logits: rows(outputs.logits!), probabilities: rows(outputs.probabilities!) };
}

/** The largest difference over the largest number. */
function relativeError(got: number[][], wanted: number[][]): number {
  const largest = Math.max(...wanted.flat().map(Math.abs));
  return Math.max(...got.flatMap((row, i) => row.map((value, j) => Math.abs(value - wanted[i]![j]!)))) / largest;
}

describe.each(CASES)("%s", (name) => {
  let it: Case;
  const sessions: SyncSession[] = [];
  const open = (options: EncoderOnnxOptions) => {
    const session = SyncSession.open(encoderOnnx(it.config, it.tensors, it.labels, options), { threads: 1 });
    sessions.push(session);
    return session;
  };
  beforeAll(async () => {
    it = await readCase(name);
  });
  afterAll(() => sessions.forEach((session) => session.close()));

  test.each(["fused", "plain"] as const)("the %s graph's logits are torch's", (form) => {
    const { logits, probabilities } = run(open({ precision: "fp32", form }), it.ids, it.mask);
    expect(relativeError(logits, it.logits)).toBeLessThan(1e-5);
    expect(probabilities[0]![0]).toBeCloseTo(1 / (1 + Math.exp(-logits[0]![0]!)), 6);
  });

  // Tiny random networks err more than trained ones: eight columns leave little for errors to cancel in.
  test.each([
    ["int8", "fused", 0.15],
    ["int8", "plain", 0.15],
    ["fp16", "fused", 0.01],
    ["fp16", "plain", 0.01],
  ] as const)("%s, %s, is close to it", (precision, form, bound) => {
    expect(relativeError(run(open({ precision, form }), it.ids, it.mask).logits, it.logits)).toBeLessThan(bound);
  });

  test("a text alone, without its padding, has the logits that it has in a batch; more padding changes nothing", () => {
    const session = open({ precision: "fp32" });
    const together = run(session, it.ids, it.mask).logits;
    it.ids.forEach((ids, i) => {
      const length = it.mask[i]!.reduce((sum, m) => sum + m, 0);
      if (length === 0) return;
      const alone = run(session, [ids.slice(0, length)], [it.mask[i]!.slice(0, length)]).logits;
      expect(relativeError(alone, [together[i]!])).toBeLessThan(1e-5);
    });
    const limit = it.config.model_type === "cordon-pooled" ? Infinity : it.config.max_position_embeddings;
    const more = Math.min(40, limit - it.ids[0]!.length);
    const padded = run(
      session,
      it.ids.map((row) => [...row, ...new Array<number>(more).fill(1)]),
      it.mask.map((row) => [...row, ...new Array<number>(more).fill(0)]),
    ).logits;
    expect(relativeError(padded, together)).toBeLessThan(1e-5);
  });

  // One case of each architecture: an emulated GPU takes seconds for each.
  if (ON_GPU.includes(name))
    test("on WebGPU the logits are torch's too", (context) => {
      const session = openOnGpu(encoderOnnx(it.config, it.tensors, it.labels, { precision: "fp32" }));
      if (session === null) return context.skip(`no GPU for onnxruntime's WebGPU, and no ${SWIFTSHADER} (apt-get install chromium)`);
      sessions.push(session);
      expect(relativeError(run(session, it.ids, it.mask).logits, it.logits)).toBeLessThan(1e-4);
    }, 60_000);

  test("a row without tokens gets finite logits in every precision", () => {
    for (const precision of ["fp32", "int8", "fp16"] as const) {
      const session = open({ precision });
      const empty = run(session, [[0, 0, 0]], [[0, 0, 0]]).logits[0]!;
      expect(empty.every(Number.isFinite)).toBe(true);
    }
  });

  test("the same weights give the same bytes", () => {
    for (const precision of ["fp32", "int8", "fp16"] as const) {
      const make = () => Buffer.from(encoderOnnx(it.config, it.tensors, it.labels, { precision, metadata: { a: "b" } }));
      expect(make().equals(make())).toBe(true);
    }
  });
});

test("the fixtures are there", () => expect(CASES.every((name) => existsSync(join(FIXTURES, name, "expected.json")))).toBe(true));
