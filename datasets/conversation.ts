// Conversations: their turns, and what they read like as one text.
import type { Turn } from "./example.ts";

/** What a person says and an assistant replies. */
export function exchange(asked: string, replied: string): Turn[] {
  return [
    { role: "user", content: asked },
    { role: "assistant", content: replied },
  ];
}

const SPEAKERS = { system: "System", user: "User", assistant: "Assistant" } as const satisfies Record<Turn["role"], string>;

/** A conversation as one text. */
export function renderTurns(turns: readonly Turn[]): string {
  return turns.map(({ role, content }) => `${SPEAKERS[role]}: ${content}`).join("\n\n");
}
