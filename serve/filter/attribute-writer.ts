// Writes the attributes of a shard's rows, in the shard's order, one line a row (also for a row that failed, so that
// the two files stay in step). The format is Dolma's (https://github.com/allenai/dolma, docs/data-format.md):
// {"id","source","attributes":{"<experiment>__<tagger>__<type>":[[start,end,score]]}}, spans in code points.
import type { DocumentScore } from "#models/document-score";
import type { FieldSpan } from "#datasets/shards/row-scanner";
import type { ShardOutput } from "#datasets/shards/shard-output";
import { toBillionths, writeBillionths, writeInteger } from "./billionths.ts";

export interface AttributeNames {
  experiment: string;
  tagger: string;
  /** Labels to write, with each one's index in the scores. */
  labels: readonly { name: string; index: number }[];
  aggregate: "max" | "mean" | "topk";
}

const BLOCK = 1 << 16;
const encoder = new TextEncoder();
const OPEN = encoder.encode('{"id":');
const SOURCE = encoder.encode(',"source":');
const ATTRIBUTES = encoder.encode(',"attributes":{');
const CLOSE = encoder.encode("}}\n");
const QUOTE = 0x22;

export class AttributeWriter {
  readonly #output: ShardOutput;
  readonly #aggregate: AttributeNames["aggregate"];
  readonly #labels: { index: number; keys: { decision: Uint8Array; span: Uint8Array; mean: Uint8Array; topK: Uint8Array } }[];
  readonly #rowLimit: number;
  readonly #fallbackId: Uint8Array;
  readonly #buffer = new Uint8Array(BLOCK);
  #at = 0;

  /** `shard` names rows without an id: `<shard>:<line>`. */
  constructor(output: ShardOutput, names: AttributeNames, shard: string) {
    this.#output = output;
    this.#aggregate = names.aggregate;
    const prefix = `${names.experiment}__${names.tagger}__`;
    let limit = 0;
    this.#labels = names.labels.map(({ name, index }, order) => {
      const key = (type: string, first = false) => {
        const bytes = encoder.encode(`${first && order === 0 ? "" : ","}${JSON.stringify(prefix + name + type)}:[[`);
        limit += bytes.length + 64;
        return bytes;
      };
      return { index, keys: { decision: key("", true), span: key("_span"), mean: key("_mean"), topK: key("_topk") } };
    });
    this.#fallbackId = encoder.encode(JSON.stringify(shard).slice(0, -1));
    this.#rowLimit = limit + this.#fallbackId.length + 256;
    if (this.#rowLimit > BLOCK) throw new Error(`AttributeWriter: ${names.labels.length} labels do not fit a row buffer of ${BLOCK} bytes`);
  }

  /** A scored row. `id` and `source` are spans of `row`; line counts from 1. */
  scored(row: Uint8Array, id: FieldSpan, source: FieldSpan, line: number, score: DocumentScore): void {
    this.#begin(row, id, source, line);
    for (const { index, keys } of this.#labels) {
      const { codePoints } = score;
      const mean = toBillionths(score.mean[index]!);
      const topK = toBillionths(score.topK[index]!);
      const max = toBillionths(score.max[index]!);
      const decision = this.#aggregate === "max" ? max : this.#aggregate === "mean" ? mean : topK;
      this.#attribute(keys.decision, 0, codePoints, decision);
      this.#attribute(keys.span, score.start[index]!, score.end[index]!, max);
      this.#attribute(keys.mean, 0, codePoints, mean);
      this.#attribute(keys.topK, 0, codePoints, topK);
    }
    this.#put(CLOSE);
  }

  /** A row that has no score: no attributes, and why. */
  failed(row: Uint8Array, id: FieldSpan, source: FieldSpan, line: number, reason: string): void {
    this.#begin(row, id, source, line);
    this.#put(encoder.encode(`},"failed":${JSON.stringify(reason)}}\n`));
  }

  /** Hands what is left to the output, which the caller commits. */
  flush(): void {
    this.#output.append(this.#buffer, 0, this.#at);
    this.#at = 0;
  }

  #begin(row: Uint8Array, id: FieldSpan, source: FieldSpan, line: number): void {
    if (this.#at + this.#rowLimit > BLOCK) this.flush();
    this.#put(OPEN);
    if (id.start >= 0 && id.kind !== "other") this.#token(row, id);
    else {
      this.#put(this.#fallbackId);
      this.#buffer[this.#at++] = 0x3a;
      this.#at = writeInteger(this.#buffer, this.#at, line);
      this.#buffer[this.#at++] = QUOTE;
    }
    if (source.start >= 0 && source.kind === "string") {
      this.#put(SOURCE);
      this.#token(row, source);
    }
    this.#put(ATTRIBUTES);
  }

  #attribute(key: Uint8Array, start: number, end: number, billionths: number): void {
    this.#put(key);
    const buffer = this.#buffer;
    let at = writeInteger(buffer, this.#at, start);
    buffer[at++] = 0x2c;
    at = writeInteger(buffer, at, end);
    buffer[at++] = 0x2c;
    at = writeBillionths(buffer, at, billionths);
    buffer[at++] = 0x5d;
    buffer[at++] = 0x5d;
    this.#at = at;
  }

  /** Copies a JSON string as it stands; a number becomes a string, which is what Dolma's ids are. */
  #token(row: Uint8Array, span: FieldSpan): void {
    const quoted = span.kind === "number";
    if (quoted) this.#buffer[this.#at++] = QUOTE;
    if (this.#at + (span.end - span.start) + this.#rowLimit > BLOCK) {
      this.flush();
      this.#output.append(row, span.start, span.end);
    } else this.#copy(row, span.start, span.end);
    if (quoted) this.#buffer[this.#at++] = QUOTE;
  }

  #put(bytes: Uint8Array): void {
    this.#copy(bytes, 0, bytes.length);
  }

  /** Short runs: a loop is faster than set() with a view. */
  #copy(bytes: Uint8Array, start: number, end: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = start; i < end; i++) buffer[at++] = bytes[i]!;
    this.#at = at;
  }
}
