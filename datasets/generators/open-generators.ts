// Makes the generators of a recipe ready to be asked.
import type { GeneratorConfig, Generators } from "./config.ts";
import type { TextGenerator } from "./generator.ts";
import type { Member } from "./live-asker.ts";
import { LocalModel } from "./local-model.ts";
import { OpenAiEndpoint } from "./openai-endpoint.ts";

/**
 * By name. Nothing is fetched or loaded before the first question.
 * @param generators resolved by `resolveGenerators`
 * @throws CordonError usage/bad-option for a key that is not set
 */
export function openGenerators(generators: Generators, env: NodeJS.ProcessEnv = process.env): Map<string, Member> {
  return new Map(Object.entries(generators).map(([name, config]) => [name, { config, generator: generatorOf(name, config, env) }]));
}

function generatorOf(name: string, config: GeneratorConfig, env: NodeJS.ProcessEnv): TextGenerator {
  switch (config.kind) {
    case "endpoint":
      return new OpenAiEndpoint(name, config, env);
    case "local":
      return new LocalModel(name, config, env);
  }
}
