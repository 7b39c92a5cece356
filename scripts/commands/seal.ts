// cordon seal: encrypts files at rest; makes the key.
//   cordon seal runs/examples/examples.jsonl --key-file seal.key --remove
import { type Command, Option } from "commander";
import { expandGlobs } from "#datasets/files/globs";
import { sealKey, writeNewKey } from "#datasets/sealing/key";
import { type SealedFile, sealFile } from "#datasets/sealing/seal-file";
import { CordonError } from "#models/errors";
import { printResult, table } from "#scripts/output";

interface SealFlags {
  keyFile?: string;
  newKey?: string;
  remove?: boolean;
  json?: boolean;
}

export const KEY_HELP = "file of the key, 32 bytes in hexadecimal or base64 (default: that of the environment)";

const HELP = `
AES-256-GCM in chunks: a wrong key, a flipped bit, a missing end or anything added is refused. With the key in the
environment, as CORDON_SEAL_KEY_FILE (a file) or CORDON_SEAL_KEY (the key itself), train, eval, inspect, trace and export read
sealed files as they are, and nothing plain is written.
--remove unlinks the plain file after the sealed one was opened again and compared; a disk may keep its blocks.
Who loses the key loses the data.

Examples:
  cordon seal --new-key ~/.config/cordon/seal.key
  CORDON_SEAL_KEY_FILE=~/.config/cordon/seal.key cordon seal runs/examples/examples.jsonl --remove
  cordon seal 'runs/*/examples.jsonl' --key-file seal.key --json`;

export function register(program: Command): void {
  program
    .command("seal")
    .description("Seal files at rest: each PATH becomes PATH.sealed.")
    .argument("[path...]", "files or globs")
    .option("--key-file <file>", KEY_HELP)
    .option("--remove", "remove the plain files once they are sealed")
    .addOption(
      new Option("--new-key <file>", "make a new key instead, readable by you alone; never over a file").conflicts(["keyFile", "remove"]),
    )
    .option("--json", "print JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (paths: string[], flags: SealFlags) => {
      if ((paths.length === 0) === (flags.newKey === undefined)) {
        throw new CordonError("usage/bad-option", "name either files to seal or --new-key", { hint: "see cordon seal --help" });
      }
      if (flags.newKey !== undefined) {
        const keyId = (await writeNewKey(flags.newKey)).id.toString("hex");
        printResult(flags, { keyFile: flags.newKey, keyId }, `key ${keyId} in ${flags.newKey}; keep a copy of it elsewhere`);
        return;
      }
      const key = sealKey({ keyFile: flags.keyFile });
      const files: SealedFile[] = [];
      for (const path of await expandGlobs(paths)) files.push(await sealFile(path, key, { remove: flags.remove ?? false }));
      const keyId = key.id.toString("hex");
      const rows = files.map((file) => [file.sealed, String(file.bytes), file.removed ? "removed" : "kept"]);
      printResult(flags, { keyId, files }, `${table(["sealed", "bytes", "plain file"], rows)}\n\nkey ${keyId}`);
    });
}
