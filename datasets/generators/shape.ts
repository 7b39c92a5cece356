// The shape of a reply, as a prompt shows it to a model: valid JSON, in which each text says what is to stand there.
// Derived from a sample of the reply, so that the prompt, the schema and the dry run speak of the same thing.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** A note for a field: what is to stand there ("a question"), or its choices, `harmful | harmless`. Lists share the note of their field. */
export type ShapeNotes = Record<string, string>;

const CHOICE = " | ";

/**
 * The shape on one line, such as `{"title":"3 words","text":"about 80 words","verdict":"harmful | harmless"}`.
 * @param notes by field name, at any depth; a field without one is described by the length of its sample
 */
export function shapeOf(sample: unknown, notes: ShapeNotes = {}): string {
  return JSON.stringify(described(sample as Json, notes, undefined));
}

function described(value: Json, notes: ShapeNotes, field: string | undefined): Json {
  if (Array.isArray(value)) return value.map((item) => described(item, notes, field));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, described(item, notes, key)]));
  }
  const note = field !== undefined && Object.hasOwn(notes, field) ? notes[field] : undefined;
  if (typeof value !== "string") return note ?? value;
  const words = value.split(/\s+/).filter(Boolean).length;
  const length = words < 2 ? "a word" : words < 8 ? `${words} words` : `about ${Math.round(words / 5) * 5} words`;
  if (note === undefined) return length;
  return note.includes(CHOICE) ? note : `${note}, ${length}`;
}

/** The choices of a field of a shape; undefined where it is free. */
export function choicesOf(description: string): string[] | undefined {
  return description.includes(CHOICE) ? description.split(CHOICE).map((choice) => choice.trim()) : undefined;
}

/** The words that a field of a shape asks for; 1 where it says nothing. */
export function wordsOf(description: string): number {
  return Number(/(\d+) words$/.exec(description)?.[1] ?? 1);
}

/** The last line of a prompt that is a JSON object: where `shapeOf` is rendered on a line of its own, the shape. */
export function findShape(prompt: string): Record<string, Json> | undefined {
  for (const line of prompt.split("\n").reverse()) {
    const text = line.trim();
    if (!text.startsWith("{") || !text.endsWith("}")) continue;
    try {
      return JSON.parse(text) as Record<string, Json>;
    } catch {
      continue;
    }
  }
  return undefined;
}
