// cordon unseal: writes sealed files in the clear again.
//   cordon unseal runs/examples/examples.jsonl.sealed --out clear
import type { Command } from "commander";
import { expandGlobs } from "#datasets/files/globs";
import { sealKey } from "#datasets/sealing/key";
import { unsealFile } from "#datasets/sealing/seal-file";
import { printResult, table } from "#scripts/output";
import { KEY_HELP } from "./seal.ts";

interface UnsealFlags {
  keyFile?: string;
  out: string;
  json?: boolean;
}

const HELP = `
Seldom needed: the verbs that read examples read sealed ones too. The files are readable by you alone and hold what was
sealed in the clear; remove them when you are done.

Examples:
  CORDON_SEAL_KEY_FILE=seal.key cordon unseal runs/examples/examples.jsonl.sealed --out clear
  cordon unseal 'runs/*/*.sealed' --key-file seal.key --out clear --json`;

export function register(program: Command): void {
  program
    .command("unseal")
    .description("Open sealed files: write them in the clear to a folder.")
    .argument("<path...>", "files or globs that end in .sealed")
    .option("--key-file <file>", KEY_HELP)
    .requiredOption("--out <dir>", "folder of the plain files; none there is replaced")
    .option("--json", "print JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (paths: string[], flags: UnsealFlags) => {
      const key = sealKey({ keyFile: flags.keyFile });
      const files = [];
      for (const path of await expandGlobs(paths)) files.push(await unsealFile(path, key, flags.out));
      const rows = files.map((file) => [file.plain, String(file.bytes)]);
      printResult(flags, { keyId: key.id.toString("hex"), files }, table(["in the clear", "bytes"], rows));
    });
}
