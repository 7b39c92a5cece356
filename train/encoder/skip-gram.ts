// Word vectors learned from texts alone, for networks from scratch: skip-gram with negative sampling (Mikolov et al. 2013,
// https://arxiv.org/abs/1310.4546). Words that stand in like places get like vectors, so that what the labelled rows say of one word
// reaches its neighbours. Negatives are shared by the places around a word (Ji et al. 2016, https://arxiv.org/abs/1604.04661), and one
// thread updates in order: the same texts and seed give the same vectors.
import type { WordVocabulary } from "#models/encoder/vocabulary";
import { Random } from "#models/random";
import {
  allocateMemory,
  Assembler,
  type Code,
  f32,
  i32,
  ifThen,
  type Local,
  v128,
  type WasmMemory,
  whileLoop,
} from "#train/tensor/wasm/assembler";
import { exponential, sumLanes } from "#train/tensor/wasm/vector-math";

export interface SkipGramOptions {
  seed: number;
  /** Numbers of a vector. */
  dimensions: number;
  /** Passes over the texts. */
  epochs: number;
  /** Called every tenth of a second or so; may throw to end it. @param done share, 0 to 1 */
  progress?: (done: number) => void;
}

/** Words on either side at most that a word is to be told from. */
const WINDOW = 5;
const NEGATIVES = 5;
/** A word of a larger share of the tokens is skipped the more often, the larger. */
const SAMPLE = 1e-4;
const LEARNING_RATE = 0.05;
/** Power of the frequency by which negatives are drawn. */
const NEGATIVE_POWER = 0.75;
const NEGATIVE_TABLE = 1 << 20;
const END = -1;
const YIELD_MS = 100;

/** @returns (vocabulary.vocabSize, dimensions), row-major, a row an id; 0 where the texts have no such word */
export async function learnWordVectors(
  texts: Iterable<string>,
  vocabulary: WordVocabulary,
  { seed, dimensions, epochs, progress = () => {} }: SkipGramOptions,
): Promise<Float32Array> {
  const ids = readIds(texts, vocabulary);
  const counts = new Float64Array(vocabulary.vocabSize);
  let total = 0;
  for (const id of ids) {
    if (id === END) continue;
    counts[id]!++;
    total++;
  }
  const random = new Random(seed, "skip-gram");
  const state = new SkipGram(counts, dimensions, random);
  const kept = Float32Array.from(counts, (count) =>
    count === 0 ? 0 : Math.min(1, Math.sqrt((SAMPLE * total) / count) + (SAMPLE * total) / count),
  );
  const line = new Int32Array(ids.length);
  let seen = 0;
  let told = performance.now();
  for (let epoch = 0; epoch < epochs; epoch++) {
    let words = 0;
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]!;
      if (id !== END) {
        seen++;
        if (random.next() < kept[id]!) line[words++] = id;
        continue;
      }
      state.text(line, words, LEARNING_RATE * Math.max(1e-4, 1 - seen / (epochs * total)));
      words = 0;
      if (performance.now() - told < YIELD_MS) continue;
      progress(seen / (epochs * total));
      // Signals and timers wait for this.
      await new Promise((resolve) => setImmediate(resolve));
      told = performance.now();
    }
  }
  return state.vectors();
}

/** The two tables in one WebAssembly memory, in whose SIMD a pair costs a quarter of what it does in JavaScript. */
class SkipGram {
  readonly #memory: WasmMemory;
  readonly #table: SkipGramTable;
  readonly #size: { words: number; dimensions: number };
  readonly #negatives: Int32Array;
  readonly #random: Random;
  /** Addresses of the rows that a word is to be told by: its own, then the negatives'; 0 for none. */
  readonly #targets: Int32Array;
  readonly #pair: (...args: number[]) => void;

