// Traces a row to its seeds and ancestors, and a seed to its rows, over files of any size: each pass is a stream, and a
// row is parsed only where its line may hold what is sought.
import { z } from "zod";
import { strategyOf } from "#datasets/candidate";
import type { Example } from "#datasets/example";
import { parseObject } from "#datasets/files/json-lines";
import { readLines } from "#datasets/files/lines";
import { toExample } from "#datasets/files/read-examples";
import { sourceName } from "#datasets/sources/table";
import { compareText } from "#models/compare-text";
import { CordonError } from "#models/errors";
import type { TracedFile } from "./traced-files.ts";

/** A row of drops.jsonl, which has no text. */
const dropSchema = z.object({
  id: z.string(),
  gate: z.string(),
  reason: z.string(),
  of: z.string().optional(),
  topic: z.string().optional(),
  label: z.union([z.literal(0), z.literal(1)]).optional(),
  strategy: z.string().optional(),
  seedIds: z.array(z.string()).default([]),
});
type Drop = z.infer<typeof dropSchema>;

type Hit = { row: Example; drop?: never; gates: readonly string[] } | { row?: never; drop: Drop; gates: readonly string[] };

export type TracedRow =
  | ({ state: "kept"; strategy: string; passed: readonly string[] } & Omit<Example, "text" | "turns"> & { text?: string })
  | ({ state: "dropped"; passed: readonly string[] } & Drop)
  /** A parent that the data does not hold. */
  | { state: "absent"; id: string };

export interface RowTrace {
  kind: "row";
  id: string;
  /** The row, then its ancestors, each once. */
  rows: TracedRow[];
}

export interface SeedTrace {
  kind: "seed";
  id: string;
  kept: { id: string; label: 0 | 1; strategy: string; split?: string | undefined; text?: string }[];
  dropped: Drop[];
  /** Rows by strategy and label. */
  counts: { strategy: string; label: 0 | 1 | null; kept: number; dropped: number }[];
}

export type Trace = RowTrace | SeedTrace;

/**
 * @param id of a row or a seed, or the beginning of one that no other shares; a row's goes before a seed's
 * @param options.text also gives out the texts
 * @throws CordonError trace/unknown-id, usage/bad-option (a beginning that several share), and what reading throws
 */
export async function trace(id: string, files: readonly TracedFile[], options: { text: boolean }): Promise<Trace> {
  const target = await resolve(id, files);
  return target.kind === "row" ? await traceRow(target.id, files, options.text) : await traceSeed(target.id, files, options.text);
}

/** More would not be told apart by anyone. */
const MOST_MATCHES = 1000;

async function resolve(id: string, files: readonly TracedFile[]): Promise<{ kind: "row" | "seed"; id: string }> {
  const rows = new Set<string>();
  const seeds = new Set<string>();
  for await (const hit of hits(files, [id])) {
    const { own, seedIds } = namesOf(hit);
    if (own.startsWith(id)) rows.add(own);
    for (const seed of seedIds) if (seed.startsWith(id)) seeds.add(seed);
    if (own === id || rows.size + seeds.size > MOST_MATCHES) break;
  }
  if (rows.has(id)) return { kind: "row", id };
  if (seeds.has(id)) return { kind: "seed", id };
  const all = [
    ...[...rows].map((found) => ({ kind: "row" as const, id: found })),
    ...[...seeds].map((found) => ({ kind: "seed" as const, id: found })),
  ];
  if (all.length === 1) return all[0]!;
  if (all.length > 1) {
    const some = all.slice(0, 5).map((one) => `${one.kind} ${one.id}`);
    const count = all.length > MOST_MATCHES ? `more than ${MOST_MATCHES}` : String(all.length);
    throw new CordonError("usage/bad-option", `${count} ids begin with ${id}`, {
      hint: `give more of it: ${some.join(", ")}${all.length > 5 ? ", …" : ""}`,
    });
  }
  throw new CordonError("trace/unknown-id", `no row and no seed is, or begins with, ${id}`, {
    where: files.map((file) => file.path).join(", "),
    hint: "check the id and --data",
  });
}

