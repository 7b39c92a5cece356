// Examples as a sparse matrix of n-gram features: a row a window, tf-idf weighted. Kept in shared memory, so that
// worker threads fit several labels at once on one copy.
import { type NgramFeatures, BEFORE_FIRST, blockFeatures, maxFeatures } from "#models/ngram/features";
import { TokenStream } from "#models/text/token-stream";

export interface DesignMatrix {
  /** Windows. */
  rows: number;
  /** Distinct features in use; the columns of the matrix. */
  columns: number;
  /** (rows + 1) where each row begins in `features`. */
  offsets: Uint32Array;
  /** (nnz) column numbers; a feature that occurs twice in a window stands twice. */
  features: Int32Array;
  /** (rows) 1 / l2 norm of the tf-idf row. */
  inverseNorm: Float32Array;
  /** (rows) the example that a window comes from. */
  example: Int32Array;
  /** (rows) 1 / number of windows taken from its example, so that long texts do not outweigh short ones. */
  share: Float32Array;
  /** (columns) inverse document frequency: ln((1 + n) / (1 + df)) + 1, as scikit-learn's. */
  idf: Float32Array;
  /** (columns) the hash bucket of a column. */
  bucket: Int32Array;
}

/** Windows of an example that a fit sees at most, spread over the text. */
const MAX_WINDOWS = 6;

/**
 * Builds the matrix of the texts. Features in fewer than `minCount` windows of the texts marked `counted` are left out,
 * and document frequencies are taken on those texts alone.
 */
export function designMatrix(
  texts: readonly string[],
  counted: (index: number) => boolean,
  features: NgramFeatures,
  minCount: number,
): DesignMatrix {
  const raw = rawWindows(texts, features);
  const buckets = 2 ** features.bits;
  const frequency = new Int32Array(buckets);
  const seen = new Int32Array(buckets).fill(-1);
  let countedRows = 0;
  for (let row = 0; row < raw.rows; row++) {
    if (!counted(raw.example[row]!)) continue;
    countedRows++;
    for (let k = raw.offsets[row]!; k < raw.offsets[row + 1]!; k++) {
      const b = raw.features[k]!;
      if (seen[b] === row) continue;
      seen[b] = row;
      frequency[b]!++;
    }
  }
  // Columns by falling frequency: what is read often lies together.
  const kept: number[] = [];
  for (let b = 0; b < buckets; b++) if (frequency[b]! >= minCount) kept.push(b);
  kept.sort((a, b) => frequency[b]! - frequency[a]! || a - b);
  const column = new Int32Array(buckets).fill(-1);
  const bucket = shared(Int32Array, kept.length);
  const idf = shared(Float32Array, kept.length);
  kept.forEach((b, c) => {
    column[b] = c;
    bucket[c] = b;
    idf[c] = Math.log((1 + countedRows) / (1 + frequency[b]!)) + 1;
  });
  return { ...compact(raw, column, idf), columns: kept.length, idf, bucket };
}

interface RawWindows {
  rows: number;
  offsets: Uint32Array;
  features: Int32Array;
  example: Int32Array;
  share: Float32Array;
}

function compact(
  raw: RawWindows,
  column: Int32Array,
  idf: Float32Array,
): Pick<DesignMatrix, "rows" | "offsets" | "features" | "inverseNorm" | "example" | "share"> {
  const { rows } = raw;
  const offsets = shared(Uint32Array, rows + 1);
  const inverseNorm = shared(Float32Array, rows);
  const features = shared(Int32Array, raw.features.length);
  let nnz = 0;
  for (let row = 0; row < rows; row++) {
    let mass = 0;
    for (let k = raw.offsets[row]!; k < raw.offsets[row + 1]!; k++) {
      const c = column[raw.features[k]!]!;
      if (c < 0) continue;
      features[nnz++] = c;
      mass += idf[c]! * idf[c]!;
    }
    offsets[row + 1] = nnz;
    inverseNorm[row] = mass > 0 ? 1 / Math.sqrt(mass) : 0;
  }
  const example = shared(Int32Array, rows);
  const share = shared(Float32Array, rows);
  example.set(raw.example);
  share.set(raw.share);
  return { rows, offsets, features: features.subarray(0, nnz), inverseNorm, example, share };
}

/** Every text's windows as hash buckets: of a long text, MAX_WINDOWS spread evenly over it. */
function rawWindows(texts: readonly string[], features: NgramFeatures): RawWindows {
  const stream = new TokenStream();
  const encoder = new TextEncoder();
  const block = new Int32Array(maxFeatures(features));
  let buffer = new Int32Array(1 << 20);
  let used = 0;
  const offsets: number[] = [0];
  const example: number[] = [];
  const share: number[] = [];

  texts.forEach((text, index) => {
    const bytes = encoder.encode(text);
    const blocks: Int32Array[] = [];
    stream.open(bytes, 0, bytes.length);
    let previous = BEFORE_FIRST;
    while (stream.next() > 0) {
      blocks.push(block.slice(0, blockFeatures(features, stream, bytes, previous, block, 0)));
      previous = stream.hashes[stream.count - 1]!;
    }
    const windows = Math.max(1, blocks.length - 1);
    const taken = Math.min(windows, MAX_WINDOWS);
    for (let i = 0; i < taken; i++) {
      const first = taken === 1 ? 0 : Math.round((i * (windows - 1)) / (taken - 1));
      for (const part of blocks.slice(first, first + 2)) {
        if (used + part.length > buffer.length) {
          const grown = new Int32Array(buffer.length * 2);
          grown.set(buffer);
          buffer = grown;
        }
        buffer.set(part, used);
        used += part.length;
      }
      offsets.push(used);
      example.push(index);
      share.push(1 / taken);
    }
  });
  return {
    rows: example.length,
    offsets: Uint32Array.from(offsets),
    features: buffer.subarray(0, used),
    example: Int32Array.from(example),
    share: Float32Array.from(share),
  };
}

function shared<T>(type: { new (buffer: SharedArrayBuffer): T; BYTES_PER_ELEMENT: number }, length: number): T {
  return new type(new SharedArrayBuffer(length * type.BYTES_PER_ELEMENT));
}
