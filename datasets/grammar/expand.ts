// Fills the {slots} of a template.
import type { Random } from "#models/random";
import type { Slots } from "./frames.ts";

const SLOT = /\{(\w+)\}/g;

/** A value for every slot that any of the templates names. A slot may hold slots of its own, one level deep. */
export function chooseSlots(templates: readonly string[], slots: Slots, random: Random): Record<string, string> {
  const chosen: Record<string, string> = {};
  const choose = (template: string) => {
    for (const [, name] of template.matchAll(SLOT)) {
      if (chosen[name!] !== undefined) continue;
      const values = slots[name!];
      if (values === undefined) throw new Error(`chooseSlots: requires values for every slot, got none for {${name}}`);
      chosen[name!] = random.pick(values);
      choose(chosen[name!]!);
    }
  };
  for (const template of templates) choose(template);
  return chosen;
}

/** The template with its slots filled; a slot without a value stays as it is. */
export function fill(template: string, values: Record<string, string>): string {
  const once = (text: string) => text.replace(SLOT, (slot, name: string) => values[name] ?? slot);
  return once(once(template));
}
