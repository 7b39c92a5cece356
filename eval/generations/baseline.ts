// What an inspection is held against: another inspection, made now or read from the JSON that `cordon inspect` printed
// for an earlier set. Only what is compared is read.
import { z } from "zod";
import { FIGURE_NAMES } from "#eval/diversity/diversity";
import { CordonError } from "#models/errors";
import type { InspectionSettings } from "./inspection.ts";

const label = z.union([z.literal(0), z.literal(1)]);
const interval = z.tuple([z.number(), z.number()]);
const measured = z.object({ value: z.number(), interval: interval.nullable() });

const baselineSchema = z.object({
  settings: z.object({ rows: z.number(), tokens: z.number(), duplicate_rows: z.number() }),
  cells: z.array(z.object({ label, topic: z.string().nullable(), figures: z.record(z.enum(FIGURE_NAMES), measured).nullable() })),
  near_duplicates: z.array(z.object({ label, near: z.number() })),
  terms: z.array(z.object({ identity: z.string(), log_odds: z.number(), interval })),
  model: z.object({ counterfactual: z.object({ relative: z.number(), relative_interval: interval }).nullable() }).nullable(),
});

/** Every Inspection is one. */
export type Baseline = z.infer<typeof baselineSchema>;

/** A baseline from the text of a file. @throws CordonError usage/bad-option where it is none, or was measured otherwise */
export function parseBaseline(text: string, where: string, settings: InspectionSettings): Baseline {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw notOne(where, cause);
  }
  const parsed = baselineSchema.safeParse(json);
  if (!parsed.success) throw notOne(where, parsed.error);
  for (const name of ["rows", "tokens", "duplicate_rows"] as const) {
    if (parsed.data.settings[name] === settings[name]) continue;
    throw new CordonError(
      "usage/bad-option",
      `the baseline was measured with ${name} ${parsed.data.settings[name]}, not ${settings[name]}`,
      {
        where,
        hint: "figures of other sizes cannot be compared: use the same, or measure the baseline again",
      },
    );
  }
  return parsed.data;
}

function notOne(where: string, cause: unknown): CordonError {
  return new CordonError("usage/bad-option", "not a baseline", { where, hint: "save what cordon inspect --json prints", cause });
}
