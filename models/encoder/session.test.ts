import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { CordonError } from "#models/errors";
import { GraphBuilder } from "#models/onnx/graph";
import { SyncSession } from "./session.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-session-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** y = 2x, z = −x over int64. */
function doubling(): Uint8Array {
  const g = new GraphBuilder();
  g.op("Add", ["x", "x"], {}, { output: "y" });
  g.op("Neg", ["x"], {}, { output: "z" });
  const value = (name: string) => ({ name, type: "int64" as const, shape: ["N"] });
  return g.build([value("x")], [value("y"), value("z")], { name: "g", producerVersion: "1", doc: "", opsets: { "": 17 }, metadata: {} });
}

function errorOf(action: () => unknown): CordonError {
  try {
    action();
  } catch (error) {
    if (error instanceof CordonError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("SyncSession", () => {
  test("runs at once, from bytes or a file, reads inputs in place, and gives the outputs that were asked for", () => {
    const path = join(folder, "double.onnx");
    writeFileSync(path, doubling());
    for (const model of [path, doubling()]) {
      const session = SyncSession.open(model, { threads: 1 });
      expect([session.inputs, session.outputs]).toEqual([["x"], ["y", "z"]]);
      const data = BigInt64Array.of(1n, 2n, 3n, 4n).subarray(1, 3);
      const input = session.int64(data, [2]);
      expect([...(session.run({ x: input }).y!.data as BigInt64Array)]).toEqual([4n, 6n]);
      data[0] = 10n;
      expect([...(session.run({ x: input }).z!.data as BigInt64Array)]).toEqual([-10n, -3n]);
      session.close();
    }
    const one = SyncSession.open(path, {}, ["z"]);
    expect(Object.keys(one.run({ x: one.int64(BigInt64Array.of(1n), [1]) }))).toEqual(["z"]);
    one.close();
  });

  test("works in a worker thread", async () => {
    const path = join(folder, "worker.onnx");
    writeFileSync(path, doubling());
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       import(workerData.module).then(({ SyncSession }) => {
         const session = SyncSession.open(workerData.path, { threads: 2 });
         parentPort.postMessage(Number(session.run({ x: session.int64(BigInt64Array.of(21n), [1]) }).y.data[0]));
         session.close();
       });`,
      { eval: true, workerData: { module: new URL("session.ts", import.meta.url).href, path } },
    );
    const answer = await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    expect(answer).toBe(42);
    await worker.terminate();
  });

  test("a file that is missing or damaged is told with its place", () => {
    const missing = errorOf(() => SyncSession.open(join(folder, "none.onnx")));
    expect([missing.code, missing.where]).toEqual(["usage/missing-file", join(folder, "none.onnx")]);
    const path = join(folder, "half.onnx");
    writeFileSync(path, doubling().subarray(0, 60));
    expect(errorOf(() => SyncSession.open(path)).code).toBe("model/damaged");
    expect(errorOf(() => SyncSession.open(doubling().subarray(0, 60))).code).toBe("model/damaged");
  });

  test("a provider that is not there is told with what to do", (context) => {
    let session: SyncSession | undefined;
    try {
      session = SyncSession.open(doubling(), { provider: "cuda" });
    } catch (error) {
      expect(error).toMatchObject({ code: "model/no-provider", message: expect.stringContaining("docs/install.md") });
    }
    session?.close();
    context.skip(session !== undefined, "CUDA is there");
  });
});
