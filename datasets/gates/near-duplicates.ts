// Finds texts that resemble an earlier one of the same label, by locality-sensitive hashing of MinHash signatures in
// bands (Indyk and Motwani 1998; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3). What shares a
// band is compared by its whole signature. The twins of a pair are near-duplicates by intent: labels are kept apart.
//
// Memory: 256 bytes a text for its signature and 8 to 12 bytes a band: 0.46 to 0.56 kB a text at a threshold of 0.7,
// 0.40 to 0.46 kB at 0.8.
import { MinHasher, PERMUTATIONS, similarity } from "./minhash.ts";

/** Chance that two texts at the threshold itself share a band, at least. */
const RECALL = 0.97;
/** Texts of a bucket that are looked at: what fills more is boilerplate, and is found through another band. */
const LONGEST_CHAIN = 64;
const BLOCK = 4096;
const NONE = -1;

export interface Similar {
  row: number;
  /** Estimated Jaccard similarity of the sets of shingles, 0 to 1. */
  similarity: number;
}

export class NearDuplicates {
  readonly bands: number;
  readonly #threshold: number;
  readonly #bandRows: number;
  readonly #hasher: MinHasher;
  readonly #signature = new Uint16Array(PERMUTATIONS);
  /** (BLOCK, PERMUTATIONS) each; a text's number is its place in them. */
  readonly #signatures: Uint16Array[] = [];
  readonly #labels: Uint8Array[] = [];
  readonly #rows: Int32Array[] = [];
  /** (BLOCK, bands) each: the text before in the same bucket. */
  readonly #before: Int32Array[] = [];
  /** The last text of each bucket. */
  #heads = new Int32Array(1 << 12).fill(NONE);
  #size = 0;

  constructor({ threshold, words }: { threshold: number; words: number }) {
    this.#threshold = threshold;
    this.#bandRows = rowsOfBand(threshold);
    this.bands = Math.floor(PERMUTATIONS / this.#bandRows);
    this.#hasher = new MinHasher(words);
  }

  /** Texts held. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that its arrays take. */
  get bytes(): number {
    return this.#signatures.length * BLOCK * (PERMUTATIONS * 2 + 5 + this.bands * 4) + this.#heads.length * 4;
  }

  /** The row of the most similar text of the label, if any reaches the threshold; else takes this one in, as `row`. */
  add(text: string, label: 0 | 1, row: number): Similar | null {
    this.#hasher.signature(text, this.#signature);
    const found = this.#find(label);
    if (found === null) this.#insert(label, row);
    return found;
  }

  #find(label: 0 | 1): Similar | null {
    let best: Similar | null = null;
    for (let band = 0; band < this.bands; band++) {
      let other = this.#heads[this.#bucket(this.#signature, 0, band, label)]!;
      for (let steps = 0; other !== NONE && steps < LONGEST_CHAIN; steps++) {
        const [block, place] = [Math.floor(other / BLOCK), other % BLOCK];
        const signatures = this.#signatures[block]!;
        if (this.#labels[block]![place] === label && this.#sharesBand(signatures, place * PERMUTATIONS, band)) {
          const alike = similarity(this.#signature, 0, signatures, place * PERMUTATIONS);
          const row = this.#rows[block]![place]!;
          const better = best === null || alike > best.similarity || (alike === best.similarity && row < best.row);
          if (alike >= this.#threshold && better) best = { row, similarity: alike };
        }
        other = this.#before[block]![place * this.bands + band]!;
      }
    }
    return best;
  }

  #insert(label: 0 | 1, row: number): void {
    const [block, place] = [Math.floor(this.#size / BLOCK), this.#size % BLOCK];
    if (block === this.#signatures.length) {
      this.#signatures.push(new Uint16Array(BLOCK * PERMUTATIONS));
      this.#labels.push(new Uint8Array(BLOCK));
      this.#rows.push(new Int32Array(BLOCK));
      this.#before.push(new Int32Array(BLOCK * this.bands));
    }
    this.#signatures[block]!.set(this.#signature, place * PERMUTATIONS);
    this.#labels[block]![place] = label;
    this.#rows[block]![place] = row;
    this.#size++;
    if (this.#size * this.bands > this.#heads.length) this.#rebuild();
    else this.#link(this.#size - 1);
  }

  #link(number: number): void {
    const [block, place] = [Math.floor(number / BLOCK), number % BLOCK];
    const label = this.#labels[block]![place] as 0 | 1;
    for (let band = 0; band < this.bands; band++) {
      const bucket = this.#bucket(this.#signatures[block]!, place * PERMUTATIONS, band, label);
      this.#before[block]![place * this.bands + band] = this.#heads[bucket]!;
      this.#heads[bucket] = number;
    }
  }

  #rebuild(): void {
    this.#heads = new Int32Array(this.#heads.length * 2).fill(NONE);
    for (let number = 0; number < this.#size; number++) this.#link(number);
  }

  #bucket(signatures: Uint16Array, start: number, band: number, label: 0 | 1): number {
    let hash = band * 2 + label;
    for (let k = start + band * this.#bandRows, end = k + this.#bandRows; k < end; k++) {
      hash = Math.imul(hash ^ signatures[k]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash & (this.#heads.length - 1);
  }

  #sharesBand(signatures: Uint16Array, start: number, band: number): boolean {
    for (let k = band * this.#bandRows, end = k + this.#bandRows; k < end; k++)
      if (signatures[start + k] !== this.#signature[k]) return false;
    return true;
  }
}

/** The longest band (so the fewest chance meetings) by which texts at the threshold are still found. */
export function rowsOfBand(threshold: number): number {
  for (let rows = PERMUTATIONS; rows > 1; rows--) {
    const missed = (1 - threshold ** rows) ** Math.floor(PERMUTATIONS / rows);
    if (1 - missed >= RECALL) return rows;
  }
  return 1;
}
