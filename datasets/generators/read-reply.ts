// Reads the JSON object out of a model's reply, which may stand in a fence, between sentences or after a thought.

export type ReadReply = { state: "object"; value: unknown } | { state: "none" | "several" };

/** The one object of a reply; `several` where it is not clear which is meant. */
export function readReply(reply: string): ReadReply {
  // Reasoning models think aloud first, between marks that their chat template leaves in.
  const text = reply.replace(/^\s*<think(?:ing)?>[\s\S]*?<\/think(?:ing)?>/i, "").trim();
  const whole = parsed(text);
  if (whole !== undefined) return { state: "object", value: whole };
  const found = objectsIn(text);
  return found.length === 1 ? { state: "object", value: found[0] } : { state: found.length === 0 ? "none" : "several" };
}

/** Every outermost `{…}` that is JSON. Each is found by counting braces outside of strings. */
function objectsIn(text: string): unknown[] {
  const found: unknown[] = [];
  for (let from = text.indexOf("{"); from !== -1; from = text.indexOf("{", from)) {
    const end = closing(text, from);
    // An object that does not close leaves nothing that could: the reply was cut.
    if (end === -1) break;
    const value = parsed(text.slice(from, end + 1));
    if (value !== undefined) found.push(value);
    from = value === undefined ? from + 1 : end + 1;
  }
  return found;
}

function closing(text: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{") depth++;
    else if (c === "}" && --depth === 0) return i;
  }
  return -1;
}

function parsed(text: string): object | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
