// Kernels that take each value by itself: GELU and its gradient, dropout, AdamW, sums. Four floats at a time.
import { GELU_TANH } from "#train/tensor/ops";
import { Assembler, f32, i32, v128, whileLoop, type Code, type Local } from "./assembler.ts";
import { eachFour, hyperbolicTangent, normalDistribution, storeTail, sumLanes, type NewLocal } from "./vector-math.ts";

export function addElementwise(assembler: Assembler): void {
  addMap(assembler, "geluExact", 1, 0, (at, [x], _, local) => {
    const [value, phi, density] = [local("v128"), local("v128"), local("v128")];
    return [
      value.set(v128.load(at(x!))),
      ...normalDistribution(value, phi, density, local),
      value.set(v128.mul(value.get, phi.get)),
      value,
    ];
  });
  addMap(assembler, "geluTanh", 1, 0, (at, [x], _, local) => {
    const [value, gate] = [local("v128"), local("v128")];
    return [
      value.set(v128.load(at(x!))),
      gate.set(tanhArgument(value)),
      ...hyperbolicTangent(gate, local),
      value.set(v128.mul(v128.mul(value.get, v128.add(gate.get, v128.const(1))), v128.const(0.5))),
      value,
    ];
  });
  addMap(assembler, "geluExactGrad", 2, 0, (at, [dy, x], _, local) => {
    const [value, phi, density] = [local("v128"), local("v128"), local("v128")];
    return [
      value.set(v128.load(at(x!))),
      ...normalDistribution(value, phi, density, local),
      value.set(v128.add(phi.get, v128.mul(v128.mul(value.get, density.get), v128.const(1 / Math.sqrt(2 * Math.PI))))),
      value.set(v128.mul(value.get, v128.load(at(dy!)))),
      value,
    ];
  });
  addMap(assembler, "geluTanhGrad", 2, 0, (at, [dy, x], _, local) => {
    const [value, gate, slope] = [local("v128"), local("v128"), local("v128")];
    return [
      value.set(v128.load(at(x!))),
      gate.set(tanhArgument(value)),
      ...hyperbolicTangent(gate, local),
      slope.set(
        v128.add(
          v128.mul(v128.mul(value.get, value.get), v128.const(3 * GELU_TANH.cubic * GELU_TANH.factor)),
          v128.const(GELU_TANH.factor),
        ),
      ),
      slope.set(v128.mul(v128.mul(value.get, slope.get), v128.sub(v128.const(1), v128.mul(gate.get, gate.get)))),
      value.set(v128.mul(v128.add(v128.add(gate.get, v128.const(1)), slope.get), v128.const(0.5))),
      value.set(v128.mul(value.get, v128.load(at(dy!)))),
      value,
    ];
  });
  addDropout(assembler);
  addAdamw(assembler);
  addSums(assembler);
}

function tanhArgument(x: Local): Code {
  const cubic = v128.add(v128.mul(v128.mul(x.get, x.get), v128.const(GELU_TANH.cubic * GELU_TANH.factor)), v128.const(GELU_TANH.factor));
  return v128.mul(x.get, cubic);
}

type Map = (at: (pointer: Local) => Code, inputs: Local[], scalars: Local[], local: NewLocal) => [...Code[], Local];

/** name(inputs…, out, count, scalars…): out[i] = f(inputs[i]); the last of what `compute` returns is the local that holds the result. */
function addMap(assembler: Assembler, name: string, inputs: number, scalars: number, compute: Map): void {
  const parameters = [...Array<"i32">(inputs + 2).fill("i32"), ...Array<"f32">(scalars).fill("f32")];
  assembler.add(name, parameters, (all, local) => {
    const [pointers, [out, count], rest] = [all.slice(0, inputs), all.slice(inputs, inputs + 2) as [Local, Local], all.slice(inputs + 2)];
    const statements = (offset: Code): [Code[], Local] => {
      const code = compute((pointer) => i32.add(pointer.get, offset), pointers, rest, local);
      return [code.slice(0, -1) as Code[], code.at(-1) as Local];
    };
    const body = (offset: Code): Code[] => {
      const [code, result] = statements(offset);
      return [...code, v128.store(i32.add(out.get, offset), result.get)];
    };
    const tail = (offset: Code): Code[] => {
      const [code, result] = statements(offset);
      return [...code, storeTail(i32.add(out.get, offset), result, count.get)];
    };
    return [eachFour(count.get, local, body, tail)];
  });
}