async function traceRow(id: string, files: readonly TracedFile[], text: boolean): Promise<RowTrace> {
  const found = new Map<string, TracedRow>();
  // A generation of ancestors a pass.
  for (let wanted = new Set([id]); wanted.size > 0;) {
    const left = new Set(wanted);
    const parents = new Set<string>();
    for await (const hit of hits(files, [...wanted])) {
      const { own } = namesOf(hit);
      if (!left.delete(own)) continue;
      found.set(own, tracedRow(hit, text));
      for (const parent of hit.row?.lineage?.parents ?? []) parents.add(parent);
      if (left.size === 0) break;
    }
    for (const absent of left) found.set(absent, { state: "absent", id: absent });
    wanted = new Set([...parents].filter((parent) => !found.has(parent)));
  }
  return { kind: "row", id, rows: [...found.values()] };
}

async function traceSeed(id: string, files: readonly TracedFile[], text: boolean): Promise<SeedTrace> {
  const result: SeedTrace = { kind: "seed", id, kept: [], dropped: [], counts: [] };
  const cells = new Map<string, SeedTrace["counts"][number]>();
  const cellOf = (strategy: string, label: 0 | 1 | null) => {
    const key = `${strategy} ${label}`;
    if (!cells.has(key)) cells.set(key, { strategy, label, kept: 0, dropped: 0 });
    return cells.get(key)!;
  };
  for await (const hit of hits(files, [id])) {
    if (!namesOf(hit).seedIds.includes(id)) continue;
    if (hit.row !== undefined) {
      const { row } = hit;
      const strategy = strategyOf(row);
      result.kept.push({ id: row.id, label: row.label, strategy, ...(row.split && { split: row.split }), ...(text && { text: row.text }) });
      cellOf(strategy, row.label).kept++;
    } else {
      result.dropped.push(hit.drop);
      cellOf(hit.drop.strategy ?? "unknown", hit.drop.label ?? null).dropped++;
    }
  }
  result.counts = [...cells.values()].sort((a, b) => compareText(a.strategy, b.strategy) || (a.label ?? 2) - (b.label ?? 2));
  return result;
}

/** The rows and drops whose line may hold one of the ids; the caller looks where. */
async function* hits(files: readonly TracedFile[], ids: readonly string[]): AsyncGenerator<Hit> {
  const needles = ids.map((id) => JSON.stringify(id).slice(1, -1));
  for (const { path, kind, gates } of files) {
    const source = sourceName(path);
    for await (const { line, text } of readLines(path)) {
      // Another writer may have escaped what need not be.
      if (!text.includes("\\") && !needles.some((needle) => text.includes(needle))) continue;
      if (text.trim() === "") continue;
      const where = `${path}:${line}`;
      const object = parseObject(text, where);
      if (kind === "rows") yield { row: toExample(object, source, where), gates };
      else yield { drop: dropOf(object, where), gates };
    }
  }
}

function dropOf(object: Record<string, unknown>, where: string): Drop {
  const parsed = dropSchema.safeParse(object);
  if (parsed.success) return parsed.data;
  throw new CordonError("data/malformed-row", "not a row of drops.jsonl", { where });
}

function namesOf({ row, drop }: Hit): { own: string; seedIds: readonly string[] } {
  return row === undefined ? { own: drop.id, seedIds: drop.seedIds } : { own: row.id, seedIds: row.lineage?.seedIds ?? [] };
}

function tracedRow({ row, drop, gates }: Hit, text: boolean): TracedRow {
  if (row === undefined) {
    const at = gates.indexOf(drop.gate);
    return { state: "dropped", ...drop, passed: at < 0 ? [] : gates.slice(0, at) };
  }
  const { text: own, turns: _, ...rest } = row;
  const kept = { state: "kept" as const, strategy: strategyOf(row), passed: gates, ...rest };
  return text ? { ...kept, text: own } : { ...kept, ...(rest.lineage && { lineage: withoutTexts(rest.lineage) }) };
}

/** Parameters of an operation may be anything; numbers, and names of one word, are told. */
function withoutTexts(lineage: NonNullable<Example["lineage"]>): NonNullable<Example["lineage"]> {
  const isName = (value: unknown) =>
    typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && /^[\w./:-]{1,64}$/.test(value));
  const ops = lineage.ops.map((op) =>
    op.params === undefined ? op : { ...op, params: Object.fromEntries(Object.entries(op.params).filter(([, value]) => isName(value))) },
  );
  return { ...lineage, ops };
}
