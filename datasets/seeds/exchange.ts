// Rows of sets that hold replies. The label is the reply's, so the reply is the text: with the request in it, a refusal would
// teach that harmful requests are harmless. `turns` hold both, and two replies to one request are a pair whose sides fall into
// the same split.
import { exchange } from "#datasets/conversation";
import { type Example, exampleSchema } from "#datasets/example";
import { mapLabels } from "#datasets/sources/map-labels";

export interface Exchange {
  id: string;
  prompt: string;
  reply: string;
  /** Of the reply to the prompt. */
  label: 0 | 1;
  /** The source's names of its harms. */
  labels: readonly string[];
  /** Shared by the replies to one prompt; its splits are drawn by it. */
  pair?: string;
  /** Whose label map applies. */
  source: string;
  license: string | undefined;
}

export function exchangeExample({ id, prompt, reply, label, labels, pair, source, license }: Exchange): Example {
  return exampleSchema.parse({
    id,
    text: reply,
    source,
    turns: exchange(prompt, reply),
    ...(pair !== undefined && { pair, lineage: { seedIds: [pair] } }),
    ...(license !== undefined && { license }),
    ...mapLabels(source, { label, labels }),
  });
}
