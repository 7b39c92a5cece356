// The `generators:` section of a recipe: which language models answer, by the names under which its strategies ask them.
import { z } from "zod";
import { CordonError } from "#models/errors";
import type { Price } from "./tokens.ts";
import { resolveVariables } from "./variables.ts";

const maxTokens = z.number().int().min(1).default(800);
const temperature = z.number().min(0).max(2).default(1);

const endpointSchema = z.strictObject({
  kind: z.literal("endpoint"),
  /** Ends where `/chat/completions` is put: `http://localhost:8000/v1`. */
  base_url: z.string(),
  /** The NAME of the environment variable that holds the key; absent where the endpoint asks for none. */
  key_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "takes the name of an environment variable, never the key itself")
    .optional(),
  model: z.string().min(1),
  temperature,
  max_tokens: maxTokens,
  /** Requests at one time. */
  concurrency: z.number().int().min(1).max(1024).default(4),
  /** Nothing comes for so long: the attempt is over. Node's fetch waits no longer than 300 s. */
  timeout_seconds: z.number().positive().max(300).default(120),
  attempts: z.number().int().min(1).max(100).default(6),
  /** Dollars per million tokens. */
  price: z.strictObject({ input: z.number().min(0), output: z.number().min(0) }).optional(),
  stream: z.boolean().default(true),
  /** Asks for a JSON object by `response_format`; left out by itself where the endpoint does not know it. */
  json_mode: z.boolean().default(true),
});

const localSchema = z.strictObject({
  kind: z.literal("local"),
  /** `owner/name` on a Hugging Face hub, with ONNX weights, or a folder. */
  model: z.string().min(1),
  /** Of the weights. */
  dtype: z.enum(["fp32", "fp16", "q8", "int8", "uint8", "q4", "q4f16", "bnb4"]).default("q8"),
  max_tokens: maxTokens,
  temperature,
});

export const generatorSchema = z.discriminatedUnion("kind", [endpointSchema, localSchema]);
/** By name. */
export const generatorsSchema = z.record(z.string().regex(/^[\w-]+$/), generatorSchema);

export type GeneratorConfig = z.infer<typeof generatorSchema>;
export type EndpointConfig = z.infer<typeof endpointSchema>;
export type LocalConfig = z.infer<typeof localSchema>;
export type Generators = z.infer<typeof generatorsSchema>;

/**
 * The section with its variables replaced and its addresses checked: what is hashed and run.
 * @param where the recipe's file, for messages
 * @throws CordonError usage/bad-option
 */
export function resolveGenerators(generators: Generators, where: string, env: NodeJS.ProcessEnv = process.env): Generators {
  const resolved = resolveVariables({ generators }, where, env).generators;
  for (const [name, config] of Object.entries(resolved)) {
    if (config.kind === "endpoint") checkAddress(config.base_url, `generators.${name}.base_url`, where);
  }
  return resolved;
}

function checkAddress(address: string, field: string, where: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CordonError("usage/bad-option", `${field} is not a web address`, { where, hint: "such as http://localhost:8000/v1" });
  }
  // The address goes into hashes and manifests, where nothing secret may stand. Azure's version is none.
  const keys = [...url.searchParams.keys()].filter((key) => key !== "api-version");
  if (url.username !== "" || url.password !== "" || keys.length > 0) {
    throw new CordonError("usage/bad-option", `${field} may hold no password and no parameters`, {
      where,
      hint: "name the key's variable in key_env",
    });
  }
}

/** What a generator's tokens cost; a local model's nothing; undefined where the recipe does not say. */
export function priceOf(config: GeneratorConfig): Price | undefined {
  return config.kind === "local" ? { input: 0, output: 0 } : config.price;
}