  constructor(counts: Float64Array, dimensions: number, random: Random) {
    this.#size = { words: counts.length, dimensions };
    this.#table = new SkipGramTable(counts.length, dimensions);
    this.#random = random;
    this.#negatives = negativeTable(counts);
    this.#memory = allocateMemory(this.#table.bytes);
    this.#targets = new Int32Array(this.#memory.buffer, this.#table.targets, 1 + NEGATIVES);
    this.#pair = pairModule().instantiate(this.#memory)["pair"]!;
    counts.forEach((count, id) => {
      if (count === 0) return;
      const row = new Float32Array(this.#memory.buffer, this.#table.input(id), dimensions);
      for (let k = 0; k < dimensions; k++) row[k] = (random.next() - 0.5) / dimensions;
    });
  }

  /** One pass over the words of a text. */
  text(words: Int32Array, count: number, rate: number): void {
    const table = this.#table;
    const targets = this.#targets;
    for (let i = 0; i < count; i++) {
      const reach = 1 + this.#random.below(WINDOW);
      targets[0] = table.output(words[i]!);
      for (let n = 1; n <= NEGATIVES; n++) {
        const negative = this.#negatives[this.#random.below(NEGATIVE_TABLE)]!;
        targets[n] = negative === words[i] ? 0 : table.output(negative);
      }
      const to = Math.min(count - 1, i + reach);
      for (let j = Math.max(0, i - reach); j <= to; j++)
        if (j !== i) this.#pair(table.input(words[j]!), table.targets, table.change, table.stride, rate);
    }
  }

  /** (V, d), copied. */
  vectors(): Float32Array {
    const { words, dimensions } = this.#size;
    const rows = new Float32Array(words * dimensions);
    for (let id = 0; id < words; id++) rows.set(new Float32Array(this.#memory.buffer, this.#table.input(id), dimensions), id * dimensions);
    return rows;
  }
}

/** Where what lies in the memory. Rows are padded to whole vectors of four; address 0 is no row's. */
class SkipGramTable {
  /** Bytes of a row. */
  readonly stride: number;
  readonly targets = 64;
  readonly change = 128;
  readonly bytes: number;
  readonly #outputs: number;
  readonly #inputs: number;

  constructor(words: number, dimensions: number) {
    this.stride = Math.ceil(dimensions / 4) * 16;
    this.#inputs = this.change + this.stride;
    this.#outputs = this.#inputs + words * this.stride;
    this.bytes = this.#outputs + words * this.stride;
  }

  input(id: number): number {
    return this.#inputs + id * this.stride;
  }

  output(id: number): number {
    return this.#outputs + id * this.stride;
  }
}

/**
 * pair(input, targets, change, stride, rate): moves a word's row towards what tells the first target from the others, and these towards and
 * away from it. All are byte addresses.
 */
function pairModule(): Assembler {
  return new Assembler().add("pair", ["i32", "i32", "i32", "i32", "f32"], ([input, targets, change, stride, rate], local) => {
    const [at, turn, output] = [local("i32"), local("i32"), local("i32")];
    const [sum, step, old] = [local("v128"), local("v128"), local("v128")];
    const place = (row: Local) => i32.add(row!.get, at.get);
    const eachVector = (...body: Code[]): Code => [
      ...at.set(i32.const(0)),
      ...whileLoop(i32.lt(at.get, stride!.get), ...body, at.set(i32.add(at.get, i32.const(16)))),
    ];
    const addTo = (row: Local, value: Code): Code => v128.store(place(row), v128.add(v128.load(place(row)), value));
    const oneTarget = [
      ...sum.set(v128.const(0)),
      ...eachVector(sum.set(v128.add(sum.get, v128.mul(v128.load(place(input!)), v128.load(place(output)))))),
      // rate · (label − 1 / (1 + e^−dot))
      ...sum.set(v128.neg(v128.splat(sumLanes(sum)))),
      ...exponential(sum, local).flat(),
      ...step.set(v128.sub(v128.splat(f32.fromInt(i32.eqz(turn.get))), v128.div(v128.const(1), v128.add(v128.const(1), sum.get)))),
      ...step.set(v128.mul(step.get, v128.splat(rate!.get))),
      ...eachVector(
        old.set(v128.load(place(output))),
        addTo(output, v128.mul(step.get, v128.load(place(input!)))),
        addTo(change!, v128.mul(step.get, old.get)),
      ),
    ];
    return [
      eachVector(v128.store(place(change!), v128.const(0))),
      turn.set(i32.const(0)),
      whileLoop(
        i32.lt(turn.get, i32.const(1 + NEGATIVES)),
        output.set(i32.load(i32.add(targets!.get, i32.shl(turn.get, i32.const(2))))),
        ifThen(output.get, oneTarget),
        turn.set(i32.add(turn.get, i32.const(1))),
      ),
      eachVector(addTo(input!, v128.load(place(change!)))),
    ];
  });
}

/** Ids, each as often as its negatives are to be drawn. */
function negativeTable(counts: Float64Array): Int32Array {
  const weights = counts.map((count) => count ** NEGATIVE_POWER);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table = new Int32Array(NEGATIVE_TABLE);
  let id = 0;
  let share = weights[0]! / total;
  for (let i = 0; i < NEGATIVE_TABLE; i++) {
    while ((i + 0.5) / NEGATIVE_TABLE > share && id < counts.length - 1) share += weights[++id]! / total;
    table[i] = id;
  }
  return table;
}

/** All texts' ids, END behind each. */
function readIds(texts: Iterable<string>, vocabulary: WordVocabulary): Int32Array {
  let ids = new Int32Array(1 << 16);
  let count = 0;
  for (const text of texts) {
    const encoded = vocabulary.encode(text).ids;
    if (count + encoded.length + 1 > ids.length) {
      const larger = new Int32Array(Math.max(ids.length * 2, count + encoded.length + 1));
      larger.set(ids);
      ids = larger;
    }
    ids.set(encoded, count);
    count += encoded.length;
    ids[count++] = END;
  }
  return ids.subarray(0, count);
}
