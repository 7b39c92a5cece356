// The key that seals data at rest: 32 bytes, from the environment or a file. It is never printed; its id is.
import { type KeyObject, createSecretKey, hkdfSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { CordonError } from "#models/errors";

export const KEY_VARIABLE = "CORDON_SEAL_KEY";
export const KEY_FILE_VARIABLE = "CORDON_SEAL_KEY_FILE";

const KEY_BYTES = 32;
export const KEY_ID_BYTES = 8;

/** A master key, from which every file's and every record's own key is derived. */
export interface SealKey {
  readonly secret: KeyObject;
  /** Tells keys apart, without saying anything of them. */
  readonly id: Buffer;
}

/**
 * The key of a command: that of `keyFile`, else of CORDON_SEAL_KEY, else of the file that CORDON_SEAL_KEY_FILE names.
 * @param forWhat the file that needs it, for the error
 * @throws CordonError seal/no-key where there is none, or it is not 32 bytes in hexadecimal or base64
 */
export function sealKey(options: { keyFile?: string | undefined; forWhat?: string } = {}): SealKey {
  const inline = process.env[KEY_VARIABLE];
  if (options.keyFile === undefined && inline) return parseKey(inline, KEY_VARIABLE);
  const file = options.keyFile ?? process.env[KEY_FILE_VARIABLE];
  if (file) return parseKey(readKeyFile(file), file);
  throw new CordonError("seal/no-key", "no key to seal or open with", {
    ...(options.forWhat !== undefined && { where: options.forWhat }),
    hint: `set ${KEY_FILE_VARIABLE} or ${KEY_VARIABLE}; cordon seal --new-key FILE makes a key`,
  });
}

/** @throws CordonError seal/no-key; the text of the key is not told */
export function parseKey(text: string, where: string): SealKey {
  const bytes = decoded(text.trim());
  if (bytes?.length === KEY_BYTES) return fromBytes(bytes);
  const what =
    bytes === undefined ? "the key is neither hexadecimal nor base64" : `the key has ${bytes.length} bytes instead of ${KEY_BYTES}`;
  throw new CordonError("seal/no-key", what, { where, hint: "cordon seal --new-key FILE makes a key" });
}

/** Writes a new key that its owner alone may read, in hexadecimal. @throws CordonError usage/output-exists */
export async function writeNewKey(path: string): Promise<SealKey> {
  const bytes = randomBytes(KEY_BYTES);
  const file = await open(path, "wx", 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause;
    throw new CordonError("usage/output-exists", "a key is never written over another file", { where: path, hint: "choose another name" });
  });
  try {
    await file.writeFile(`${bytes.toString("hex")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return fromBytes(bytes);
}

/** A key of 32 bytes for one use (HKDF-SHA256, RFC 5869). @param purpose keeps the uses of one master key apart */
export function derivedKey(key: SealKey, salt: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync("sha256", key.secret, salt, `cordon seal v1 ${purpose}`, KEY_BYTES));
}

function fromBytes(bytes: Buffer): SealKey {
  const secret = createSecretKey(bytes);
  return { secret, id: Buffer.from(hkdfSync("sha256", secret, "", "cordon seal v1 key id", KEY_ID_BYTES)) };
}

function decoded(text: string): Buffer | undefined {
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, "hex");
  const standard = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  const bytes = Buffer.from(standard, "base64");
  // Node passes over what is not base64; a key with a typing error would become another key.
  return bytes.toString("base64").replace(/=+$/, "") === standard && standard !== "" ? bytes : undefined;
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CordonError("seal/no-key", "the key file cannot be read", {
      where: path,
      hint: "cordon seal --new-key FILE makes one",
      cause,
    });
  }
}
