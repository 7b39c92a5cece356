// The columns of PKU-SafeRLHF (datasets/seeds/pku-saferlhf.ts), JSON lines. Its 19 harms by models/taxonomy-maps.ts; which
// reply is the better one Cordon does not know beyond which is the safer, and a severity not at all (null).
import type { CategoryId } from "#models/taxonomy";
import { PKU_CATEGORIES, type PkuCategory, toPku } from "#models/taxonomy-maps";
import type { ExportFormat } from "./format.ts";
import { type Reply, replyPairs, singleRequest } from "./pairs.ts";

export const PKU_SAFERLHF: ExportFormat = {
  name: "pku-saferlhf",
  describe: "PKU-SafeRLHF: two replies to a request, each safe or not, with 19 harm categories",
  extensions: [".jsonl"],
  harmful: "needed",
  async *write(rows, { tally }) {
    for await (const { prompt, replies } of replyPairs(rows, tally)) {
      const request = singleRequest(prompt, tally);
      if (request === undefined) continue;
      tally.wrote(2);
      const labels = replies.map(({ row }) => row.label);
      const safer = labels[0] === labels[1] ? null : labels.indexOf(0);
      const row = {
        prompt: request,
        ...Object.assign({}, ...replies.map(replyColumns)),
        better_response_id: safer,
        safer_response_id: safer,
      };
      yield `${JSON.stringify(row)}\n`;
    }
  },
};

function replyColumns({ row, text }: Reply, n: number): Record<string, unknown> {
  return {
    [`response_${n}`]: text,
    [`is_response_${n}_safe`]: row.label === 0,
    [`response_${n}_harm_category`]: harmsOf(row.categories),
    [`response_${n}_severity_level`]: null,
  };
}

function harmsOf(categories: readonly CategoryId[]): Record<PkuCategory, boolean> {
  const scores = toPku(Object.fromEntries(categories.map((category) => [category, 1])));
  return Object.fromEntries(PKU_CATEGORIES.map((name) => [name, scores[name] === 1])) as Record<PkuCategory, boolean>;
}
