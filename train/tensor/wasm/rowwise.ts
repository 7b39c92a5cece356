// Kernels that take a row at a time: softmax, layer normalisation, rotary positions, and their gradients.
import { Assembler, f32, i32, v128, whileLoop, type Code, type Local } from "./assembler.ts";
import { eachFour, exponential, maxLanes, storeTail, sumLanes, type NewLocal } from "./vector-math.ts";

export function addRowwise(assembler: Assembler): void {
  addSoftmax(assembler);
  addSoftmaxGradient(assembler);
  addLayerNorm(assembler);
  addLayerNormGradient(assembler);
  addRotary(assembler);
}

/** `statements` for each of `rows` rows; `pointers` move on by their strides in bytes. */
function eachRow(rows: Local, pointers: readonly (readonly [Local, Code])[], statements: Code[]): Code {
  return whileLoop(
    rows.get,
    ...statements,
    ...pointers.map(([pointer, stride]) => pointer.set(i32.add(pointer.get, stride))),
    rows.set(i32.sub(rows.get, i32.const(1))),
  );
}

/** Σ of what `value(offset)` gives over a row, left in the f32 `into`. */
function rowSum(into: Local, width: Code, local: NewLocal, value: (offset: Code) => Code): Code[] {
  const sum = local("v128");
  return [
    sum.set(v128.const(0)),
    eachFour(
      width,
      local,
      (offset) => [sum.set(v128.add(sum.get, value(offset)))],
      (offset, mask) => [sum.set(v128.add(sum.get, v128.and(value(offset), mask)))],
    ),
    into.set(sumLanes(sum)),
  ];
}

/** out[offset] = value(offset) over a row. */
function storeRow(out: Code, width: Code, local: NewLocal, value: (offset: Code) => Code): Code {
  const result = local("v128");
  return eachFour(
    width,
    local,
    (offset) => [v128.store(i32.add(out, offset), value(offset))],
    (offset) => [result.set(value(offset)), storeTail(i32.add(out, offset), result, width)],
  );
}

const bytes = (width: Local): Code => i32.shl(width.get, i32.const(2));
const loadAt = (pointer: Local | undefined, offset: Code): Code => v128.load(i32.add(pointer!.get, offset));

/** softmax(scores, mask, maskStride, out, rows, width, scale): mask may be a row of zeros with stride 0. */
function addSoftmax(assembler: Assembler): void {
  assembler.add(
    "softmax",
    ["i32", "i32", "i32", "i32", "i32", "i32", "f32"],
    ([scores, mask, maskStride, out, rows, width, scale], local) => {
      const [value, highest, total] = [local("v128"), local("v128"), local("f32")];
      const sum = local("v128");
      const score = (offset: Code): Code =>
        value.set(v128.add(v128.mul(loadAt(scores, offset), v128.splat(scale!.get)), loadAt(mask, offset)));
      const raise = (offset: Code): Code[] => [value.set(v128.sub(loadAt(out, offset), highest.get)), ...exponential(value, local)];
      return [
        eachRow(
          rows!,
          [
            [scores!, bytes(width!)],
            [out!, bytes(width!)],
            [mask!, maskStride!.get],
          ],
          [
            highest.set(v128.const(-Infinity)),
            eachFour(
              width!.get,
              local,
              (offset) => [score(offset), v128.store(i32.add(out!.get, offset), value.get), highest.set(v128.pmax(highest.get, value.get))],
              (offset, inside) => [
                score(offset),
                storeTail(i32.add(out!.get, offset), value, width!.get),
                highest.set(v128.pmax(highest.get, v128.select(value.get, v128.const(-Infinity), inside))),
              ],
            ),
            highest.set(v128.splat(maxLanes(highest))),
            sum.set(v128.const(0)),
            eachFour(
              width!.get,
              local,
              (offset) => [...raise(offset), v128.store(i32.add(out!.get, offset), value.get), sum.set(v128.add(sum.get, value.get))],
              (offset, inside) => [
                ...raise(offset),
                storeTail(i32.add(out!.get, offset), value, width!.get),
                sum.set(v128.add(sum.get, v128.and(value.get, inside))),
              ],
            ),
            total.set(f32.div(f32.const(1), sumLanes(sum))),
            storeRow(out!.get, width!.get, local, (offset) => v128.mul(loadAt(out, offset), v128.splat(total.get))),
          ],
        ),
      ];
    },
  );
}

/** softmaxGrad(dy, y, out, rows, width, scale). */
function addSoftmaxGradient(assembler: Assembler): void {
  assembler.add("softmaxGrad", ["i32", "i32", "i32", "i32", "i32", "f32"], ([dy, y, out, rows, width, scale], local) => {
    const along = local("f32");
    return [
      eachRow(
        rows!,
        [dy, y, out].map((pointer) => [pointer!, bytes(width!)] as const),
        [
          ...rowSum(along, width!.get, local, (offset) => v128.mul(loadAt(dy, offset), loadAt(y, offset))),
          storeRow(out!.get, width!.get, local, (offset) =>
            v128.mul(v128.mul(loadAt(y, offset), v128.sub(loadAt(dy, offset), v128.splat(along.get))), v128.splat(scale!.get)),
          ),
        ],
      ),
    ];
  });
}

