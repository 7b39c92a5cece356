// What a judge says of a row whose label it has not seen, and what the gates make of it.
import type { Example } from "#datasets/example";
import type { Failure } from "./gate.ts";

export type Judgement =
  | {
      state: "determined";
      label: 0 | 1;
      /** Share of the valid votes for harmful; absent where there was no vote. */
      labelDist?: number;
      /** For people: `2 of 3 votes say harmful`. */
      summary: string;
    }
  /** Never taken for either label. */
  | { state: "undetermined"; reason: string };

export interface Judge {
  judge(row: Example): Promise<Judgement>;
}

/** The gate that a judged row does not pass, or the row, with the votes. */
export function afterJudgement(row: Example, judgement: Judgement): Failure | { row: Example } {
  if (judgement.state === "undetermined") return { gate: "judge", reason: judgement.reason };
  if (judgement.label !== row.label) {
    return { gate: "consistency", reason: `${judgement.summary}, the label is ${row.label === 1 ? "harmful" : "harmless"}` };
  }
  return { row: judgement.labelDist === undefined ? row : { ...row, labelDist: judgement.labelDist } };
}
