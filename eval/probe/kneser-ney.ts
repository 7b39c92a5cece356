// A byte n-gram language model with interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998, section 3), trained
// by adding documents: what it needs (counts of the longest n-grams, numbers of distinct left neighbours of the shorter
// ones, counts of counts) can all be kept up to date, so that a model of more text is the same model with more added.
// Its predictions are a distribution over the 256 bytes and the document's end, so bits per byte can be compared.
//
// Grams form a trie: the node of a string is the child of the node of its prefix, and links to the node of its suffix.
// A gram seen before costs one look-up; only a new one touches the shorter orders, which is Kneser-Ney's own rule.

/** Symbols that are predicted: 256 bytes and the end of the document. */
export const SYMBOLS = 257;
const END = 256;
/** Fills the context before a document's first byte; never predicted. */
const BEFORE = 257;

/** Discounts stay above this, so that no byte ever has probability 0. */
const LEAST_DISCOUNT = 0.05;

export class KneserNey {
  readonly order: number;
  /** Bytes added. */
  bytes = 0;
  #nodes = 1;
  #parent = new Int32Array(1024);
  #symbol = new Uint16Array(1024);
  /** Symbols in the node's string. */
  #length = new Uint8Array(1024);
  /** Node of the string without its first symbol; the root's is itself. */
  #suffix = new Int32Array(1024);
  /** Occurrences for strings of `order` symbols, distinct left neighbours for shorter ones. */
  #count = new Uint32Array(1024);
  /** Of a node as a context: Σ counts of its followers, and how many have count 1, 2, 3 or more. */
  #total = new Uint32Array(1024);
  #ones = new Uint32Array(1024);
  #twos = new Uint32Array(1024);
  #more = new Uint32Array(1024);
  /** Open addressing over (parent, symbol): node ids, 0 for empty. */
  #table = new Int32Array(4096);
  /** (order + 1) × 5: how many grams of each length have count 1, 2, 3, 4. */
  readonly #countsOfCounts: Float64Array;
  /** Node of the context in which a document starts. */
  readonly #start: number;

  /** `order` is the length of the longest gram in bytes, 1 to 16. */
  constructor(order: number) {
    if (!Number.isInteger(order) || order < 1 || order > 16) throw new Error(`KneserNey: order must be 1 to 16, got ${order}`);
    this.order = order;
    this.#countsOfCounts = new Float64Array((order + 1) * 5);
    let node = 0;
    for (let length = 1; length < order; length++) {
      const child = this.#create(node, BEFORE);
      this.#suffix[child] = node;
      node = child;
    }
    this.#start = node;
  }

  /** Adds a document. */
  add(text: Uint8Array): void {
    let context = this.#start;
    for (let i = 0; i < text.length; i++) context = this.#addSymbol(context, text[i]!);
    this.#addSymbol(context, END);
    this.bytes += text.length;
  }