/** layerNorm(x, gamma, beta, out, mean, scale, rows, width, eps): beta may be a row of zeros. */
function addLayerNorm(assembler: Assembler): void {
  const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f32"] as const;
  assembler.add("layerNorm", parameters, ([x, gamma, beta, out, mean, scale, rows, width, eps], local) => {
    const [centre, spread, count, centred] = [local("f32"), local("f32"), local("f32"), local("v128")];
    const difference = (offset: Code): Code => v128.sub(loadAt(x, offset), v128.splat(centre.get));
    return [
      count.set(f32.fromInt(width!.get)),
      eachRow(
        rows!,
        [
          [x!, bytes(width!)],
          [out!, bytes(width!)],
          [mean!, i32.const(4)],
          [scale!, i32.const(4)],
        ],
        [
          ...rowSum(centre, width!.get, local, (offset) => loadAt(x, offset)),
          centre.set(f32.div(centre.get, count.get)),
          ...rowSum(spread, width!.get, local, (offset) => [...centred.set(difference(offset)), ...v128.mul(centred.get, centred.get)]),
          spread.set(f32.div(f32.const(1), f32.sqrt(f32.add(f32.div(spread.get, count.get), eps!.get)))),
          f32.store(mean!.get, centre.get),
          f32.store(scale!.get, spread.get),
          storeRow(out!.get, width!.get, local, (offset) =>
            v128.add(v128.mul(v128.mul(difference(offset), v128.splat(spread.get)), loadAt(gamma, offset)), loadAt(beta, offset)),
          ),
        ],
      ),
    ];
  });
}

/** layerNormGrad(dy, x, gamma, mean, scale, dx, dgamma, dbeta, rows, width): dgamma and dbeta, already zero, gain each row in turn. */
function addLayerNormGradient(assembler: Assembler): void {
  const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
  assembler.add("layerNormGrad", parameters, ([dy, x, gamma, mean, scale, dx, dgamma, dbeta, rows, width], local) => {
    const [centre, spread, even, along, count] = Array.from({ length: 5 }, () => local("f32")) as [Local, Local, Local, Local, Local];
    const [weighted, normal] = [local("v128"), local("v128")];
    const normalAt = (offset: Code): Code => v128.mul(v128.sub(loadAt(x, offset), v128.splat(centre.get)), v128.splat(spread.get));
    const weightedAt = (offset: Code): Code => v128.mul(loadAt(dy, offset), loadAt(gamma, offset));
    return [
      count.set(f32.fromInt(width!.get)),
      eachRow(
        rows!,
        [
          [dy!, bytes(width!)],
          [x!, bytes(width!)],
          [dx!, bytes(width!)],
          [mean!, i32.const(4)],
          [scale!, i32.const(4)],
        ],
        [
          centre.set(f32.load(mean!.get)),
          spread.set(f32.load(scale!.get)),
          ...rowSum(even, width!.get, local, weightedAt),
          ...rowSum(along, width!.get, local, (offset) => v128.mul(weightedAt(offset), normalAt(offset))),
          even.set(f32.div(even.get, count.get)),
          along.set(f32.div(along.get, count.get)),
          storeRow(dgamma!.get, width!.get, local, (offset) =>
            v128.add(loadAt(dgamma, offset), v128.mul(loadAt(dy, offset), normalAt(offset))),
          ),
          storeRow(dbeta!.get, width!.get, local, (offset) => v128.add(loadAt(dbeta, offset), loadAt(dy, offset))),
          storeRow(dx!.get, width!.get, local, (offset) => [
            ...weighted.set(v128.sub(weightedAt(offset), v128.splat(even.get))),
            ...normal.set(v128.mul(normalAt(offset), v128.splat(along.get))),
            ...v128.mul(v128.sub(weighted.get, normal.get), v128.splat(spread.get)),
          ]),
        ],
      ),
    ];
  });
}

/** rotary(x, cos, sin, out, rows, half, sign): `rows` positions of one head, of 2·half values each. */
function addRotary(assembler: Assembler): void {
  assembler.add("rotary", ["i32", "i32", "i32", "i32", "i32", "i32", "f32"], ([x, cos, sin, out, rows, half, sign], local) => {
    const [column, other] = [local("i32"), local("i32")];
    const at = (pointer: Local | undefined, place: Code): Code => f32.load(i32.add(pointer!.get, place));
    const turned = (place: Code, partner: Code, direction: Code): Code =>
      f32.store(
        i32.add(out!.get, place),
        f32.add(f32.mul(at(x, place), at(cos, place)), f32.mul(f32.mul(at(x, partner), direction), at(sin, place))),
      );
    const stride = i32.shl(half!.get, i32.const(3));
    return [
      eachRow(
        rows!,
        [x, cos, sin, out].map((pointer) => [pointer!, stride] as const),
        [
          column.set(i32.const(0)),
          whileLoop(
            i32.lt(column.get, i32.shl(half!.get, i32.const(2))),
            other.set(i32.add(column.get, i32.shl(half!.get, i32.const(2)))),
            turned(column.get, other.get, f32.sub(f32.const(0), sign!.get)),
            turned(other.get, column.get, sign!.get),
            column.set(i32.add(column.get, i32.const(4))),
          ),
        ],
      ),
    ];
  });
}
