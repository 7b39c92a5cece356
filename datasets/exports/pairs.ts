// Two replies to one prompt, found in the stream of rows by what they share.
import type { Example, Turn } from "#datasets/example";
import type { ExportContext, Tally } from "./format.ts";

export interface Reply {
  row: Example;
  text: string;
}

export interface ReplyPair {
  /** The name that both rows share. */
  id: string;
  /** The turns up to the reply; the last is the user's. */
  prompt: Turn[];
  replies: [Reply, Reply];
}

/** Memory: the rows that still wait for their other side. */
export async function* replyPairs(rows: AsyncIterable<Example>, tally: Tally): AsyncGenerator<ReplyPair> {
  const waiting = new Map<string, Example>();
  for await (const row of rows) {
    if (row.pair === undefined || row.turns?.at(-1)?.role !== "assistant" || row.turns.at(-2)?.role !== "user") {
      tally.leaveOut("no reply that is one side of a pair");
      continue;
    }
    const other = waiting.get(row.pair);
    if (other === undefined) {
      waiting.set(row.pair, row);
      continue;
    }
    waiting.delete(row.pair);
    const prompt = row.turns.slice(0, -1);
    if (JSON.stringify(other.turns!.slice(0, -1)) === JSON.stringify(prompt)) {
      yield { id: row.pair, prompt, replies: [replyOf(other), replyOf(row)] };
    } else tally.leaveOut("a pair whose sides answer different prompts", 2);
  }
  if (waiting.size > 0) tally.leaveOut("one side of a pair without the other", waiting.size);
}

/** What the strategy that wrote a reply said of it, beside its label: `chosen` or `rejected` of its pair. */
export function preferenceOf(row: Example): unknown {
  return row.lineage?.ops.findLast((op) => op.params?.["preference"] !== undefined)?.params?.["preference"];
}

/** Whether the judge, where there is one, finds the harmful reply the more harmful; where it does not, both are counted. */
export function judgeAgrees(safe: Reply, harmful: Reply, { tally, judge }: Pick<ExportContext, "tally" | "judge">): boolean {
  // A score that is not a number agrees with nothing.
  if (judge === undefined || judge(harmful.text) > judge(safe.text)) return true;
  tally.leaveOut("a pair whose harmful reply the judge does not find the more harmful", 2);
  return false;
}

/** Pairs of one safe and one harmful reply to a prompt, on which the judge agrees. */
export async function* safeAndHarmful(
  rows: AsyncIterable<Example>,
  context: Pick<ExportContext, "tally" | "judge">,
): AsyncGenerator<{ id: string; prompt: Turn[]; safe: Reply; harmful: Reply }> {
  for await (const { id, prompt, replies } of replyPairs(rows, context.tally)) {
    const safe = replies.find(({ row }) => row.label === 0);
    const harmful = replies.find(({ row }) => row.label === 1);
    if (safe === undefined || harmful === undefined) context.tally.leaveOut("a pair whose sides have the same label", 2);
    else if (judgeAgrees(safe, harmful, context)) yield { id, prompt, safe, harmful };
  }
}

/** The one request of a pair's prompt; undefined, and counted, where more turns came before. */
export function singleRequest(prompt: readonly Turn[], tally: Tally): string | undefined {
  if (prompt.length === 1) return prompt[0]!.content;
  tally.leaveOut("a pair after several turns, where the format takes one request", 2);
  return undefined;
}

function replyOf(row: Example): Reply {
  return { row, text: row.turns!.at(-1)!.content };
}