  /** Bits to code a document and its end, given what was added. */
  bits(text: Uint8Array): number {
    const discounts = this.#discounts();
    let context = this.#start;
    let bits = 0;
    for (let i = 0; i < text.length; i++) {
      bits -= Math.log2(this.#probability(context, text[i]!, discounts));
      context = this.#next(context, text[i]!);
    }
    return bits - Math.log2(this.#probability(context, END, discounts));
  }

  /** Probabilities (257) of each byte and of the end after a document's first bytes. They sum to 1. */
  distribution(before: Uint8Array): Float64Array {
    const discounts = this.#discounts();
    const context = before.reduce((node, byte) => this.#next(node, byte), this.#start);
    return Float64Array.from({ length: SYMBOLS }, (_, symbol) => this.#probability(context, symbol, discounts));
  }

  /** Counts the gram of a context and a symbol; returns the context of the next symbol. */
  #addSymbol(context: number, symbol: number): number {
    let longest = -1;
    let shorter = -1;
    let length = this.order;
    // The context's own length is order − 1, as every document starts with a full one.
    for (let node = context; ; node = this.#suffix[node]!, length--) {
      let gram = this.#child(node, symbol);
      const isNew = gram === 0;
      if (isNew) gram = this.#create(node, symbol);
      if (shorter >= 0) this.#suffix[shorter] = gram;
      if (longest < 0) longest = gram;
      shorter = gram;
      this.#increment(node, gram, length);
      if (!isNew) break;
      // A gram of one symbol has the empty string as its suffix, the root, which new nodes link to already.
      if (length === 1) break;
    }
    return this.order === 1 ? 0 : this.#suffix[longest]!;
  }

  #increment(context: number, gram: number, length: number): void {
    const before = this.#count[gram]!++;
    this.#total[context]!++;
    if (before === 0) this.#ones[context]!++;
    else if (before === 1) {
      this.#ones[context]!--;
      this.#twos[context]!++;
    } else if (before === 2) {
      this.#twos[context]!--;
      this.#more[context]!++;
    }
    if (before > 4) return;
    const row = length * 5;
    if (before > 0) this.#countsOfCounts[row + before]!--;
    if (before < 4) this.#countsOfCounts[row + before + 1]!++;
  }

  /** The context after a symbol: the longest known suffix of at most order − 1 symbols. */
  #next(context: number, symbol: number): number {
    if (this.order === 1) return 0;
    for (let node = context; ; node = this.#suffix[node]!) {
      const gram = this.#child(node, symbol);
      if (gram !== 0) return this.#length[gram] === this.order ? this.#suffix[gram]! : gram;
      if (node === 0) return 0;
    }
  }

  #probability(context: number, symbol: number, discounts: Float64Array): number {
    let probability = 0;
    let left = 1;
    for (let node = context, length = this.#length[context]! + 1; ; node = this.#suffix[node]!, length--) {
      const total = this.#total[node]!;
      if (total > 0) {
        const row = length * 3;
        const [d1, d2, d3] = [discounts[row]!, discounts[row + 1]!, discounts[row + 2]!];
        const gram = this.#child(node, symbol);
        if (gram !== 0) {
          const count = this.#count[gram]!;
          if (count > 0) probability += (left * (count - (count === 1 ? d1 : count === 2 ? d2 : d3))) / total;
        }
        left *= (d1 * this.#ones[node]! + d2 * this.#twos[node]! + d3 * this.#more[node]!) / total;
      }
      if (node === 0) return probability + left / SYMBOLS;
    }
  }

  /** (order + 1) × 3: the discounts of counts 1, 2 and 3 or more, by length of gram. */
  #discounts(): Float64Array {
    const out = new Float64Array((this.order + 1) * 3);
    for (let length = 1; length <= this.order; length++) {
      const [, n1, n2, n3, n4] = this.#countsOfCounts.subarray(length * 5) as unknown as [number, number, number, number, number];
      const y = n1 + 2 * n2 === 0 ? 0.5 : n1 / (n1 + 2 * n2);
      const estimates = [n1 && 1 - (2 * y * n2) / n1, n2 && 2 - (3 * y * n3) / n2, n3 && 3 - (4 * y * n4) / n3];
      // Little text can put an estimate outside what a count can give.
      estimates.forEach((d, i) => (out[length * 3 + i] = Math.min(i + 1, Math.max(LEAST_DISCOUNT, d || (i + 1) / 2))));
    }
    return out;
  }

  #child(parent: number, symbol: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hash(parent, symbol) & mask; ; slot = (slot + 1) & mask) {
      const node = this.#table[slot]!;
      if (node === 0 || (this.#parent[node] === parent && this.#symbol[node] === symbol)) return node;
    }
  }

  #create(parent: number, symbol: number): number {
    if (this.#nodes === this.#parent.length) this.#grow();
    if (this.#nodes * 2 > this.#table.length) this.#rehash();
    const node = this.#nodes++;
    this.#parent[node] = parent;
    this.#symbol[node] = symbol;
    this.#length[node] = this.#length[parent]! + 1;
    this.#place(node);
    return node;
  }

  #place(node: number): void {
    const mask = this.#table.length - 1;
    let slot = hash(this.#parent[node]!, this.#symbol[node]!) & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = node;
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    for (let node = 1; node < this.#nodes; node++) this.#place(node);
  }

  #grow(): void {
    const length = this.#parent.length * 2;
    const grown = <T extends Int32Array | Uint32Array | Uint16Array | Uint8Array>(to: T, from: T): T => (to.set(from), to);
    this.#parent = grown(new Int32Array(length), this.#parent);
    this.#symbol = grown(new Uint16Array(length), this.#symbol);
    this.#length = grown(new Uint8Array(length), this.#length);
    this.#suffix = grown(new Int32Array(length), this.#suffix);
    this.#count = grown(new Uint32Array(length), this.#count);
    this.#total = grown(new Uint32Array(length), this.#total);
    this.#ones = grown(new Uint32Array(length), this.#ones);
    this.#twos = grown(new Uint32Array(length), this.#twos);
    this.#more = grown(new Uint32Array(length), this.#more);
  }
}

function hash(parent: number, symbol: number): number {
  const h = Math.imul(parent, 0x9e3779b1) ^ Math.imul(symbol + 1, 0x85ebca6b);
  return h ^ (h >>> 15);
}
