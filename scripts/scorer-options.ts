// The options by which verbs say how an encoder is run; n-grams have one way.
import { type Command, Option } from "commander";
import { PRECISIONS, type Precision, type Provider, PROVIDERS } from "#models/manifest";
import type { ScorerOptions } from "#models/scorer";
import { integerIn } from "#scripts/output";

export interface ScorerFlags {
  precision?: Precision;
  provider?: Provider;
  threads?: number;
}

/** @param threads what --threads is where it is not given, in words */
export function scorerFlags(threads: string): Option[] {
  return [
    new Option("--precision <kind>", "numbers in which an encoder is computed (default: the package's)").choices(PRECISIONS),
    new Option("--provider <name>", "what runs an encoder: the processor, or a GPU (default: cpu)").choices(PROVIDERS),
    new Option("--threads <n>", `threads of one run of an encoder (default: ${threads})`).argParser(integerIn(1, 1024)),
  ];
}

/** Adds the options to a command. */
export function addScorerOptions(command: Command, threads: string): Command {
  for (const option of scorerFlags(threads)) command.addOption(option);
  return command;
}

/** @param fallback threads of one run, where --threads does not say */
export function scorerOptions({ precision, provider, threads }: ScorerFlags, fallback?: number): ScorerOptions {
  const count = threads ?? fallback;
  return { ...(precision && { precision }), ...(provider && { provider }), ...(count !== undefined && { threads: count }) };
}
