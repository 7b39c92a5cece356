import fc from "fast-check";
import { expect, test } from "vitest";
import { Assembler, f32, i32, ifThen, v128, whileLoop } from "./assembler.ts";
import { addGemm, GEMM_SCRATCH, multiply } from "./gemm.ts";

declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

test("a module of loops, branches and calls computes what it says", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const assembler = new Assembler();
  assembler.add("double", ["i32"], ([at]) => [f32.store(at!.get, f32.add(f32.load(at!.get), f32.load(at!.get)))]);
  assembler.add("doubleOdd", ["i32"], ([count], local) => {
    const i = local("i32");
    const place = i32.shl(i.get, i32.const(2));
    return [
      whileLoop(
        i32.lt(i.get, count!.get),
        ifThen(i32.and(i.get, i32.const(1)), assembler.call("double", place), f32.store(place, f32.const(-1))),
        i.set(i32.add(i.get, i32.const(1))),
      ),
    ];
  });
  const floats = new Float32Array(memory.buffer);
  floats.set([1, 2, 3, 4, 5]);
  assembler.instantiate(memory)["doubleOdd"]!(4);
  expect([...floats.subarray(0, 5)]).toEqual([-1, 4, -1, 8, 5]);
});

test("every 32-bit constant and float is encoded as it is", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  fc.assert(
    fc.property(fc.integer(), fc.float({ noNaN: true }), (whole, real) => {
      const assembler = new Assembler();
      assembler.add("store", [], () => [
        i32.store(i32.const(0), i32.const(whole)),
        v128.store(i32.const(16), v128.const(real)),
        v128.store(i32.const(32), v128.iconst(whole)),
      ]);
      assembler.instantiate(memory)["store"]!();
      expect(new Int32Array(memory.buffer)[0]).toBe(whole);
      expect([...new Float32Array(memory.buffer, 16, 4)]).toEqual(Array(4).fill(real));
      expect([...new Int32Array(memory.buffer, 32, 4)]).toEqual(Array(4).fill(whole));
    }),
    { numRuns: 50 },
  );
});

test("a product of any shape is that of three loops, with and without fused multiply-adds, and writes nothing beside", () => {
  const memory = new WebAssembly.Memory({ initial: 64 });
  const modules = [v128.relaxedMadd, (a: readonly number[], b: readonly number[], c: readonly number[]) => v128.add(v128.mul(a, b), c)]
    .map((madd) => {
      const assembler = new Assembler();
      addGemm(assembler, madd);
      return assembler;
    })
    .filter((assembler) => assembler.isValid())
    .map((assembler) => assembler.instantiate(memory));
  expect(modules.length).toBeGreaterThan(0);
  const floats = new Float32Array(memory.buffer);
  const start = (GEMM_SCRATCH + 64) & ~63;
  const side = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(
      side,
      side,
      fc.integer({ min: 1, max: 600 }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (m, n, k, transposeA, transposeB, withBias) => {
        const a = start / 4;
        const b = a + m * k;
        const bias = b + k * n;
        const c = bias + n;
        for (let i = a; i < c; i++) floats[i] = Math.sin(i * 1.7);
        for (const wasm of modules) {
          floats.fill(NaN, c, c + m * n);
          floats[c + m * n] = 77;
          multiply(wasm, memory, 0, { a: 4 * a, b: 4 * b, c: 4 * c, bias: withBias ? 4 * bias : 0, m, n, k, transposeA, transposeB });
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < n; j++) {
              let sum = withBias ? floats[bias + j]! : 0;
              for (let p = 0; p < k; p++) {
                sum += floats[transposeA ? a + p * m + i : a + i * k + p]! * floats[transposeB ? b + j * k + p : b + p * n + j]!;
              }
              if (!(Math.abs(floats[c + i * n + j]! - sum) < 1e-6 * (k + 10)))
                throw new Error(`at ${i},${j}: ${floats[c + i * n + j]} for ${sum}`);
            }
          }
          expect(floats[c + m * n]).toBe(77);
        }
      },
    ),
    { numRuns: 60 },
  );
});
