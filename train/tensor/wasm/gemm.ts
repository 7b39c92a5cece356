// Matrix multiplication for WebAssembly: C = op(A)·op(B) + bias, float32, row-major, any shape and either operand transposed. Blocking and
// packing are those of BLIS (Van Zee and van de Geijn 2015, https://doi.org/10.1145/2764454): panels of B stay in the third cache, blocks of A in
// the second, and a 6×8 tile of C in registers (12 of the 16 that x64 has; measured 46 GFLOP/s of fused multiply-adds on one core against
// 40 for 4×8). XNNPACK's kernels inside tfjs-backend-wasm reach 27, and its product with a transposed operand 1.
import { Assembler, f32, i32, ifThen, v128, whileLoop, type Code, type Local, type WasmFunctions, type WasmMemory } from "./assembler.ts";

/** Rows and columns of the tile in registers. */
const TILE_ROWS = 6;
const TILE_COLUMNS = 8;
/** Block sizes: a strip of B (256×8) fits the first cache, a block of A (120×256) the second, a panel of B (256×1,024) the third. */
const BLOCK_K = 256;
const BLOCK_ROWS = 120;
const BLOCK_COLUMNS = 1024;

const START = { zero: 0, add: 1, bias: 2 } as const;

/** Bytes of scratch memory that `multiply` needs. */
export const GEMM_SCRATCH = 4 * (BLOCK_K * (BLOCK_ROWS + BLOCK_COLUMNS) + BLOCK_COLUMNS + TILE_ROWS * TILE_COLUMNS) + 16;

/** Adds the functions of the multiplication to a module. `madd` is v128.relaxedMadd, or a product and a sum. */
export function addGemm(assembler: Assembler, madd: (a: Code, b: Code, c: Code) => Code): void {
  addPacking(assembler);
  addTile(assembler, madd);
  addBlock(assembler);
}