/** dropout(x, out, count, seed, bound, kept): the mask's formula is dropout.ts's. */
function addDropout(assembler: Assembler): void {
  assembler.add("dropout", ["i32", "i32", "i32", "i32", "i32", "f32"], ([x, out, count, seed, bound, kept], local) => {
    const [hash, value] = [local("v128"), local("v128")];
    const mix = (shift: number, factor: number): Code[] => [
      hash.set(v128.xor(hash.get, v128.ishrU(hash.get, shift))),
      hash.set(v128.imul(hash.get, v128.iconst(factor))),
    ];
    const compute = (offset: Code): Code[] => [
      hash.set(v128.iadd(v128.isplat(i32.shrU(offset, i32.const(2))), v128.iconst(0, 1, 2, 3))),
      hash.set(v128.iadd(v128.imul(hash.get, v128.iconst(0x9e3779b9)), v128.isplat(seed!.get))),
      ...mix(16, 0x21f0aaad),
      ...mix(15, 0x735a2d97),
      hash.set(v128.xor(hash.get, v128.ishrU(hash.get, 15))),
      value.set(v128.mul(v128.load(i32.add(x!.get, offset)), v128.splat(kept!.get))),
      value.set(v128.select(v128.const(0), value.get, v128.ltU(hash.get, v128.isplat(bound!.get)))),
    ];
    return [
      eachFour(
        count!.get,
        local,
        (offset) => [...compute(offset), v128.store(i32.add(out!.get, offset), value.get)],
        (offset) => [...compute(offset), storeTail(i32.add(out!.get, offset), value, count!.get)],
      ),
    ];
  });
}

/** adamw(variable, gradient, m, v, count, clip, beta1, beta2, epsilon, stepSize, root, kept): adamw.ts has the formula. */
function addAdamw(assembler: Assembler): void {
  const parameters = ["i32", "i32", "i32", "i32", "i32", "f32", "f32", "f32", "f32", "f32", "f32", "f32"] as const;
  assembler.add("adamw", parameters, ([p, g, m, v, count, clip, beta1, beta2, epsilon, stepSize, root, kept], local) => {
    const [gradient, first, second, weight] = [local("v128"), local("v128"), local("v128"), local("v128")] as [Local, Local, Local, Local];
    const blend = (old: Code, next: Code, beta: Local): Code =>
      v128.add(v128.mul(old, v128.splat(beta.get)), v128.mul(next, v128.splat(f32.sub(f32.const(1), beta.get))));
    const at = (pointer: Local | undefined, offset: Code): Code => i32.add(pointer!.get, offset);
    const compute = (offset: Code): Code[] => [
      gradient.set(v128.mul(v128.load(at(g, offset)), v128.splat(clip!.get))),
      first.set(blend(v128.load(at(m, offset)), gradient.get, beta1!)),
      second.set(blend(v128.load(at(v, offset)), v128.mul(gradient.get, gradient.get), beta2!)),
      weight.set(v128.add(v128.div(v128.sqrt(second.get), v128.splat(root!.get)), v128.splat(epsilon!.get))),
      weight.set(v128.mul(v128.div(first.get, weight.get), v128.splat(stepSize!.get))),
      weight.set(v128.sub(v128.mul(v128.load(at(p, offset)), v128.splat(kept!.get)), weight.get)),
    ];
    const targets: [Local | undefined, Local][] = [
      [m, first],
      [v, second],
      [p, weight],
    ];
    return [
      eachFour(
        count!.get,
        local,
        (offset) => [...compute(offset), ...targets.map(([pointer, value]) => v128.store(at(pointer, offset), value.get))],
        (offset) => [...compute(offset), ...targets.map(([pointer, value]) => storeTail(at(pointer, offset), value, count!.get))],
      ),
    ];
  });
}

function addSums(assembler: Assembler): void {
  assembler.add("squareSum", ["i32", "i32", "i32"], ([x, out, count], local) => {
    const [sum, value] = [local("v128"), local("v128")];
    const add = sum.set(v128.add(sum.get, v128.mul(value.get, value.get)));
    return [
      sum.set(v128.const(0)),
      eachFour(
        count!.get,
        local,
        (offset) => [value.set(v128.load(i32.add(x!.get, offset))), add],
        (offset, mask) => [value.set(v128.and(v128.load(i32.add(x!.get, offset)), mask)), add],
      ),
      f32.store(out!.get, sumLanes(sum)),
    ];
  });
  // addRow(target, source, count): target += source.
  assembler.add("addRow", ["i32", "i32", "i32"], ([target, source, count], local) => [addRow(target!.get, source!.get, count!.get, local)]);
  // columnSum(x, out, rows, width): out, already zero, gains each row in turn.
  assembler.add("columnSum", ["i32", "i32", "i32", "i32"], ([x, out, rows, width], local) => [
    whileLoop(
      rows!.get,
      addRow(out!.get, x!.get, width!.get, local),
      x!.set(i32.add(x!.get, i32.shl(width!.get, i32.const(2)))),
      rows!.set(i32.sub(rows!.get, i32.const(1))),
    ),
  ]);
}

function addRow(target: Code, source: Code, count: Code, local: NewLocal): Code {
  const value = local("v128");
  const load = (offset: Code): Code => value.set(v128.add(v128.load(i32.add(target, offset)), v128.load(i32.add(source, offset))));
  return eachFour(
    count,
    local,
    (offset) => [load(offset), v128.store(i32.add(target, offset), value.get)],
    (offset) => [load(offset), storeTail(i32.add(target, offset), value, count)],
  );
}
