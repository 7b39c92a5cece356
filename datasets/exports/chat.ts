// Formats for training a language model, as TRL and most trainers read them: `sft`, conversations as {messages}; `dpo`,
// preferences as {prompt, chosen, rejected}, each a list of messages (Rafailov et al. 2023, arXiv 2305.18290). Which reply is to be
// chosen, the strategy that wrote them says (a helpful reply over a refusal of a harmless request, say), else the labels.
import type { ExportFormat } from "./format.ts";
import { type Reply, judgeAgrees, preferenceOf, replyPairs } from "./pairs.ts";

export const SFT: ExportFormat = {
  name: "sft",
  describe: "conversations for fine-tuning: {id, messages}; rows whose last turn is the assistant's, and not one to reject",
  extensions: [".jsonl"],
  harmful: "optional",
  async *write(rows, { tally }) {
    for await (const row of rows) {
      if (row.turns?.at(-1)?.role !== "assistant") tally.leaveOut("no conversation that ends with a reply");
      else if (preferenceOf(row) === "rejected") tally.leaveOut("a reply that is to be rejected");
      else {
        tally.wrote();
        yield `${JSON.stringify({ id: row.id, messages: row.turns })}\n`;
      }
    }
  },
};

export const DPO: ExportFormat = {
  name: "dpo",
  describe: "preferences: {id, prompt, chosen, rejected}; pairs of replies to one prompt, of which one is to be chosen",
  extensions: [".jsonl"],
  harmful: "needed",
  async *write(rows, context) {
    const { tally } = context;
    for await (const { id, prompt, replies } of replyPairs(rows, tally)) {
      const [chosen, rejected] = ranked(replies);
      if (chosen === undefined || rejected === undefined) tally.leaveOut("a pair of which no side is to be chosen", 2);
      else if (chosen.row.label === rejected.row.label || judgeAgrees(chosen, rejected, context)) {
        tally.wrote(2);
        const message = ({ text }: Reply) => [{ role: "assistant", content: text }];
        yield `${JSON.stringify({ id, prompt, chosen: message(chosen), rejected: message(rejected) })}\n`;
      }
    }
  },
};

/** [chosen, rejected]. A harmful reply is never chosen over a safe one. */
function ranked(replies: readonly [Reply, Reply]): [Reply | undefined, Reply | undefined] {
  const [a, b] = replies;
  if (a.row.label !== b.row.label) return a.row.label === 0 ? [a, b] : [b, a];
  const by = (preference: string) => replies.find(({ row }) => preferenceOf(row) === preference);
  return a.row.label === 0 ? [by("chosen"), by("rejected")] : [undefined, undefined];
}