/** Packs strips: dst[k][width] from any layout. Whole strips go four by four; the last, partial one value by value, padded with zeros. */
function addPacking(assembler: Assembler): void {
  for (const width of [TILE_ROWS, TILE_COLUMNS]) {
    // src is contiguous across the strip: one row of `width` floats for each k.
    assembler.add(`copy${width}`, ["i32", "i32", "i32", "i32"], ([src, dst, depth, stride]) => [
      whileLoop(
        depth!.get,
        v128.store(dst!.get, v128.load(src!.get)),
        ...(width === 8
          ? [v128.store(dst!.get, v128.load(src!.get, 16), 16)]
          : [f32.store(dst!.get, f32.load(src!.get, 16), 16), f32.store(dst!.get, f32.load(src!.get, 20), 20)]),
        src!.set(i32.add(src!.get, stride!.get)),
        dst!.set(i32.add(dst!.get, i32.const(4 * width))),
        depth!.set(i32.sub(depth!.get, i32.const(1))),
      ),
    ]);
    // src is contiguous along k: `width` rows, `stride` bytes apart; blocks of 4×4 are transposed in registers. depth in fours.
    assembler.add(`transpose${width}`, ["i32", "i32", "i32", "i32"], ([src, dst, fours, stride], local) => {
      const rows = [0, 1, 2, 3].map(() => local("v128"));
      const halves = [0, 1, 2, 3].map(() => local("v128"));
      const row = local("i32");
      const quad = (offset: number): Code[] => [
        ...rows.map((target) => [...target.set(v128.load(row.get)), ...row.set(i32.add(row.get, stride!.get))]),
        halves[0]!.set(v128.shuffle(rows[0]!.get, rows[1]!.get, [0, 4, 1, 5])),
        halves[1]!.set(v128.shuffle(rows[0]!.get, rows[1]!.get, [2, 6, 3, 7])),
        halves[2]!.set(v128.shuffle(rows[2]!.get, rows[3]!.get, [0, 4, 1, 5])),
        halves[3]!.set(v128.shuffle(rows[2]!.get, rows[3]!.get, [2, 6, 3, 7])),
        v128.store(dst!.get, v128.shuffle(halves[0]!.get, halves[2]!.get, [0, 1, 4, 5]), offset),
        v128.store(dst!.get, v128.shuffle(halves[0]!.get, halves[2]!.get, [2, 3, 6, 7]), offset + 4 * width),
        v128.store(dst!.get, v128.shuffle(halves[1]!.get, halves[3]!.get, [0, 1, 4, 5]), offset + 8 * width),
        v128.store(dst!.get, v128.shuffle(halves[1]!.get, halves[3]!.get, [2, 3, 6, 7]), offset + 12 * width),
      ];
      const pair: Code[] = [0, 1].flatMap((at) => [
        rows[at]!.set(v128.load(row.get)),
        row.set(i32.add(row.get, stride!.get)),
        ...[0, 1, 2, 3].map((k) => f32.store(dst!.get, v128.lane(rows[at]!.get, k), 16 + 4 * at + 4 * width * k)),
      ]);
      return [
        whileLoop(
          fours!.get,
          row.set(src!.get),
          ...quad(0),
          ...(width === 8 ? quad(16) : pair),
          src!.set(i32.add(src!.get, i32.const(16))),
          dst!.set(i32.add(dst!.get, i32.const(16 * width))),
          fours!.set(i32.sub(fours!.get, i32.const(1))),
        ),
      ];
    });
  }
  assembler.add("packAny", ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], ([src, dst, depth, count, width, across, along], local) => {
    const [at, from] = [local("i32"), local("i32")];
    return [
      whileLoop(
        depth!.get,
        at.set(i32.const(0)),
        from.set(src!.get),
        whileLoop(
          i32.lt(at.get, width!.get),
          ifThen(i32.lt(at.get, count!.get), f32.store(dst!.get, f32.load(from.get)), f32.store(dst!.get, f32.const(0))),
          from.set(i32.add(from.get, across!.get)),
          dst!.set(i32.add(dst!.get, i32.const(4))),
          at.set(i32.add(at.get, i32.const(1))),
        ),
        src!.set(i32.add(src!.get, along!.get)),
        depth!.set(i32.sub(depth!.get, i32.const(1))),
      ),
    ];
  });
}

/** tile(a, b, c, depth, stride of c, start, bias): one 6×8 tile from a strip of A and one of B. */
function addTile(assembler: Assembler, madd: (a: Code, b: Code, c: Code) => Code): void {
  assembler.add("tile", ["i32", "i32", "i32", "i32", "i32", "i32", "i32"], ([a, b, c, depth, stride, start, bias], local) => {
    const sums = Array.from({ length: TILE_ROWS }, () => [local("v128"), local("v128")]);
    const [left, right, value, row, end] = [local("v128"), local("v128"), local("v128"), local("i32"), local("i32")] as Local[];
    const eachRow = (statements: (pair: Local[]) => Code[]): Code[] => [
      row!.set(c!.get),
      ...sums.flatMap((pair) => [...statements(pair), row!.set(i32.add(row!.get, stride!.get))]),
    ];
    const step = (turn: number): Code[] => [
      left!.set(v128.load(b!.get, 32 * turn)),
      right!.set(v128.load(b!.get, 32 * turn + 16)),
      ...sums.flatMap(([first, second], i) => [
        value!.set(v128.loadSplat(a!.get, 4 * (TILE_ROWS * turn + i))),
        first!.set(madd(value!.get, left!.get, first!.get)),
        second!.set(madd(value!.get, right!.get, second!.get)),
      ]),
    ];
    const turns = (count: number): Code[] => [
      ...Array.from({ length: count }, (_, turn) => step(turn)).flat(),
      a!.set(i32.add(a!.get, i32.const(4 * TILE_ROWS * count))),
      b!.set(i32.add(b!.get, i32.const(4 * TILE_COLUMNS * count))),
    ];
    return [
      ifThen(
        i32.eqz(i32.sub(start!.get, i32.const(START.add))),
        eachRow(([first, second]) => [first!.set(v128.load(row!.get)), second!.set(v128.load(row!.get, 16))]).flat(),
      ),
      ifThen(
        i32.eqz(i32.sub(start!.get, i32.const(START.bias))),
        sums.flatMap(([first, second]) => [...first!.set(v128.load(bias!.get)), ...second!.set(v128.load(bias!.get, 16))]),
      ),
      end!.set(i32.add(a!.get, i32.mul(i32.and(depth!.get, i32.const(-4)), i32.const(4 * TILE_ROWS)))),
      whileLoop(i32.lt(a!.get, end!.get), ...turns(4)),
      end!.set(i32.add(a!.get, i32.mul(i32.and(depth!.get, i32.const(3)), i32.const(4 * TILE_ROWS)))),
      whileLoop(i32.lt(a!.get, end!.get), ...turns(1)),
      ...eachRow(([first, second]) => [v128.store(row!.get, first!.get), v128.store(row!.get, second!.get, 16)]),
    ];
  });
}

