// Sealed records, one a line: base64 of key id (8) · nonce (12) · AES-256-GCM ciphertext · tag (16). Lines can be
// appended and read one by one, as a cache needs; that a line is missing, double or in another place does not show.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { KEY_ID_BYTES, type SealKey, derivedKey } from "./key.ts";
import { damaged, refuseOtherKey } from "./sealed-stream.ts";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface RecordCodec {
  /** A line, without its end, for a text. */
  encode(text: string): string;
  /** @param where `file:line`, for errors @throws CordonError seal/wrong-key, seal/damaged */
  decode(line: string, where?: string): string;
}

/** Random nonces of 96 bits: one master key is good for some billions of records. */
export function recordCodec(key: SealKey): RecordCodec {
  const recordKey = derivedKey(key, Buffer.alloc(0), "record");
  return {
    encode(text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", recordKey, nonce).setAAD(key.id);
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([key.id, nonce, body, cipher.getAuthTag()]).toString("base64");
    },
    decode(line, where = "a sealed record") {
      const bytes = Buffer.from(line, "base64");
      if (bytes.length < KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES) throw damaged(where, "it is cut short");
      // Node passes over what is not base64.
      if (bytes.toString("base64") !== line) throw damaged(where, "it is no base64");
      const id = bytes.subarray(0, KEY_ID_BYTES);
      refuseOtherKey(id, key, where);
      const decipher = createDecipheriv("aes-256-gcm", recordKey, bytes.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES)).setAAD(id);
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        const body = decipher.update(bytes.subarray(KEY_ID_BYTES + NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([body, decipher.final()]).toString("utf8");
      } catch {
        throw damaged(where, "it is changed");
      }
    },
  };
}
