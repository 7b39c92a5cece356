// Bounds that an evaluation must meet: `NAME.metric>=X` or `<=X` from the command line, or a JSON file
// {"NAME": {"metric": {"min": X, "max": X}}}. `metric` is a path into the set's evaluation, such as auroc,
// recall_at_fpr.0.01 or at_reference.recall; `auroc.low` and `auroc.high` are the ends of its interval. A metric that is
// undefined meets no bound.
import { z } from "zod";
import { CordonError } from "#models/errors";
import type { SetEvaluation } from "./evaluate.ts";

export interface Bound {
  set: string;
  metric: string;
  relation: ">=" | "<=";
  limit: number;
}

export interface GateResult extends Bound {
  value: number | null;
  met: boolean;
}

export const gateFileSchema = z.record(
  z.string(),
  z.record(z.string(), z.object({ min: z.number().optional(), max: z.number().optional() }).strict()),
);

/** Bounds of a parsed gate file. */
export function boundsOf(file: z.infer<typeof gateFileSchema>): Bound[] {
  return Object.entries(file).flatMap(([set, metrics]) =>
    Object.entries(metrics).flatMap(([metric, { min, max }]): Bound[] => [
      ...(min === undefined ? [] : [{ set, metric, relation: ">=" as const, limit: min }]),
      ...(max === undefined ? [] : [{ set, metric, relation: "<=" as const, limit: max }]),
    ]),
  );
}

/** Parses `NAME.metric>=X`. Names of sets may hold dots, so the sets evaluated are needed: the longest that fits wins. */
export function parseBound(text: string, sets: readonly string[]): Bound {
  const match = /^(.+?)(>=|<=)\s*([-+.\deE]+)$/.exec(text.replaceAll(" ", ""));
  const limit = Number(match?.[3]);
  if (!match || !Number.isFinite(limit)) {
    throw new CordonError("usage/bad-option", `not a bound: "${text}"`, { hint: "write NAME.metric>=X or NAME.metric<=X" });
  }
  const set = sets.filter((name) => match[1]!.startsWith(`${name}.`)).sort((a, b) => b.length - a.length)[0];
  if (set === undefined) {
    throw new CordonError("usage/bad-option", `no evaluated set is named in "${text}"`, { hint: `the sets are ${sets.join(", ")}` });
  }
  return { set, metric: match[1]!.slice(set.length + 1), relation: match[2] as Bound["relation"], limit };
}

/** Holds an evaluation to bounds. Throws CordonError usage/bad-option where a set or a metric does not exist. */
export function checkGate(sets: Record<string, SetEvaluation>, bounds: readonly Bound[]): GateResult[] {
  return bounds.map((bound) => {
    const set = sets[bound.set];
    if (!set) {
      throw new CordonError("usage/bad-option", `the gate names a set that was not evaluated: ${bound.set}`, {
        hint: `the sets are ${Object.keys(sets).join(", ")}`,
      });
    }
    const value = metricAt(set, bound.metric);
    if (value === undefined) {
      throw new CordonError("usage/bad-option", `the gate names an unknown metric: ${bound.metric}`, {
        hint: "use a path such as auroc, auroc.low, recall_at_fpr.0.01 or flagged",
      });
    }
    const met = value !== null && (bound.relation === ">=" ? value >= bound.limit : value <= bound.limit);
    return { ...bound, value, met };
  });
}

/** The number at a path of a set's evaluation; null where it is undefined on this set, undefined where no such path is. */
export function metricAt(set: SetEvaluation, path: string): number | null | undefined {
  const end = /^(.+)\.(low|high)$/.exec(path);
  if (end) {
    if (metricAt(set, end[1]!) === undefined) return undefined;
    return set.intervals[end[1]!]?.[end[2] === "low" ? 0 : 1] ?? null;
  }
  const [first, ...rest] = path.split(".");
  let value: unknown = (set as unknown as Record<string, unknown>)[first!];
  if (rest.length > 0) value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[rest.join(".")] : undefined;
  return typeof value === "number" || value === null ? value : undefined;
}