/** block(A, B, c, m, n, depth, stride of c, start, bias, edge): all tiles of a packed block of A and a packed panel of B. */
function addBlock(assembler: Assembler): void {
  const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
  assembler.add("block", parameters, ([a, b, c, m, n, depth, stride, start, bias, edge], local) => {
    const [i, j, strip, target, from, into, x, y] = Array.from({ length: 8 }, () => local("i32")) as Local[];
    const isWhole = i32.and(
      i32.lt(i32.const(TILE_ROWS - 1), i32.sub(m!.get, i!.get)),
      i32.lt(i32.const(TILE_COLUMNS - 1), i32.sub(n!.get, j!.get)),
    );
    const isAdding = i32.eqz(i32.sub(start!.get, i32.const(START.add)));
    const column = i32.shl(j!.get, i32.const(2));
    // A tile over the edge is made beside the matrix, and what lies inside is carried over.
    const partial: Code[] = [
      ifThen(
        isAdding,
        assembler.call("tile", strip!.get, b!.get, edge!.get, depth!.get, i32.const(4 * TILE_COLUMNS), i32.const(START.zero), bias!.get),
        assembler.call(
          "tile",
          strip!.get,
          b!.get,
          edge!.get,
          depth!.get,
          i32.const(4 * TILE_COLUMNS),
          start!.get,
          i32.add(bias!.get, column),
        ),
      ),
      y!.set(i32.const(0)),
      whileLoop(
        i32.and(i32.lt(y!.get, i32.const(TILE_ROWS)), i32.lt(i32.add(i!.get, y!.get), m!.get)),
        from!.set(i32.add(edge!.get, i32.mul(y!.get, i32.const(4 * TILE_COLUMNS)))),
        into!.set(i32.add(target!.get, i32.mul(y!.get, stride!.get))),
        x!.set(i32.const(0)),
        whileLoop(
          i32.and(i32.lt(x!.get, i32.const(TILE_COLUMNS)), i32.lt(i32.add(j!.get, x!.get), n!.get)),
          ifThen(isAdding, f32.store(from!.get, f32.add(f32.load(from!.get), f32.load(into!.get)))),
          f32.store(into!.get, f32.load(from!.get)),
          from!.set(i32.add(from!.get, i32.const(4))),
          into!.set(i32.add(into!.get, i32.const(4))),
          x!.set(i32.add(x!.get, i32.const(1))),
        ),
        y!.set(i32.add(y!.get, i32.const(1))),
      ),
    ];
    return [
      whileLoop(
        i32.lt(j!.get, n!.get),
        i!.set(i32.const(0)),
        strip!.set(a!.get),
        whileLoop(
          i32.lt(i!.get, m!.get),
          target!.set(i32.add(c!.get, i32.add(i32.mul(i!.get, stride!.get), column))),
          ifThen(
            isWhole,
            assembler.call("tile", strip!.get, b!.get, target!.get, depth!.get, stride!.get, start!.get, i32.add(bias!.get, column)),
            partial.flat(),
          ),
          strip!.set(i32.add(strip!.get, i32.mul(depth!.get, i32.const(4 * TILE_ROWS)))),
          i!.set(i32.add(i!.get, i32.const(TILE_ROWS))),
        ),
        b!.set(i32.add(b!.get, i32.mul(depth!.get, i32.const(4 * TILE_COLUMNS)))),
        j!.set(i32.add(j!.get, i32.const(TILE_COLUMNS))),
      ),
    ];
  });
}

