// A small seeded generator for resampling (sfc32, Chris Doty-Humphrey's PractRand): the same seed gives the same interval
// on every machine, which Math.random cannot.

/** Uniform whole numbers from [0, bound), from a 32-bit seed. */
export class Random {
  #a = 0;
  #b = 0x9e3779b9;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#c = seed | 0;
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** Uniform in [0, 2³²). */
  uint32(): number {
    const t = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [0, bound), bound a whole number below 2³². Its bias, below bound / 2³², is far under sampling error. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 4294967296) * bound);
  }
}
