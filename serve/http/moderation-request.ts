// Reads the body of POST /v1/moderations: OpenAI's shape (openai-node 6, resources/moderations). Written by hand, since
// a schema's error would quote the value, and because the error must name the field.
import { WireError } from "./errors.ts";

export interface ModerationRequest {
  /** One text a result. */
  texts: string[];
}

/** What joins the text parts of a content-part array, which gets one result. */
const PART_SEPARATOR = "\n";

/**
 * @param body the parsed JSON
 * @param maxInputs most entries that `input` may have
 * @throws WireError (400), which names the field and never its value
 */
export function readModerationRequest(body: unknown, maxInputs: number): ModerationRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new WireError("invalid_type", { message: `The body must be a JSON object, got ${kindOf(body)}.` });
  }
  const { input, model } = body as { input?: unknown; model?: unknown };
  // Clients send OpenAI's model names; whichever it is, the answer names the model that scored.
  if (model !== undefined && model !== null && typeof model !== "string") {
    throw new WireError("invalid_type", { message: `\`model\` must be a string, got ${kindOf(model)}.`, param: "model" });
  }
  if (typeof input === "string") return { texts: [input] };
  if (input === undefined || input === null) throw new WireError("missing_input", { param: "input" });
  if (!Array.isArray(input)) {
    throw new WireError("invalid_type", {
      message: `\`input\` must be a string, an array of strings or an array of content parts, got ${kindOf(input)}.`,
      param: "input",
    });
  }
  if (input.length === 0) throw new WireError("empty_input", { message: "`input` is an empty array.", param: "input" });
  if (input.length > maxInputs) {
    throw new WireError("too_many_inputs", {
      message: `\`input\` has ${input.length} entries; this server takes ${maxInputs} a request.`,
      param: "input",
    });
  }
  return typeof input[0] === "object" && input[0] !== null ? { texts: [joinParts(input)] } : { texts: strings(input) };
}

function strings(input: unknown[]): string[] {
  for (let i = 0; i < input.length; i++) {
    if (typeof input[i] !== "string") {
      throw new WireError("invalid_type", { message: `\`input[${i}]\` must be a string, got ${kindOf(input[i])}.`, param: `input[${i}]` });
    }
  }
  return input as string[];
}

/**
 * The parts form one message, so they are scored as one text. A part that cannot be scored refuses the whole request: a
 * result that silently left it out would call it safe.
 */
function joinParts(parts: unknown[]): string {
  const texts = parts.map((part, i) => {
    const param = `input[${i}]`;
    if (typeof part !== "object" || part === null || Array.isArray(part)) {
      throw new WireError("invalid_type", { message: `\`${param}\` must be a content part, got ${kindOf(part)}.`, param });
    }
    const { type, text } = part as { type?: unknown; text?: unknown };
    if (type === "image_url") throw new WireError("image_not_supported", { param });
    if (type !== "text") {
      throw new WireError("invalid_type", { message: `\`${param}.type\` must be "text".`, param: `${param}.type` });
    }
    if (typeof text !== "string") {
      throw new WireError("invalid_type", { message: `\`${param}.text\` must be a string, got ${kindOf(text)}.`, param: `${param}.text` });
    }
    return text;
  });
  return texts.join(PART_SEPARATOR);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