/** One product: byte offsets of the operands, C's is m×n; `bias` (n) or 0. A is m×k (k×m where transposed), B is k×n (n×k). */
export interface Product {
  a: number;
  b: number;
  c: number;
  bias: number;
  m: number;
  n: number;
  k: number;
  transposeA: boolean;
  transposeB: boolean;
}

/** Computes a product; `scratch` is GEMM_SCRATCH bytes. The order of additions is fixed: the same operands give the same bytes. */
export function multiply(wasm: WasmFunctions, memory: WasmMemory, scratch: number, product: Product): void {
  const { a, b, c, bias, m, n, k, transposeA, transposeB } = product;
  const packedA = (scratch + 15) & ~15;
  const packedB = packedA + 4 * BLOCK_K * BLOCK_ROWS;
  const paddedBias = packedB + 4 * BLOCK_K * BLOCK_COLUMNS;
  const edge = paddedBias + 4 * BLOCK_COLUMNS;
  // Bytes from one row (column) to the next, and from one k to the next.
  const [rowA, depthA] = transposeA ? [4, 4 * m] : [4 * k, 4];
  const [columnB, depthB] = transposeB ? [4 * k, 4] : [4, 4 * n];
  for (let column = 0; column < n; column += BLOCK_COLUMNS) {
    const columns = Math.min(BLOCK_COLUMNS, n - column);
    if (bias !== 0) new Uint8Array(memory.buffer).copyWithin(paddedBias, bias + 4 * column, bias + 4 * (column + columns));
    for (let from = 0; from < k; from += BLOCK_K) {
      const depth = Math.min(BLOCK_K, k - from);
      pack(wasm, TILE_COLUMNS, b + column * columnB + from * depthB, packedB, depth, columns, columnB, depthB);
      const start = from > 0 ? START.add : bias === 0 ? START.zero : START.bias;
      for (let row = 0; row < m; row += BLOCK_ROWS) {
        const rows = Math.min(BLOCK_ROWS, m - row);
        pack(wasm, TILE_ROWS, a + row * rowA + from * depthA, packedA, depth, rows, rowA, depthA);
        wasm["block"]!(packedA, packedB, c + 4 * (row * n + column), rows, columns, depth, 4 * n, start, paddedBias, edge);
      }
    }
  }
}

function pack(
  wasm: WasmFunctions,
  width: 6 | 8,
  source: number,
  target: number,
  depth: number,
  count: number,
  across: number,
  along: number,
): void {
  const copy = wasm[`copy${width}`]!;
  const transpose = wasm[`transpose${width}`]!;
  for (let at = 0; at < count; at += width) {
    const [from, into] = [source + at * across, target + 4 * at * depth];
    if (count - at < width) {
      wasm["packAny"]!(from, into, depth, count - at, width, across, along);
    } else if (across === 4) {
      copy(from, into, depth, along);
    } else {
      const whole = depth & ~3;
      transpose(from, into, whole >> 2, across);
      if (whole < depth) wasm["packAny"]!(from + 4 * whole, into + 4 * width * whole, depth - whole, width, width, across, along);
    }
  }
}
