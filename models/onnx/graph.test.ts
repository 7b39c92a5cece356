import ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { GraphBuilder, type ModelInfo, readInitializers } from "./graph.ts";

const INFO: ModelInfo = { name: "g", producerVersion: "1", doc: "d", opsets: { "": 20 }, metadata: { k: "v" } };
const X = { name: "x", type: "float" as const, shape: ["N"] };
const Y = { name: "y", type: "float" as const, shape: ["N"] };

async function run(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<number[]> {
  const session = await ort.InferenceSession.create(bytes);
  const { y } = await session.run(feeds);
  return Array.from(y!.data as Float32Array | BigInt64Array, Number);
}
const floats = (...values: number[]) => new ort.Tensor("float32", Float32Array.from(values), [values.length]);

describe("GraphBuilder", () => {
  test("what it builds runs: constants, attributes of each kind, a named output", async () => {
    const g = new GraphBuilder();
    const scaled = g.op("Mul", ["x", g.float(2.5)]);
    const clipped = g.op("LeakyRelu", [scaled], { alpha: { float: 0.5 } });
    const twice = g.op("Concat", [clipped, clipped], { axis: { int: 0 } });
    g.op("ReduceSum", [g.op("Reshape", [twice, g.int64([2, -1])]), g.int64([0])], { keepdims: { int: 0 } }, { output: "y" });
    const bytes = g.build([X], [Y], INFO);
    expect(await run(bytes, { x: floats(1, -2, 0) })).toEqual([5, -5, 0]);
  });

  test("strings, lists of them, and an operator of another domain", async () => {
    const g = new GraphBuilder();
    const normal = g.op("StringNormalizer", ["x"], {
      case_change_action: { string: "LOWER" },
      stopwords: { strings: ["und", "oder"] },
      locale: { string: "C" },
    });
    const hashed = g.op("MurmurHash3", [normal], { positive: { int: 1 }, seed: { int: 0 } }, { domain: "com.microsoft" });
    const same = g.op("Equal", [normal, g.string("äpfel")]);
    g.op("Add", [g.op("Cast", [hashed], { to: { int: 7 } }), g.op("Cast", [same], { to: { int: 7 } })], {}, { output: "y" });
    const bytes = g.build([{ name: "x", type: "string", shape: ["N"] }], [{ name: "y", type: "int64", shape: ["M"] }], {
      ...INFO,
      opsets: { "": 20, "com.microsoft": 1 },
    });
    const y = await run(bytes, { x: new ort.Tensor("string", ["ABC", "und", "äpfel"], [3]) });
    // MurmurHash3 x86 32, seed 0, of "abc" and of "äpfel", the latter plus one.
    expect(y).toHaveLength(2);
    expect(y[0]).toBe(0xb3dd93fa);
  });

  test("a subgraph sees the names of the graph around it and keeps its own apart", async () => {
    const g = new GraphBuilder();
    const branch = (name: string, factor: number) => {
      const builder = new GraphBuilder(`${name}_`);
      const output = builder.op("Mul", ["x", builder.float(factor)]);
      return { graph: { builder, name, inputs: [], outputs: [{ name: output, type: "float" as const, shape: ["N"] }] } };
    };
    const positive = g.op("Greater", [g.op("ReduceSum", ["x"], { keepdims: { int: 0 } }), g.float(0)]);
    g.op("If", [positive], { then_branch: branch("yes", 10), else_branch: branch("no", -1) }, { output: "y" });
    const bytes = g.build([X], [Y], INFO);
    expect(await run(bytes, { x: floats(1, 2) })).toEqual([10, 20]);
    expect(await run(bytes, { x: floats(-1, -2) })).toEqual([1, 2]);
  });

  test("the same calls give the same bytes; equal int64 constants are one", () => {
    const build = () => {
      const g = new GraphBuilder();
      expect(g.int64([1, 2])).toBe(g.int64([1, 2]));
      expect(g.int64(1)).not.toBe(g.int64([1]));
      expect(g.float(1)).not.toBe(g.float(1));
      g.op("Identity", ["x"], {}, { output: "y" });
      return g.build([X], [Y], INFO);
    };
    expect(Buffer.compare(build(), build())).toBe(0);
  });
});

describe("readInitializers", () => {
  test("gives back the tensors as they were put in, to the bit", () => {
    const g = new GraphBuilder();
    const floats32 = Float32Array.of(0.1, -0, Number.NaN, Number.POSITIVE_INFINITY);
    // A view that does not begin where its buffer does.
    const shorts = Int16Array.of(9, -32768, 32767, 9).subarray(1, 3);
    g.tensor("f", floats32, [2, 2]);
    g.tensor("s", shorts, [2]);
    g.int64(Number.MAX_SAFE_INTEGER);
    const read = readInitializers(g.build([X], [Y], INFO));
    expect([...read.keys()]).toEqual(["f", "s", "i64_0"]);
    expect(read.get("f")!.dims).toEqual([2, 2]);
    expect(Buffer.compare(read.get("f")!.raw, Buffer.from(floats32.buffer))).toBe(0);
    expect([...new Int16Array(Uint8Array.from(read.get("s")!.raw).buffer)]).toEqual([-32768, 32767]);
    expect(new BigInt64Array(Uint8Array.from(read.get("i64_0")!.raw).buffer)[0]).toBe(BigInt(Number.MAX_SAFE_INTEGER));
  });

  test("throws on what is no model, and on half of one", () => {
    const g = new GraphBuilder();
    g.tensor("f", new Float32Array(100), [100]);
    const bytes = g.build([X], [Y], INFO);
    for (const wrong of [new Uint8Array(0), Buffer.from("not a model at all"), bytes.subarray(0, bytes.length - 50)]) {
      expect(() => readInitializers(wrong)).toThrow(Error);
    }
  });
});
