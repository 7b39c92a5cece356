// `${NAME}` and `${NAME:-default}` in the texts of a recipe, from the environment: addresses and models differ from machine to
// machine. The hash of a recipe is taken after this, so that it says what was used. Keys of endpoints never come this way: a
// recipe names the variable that holds one (`key_env`), and the value stays out of recipes, hashes and manifests.
import { CordonError } from "#models/errors";

const VARIABLE = /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

/**
 * The value with every variable in its texts replaced, at any depth.
 * @param where the file, for messages
 * @throws CordonError usage/bad-option for a variable that is not set and has no default, and for `${` that opens none
 */
export function resolveVariables<T>(value: T, where: string, env: NodeJS.ProcessEnv = process.env): T {
  return resolved(value, "", where, env) as T;
}

function resolved(value: unknown, path: string, where: string, env: NodeJS.ProcessEnv): unknown {
  if (typeof value === "string") return inText(value, path, where, env);
  if (Array.isArray(value)) return value.map((item, i) => resolved(item, `${path}[${i}]`, where, env));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, resolved(item, path === "" ? key : `${path}.${key}`, where, env)]),
  );
}

function inText(text: string, path: string, where: string, env: NodeJS.ProcessEnv): string {
  if (text.replaceAll(VARIABLE, "").includes("${")) {
    throw new CordonError("usage/bad-option", `${path}: this is no variable`, { where, hint: "write ${NAME} or ${NAME:-default}" });
  }
  return text.replaceAll(VARIABLE, (_whole, name: string, fallback: string | undefined) => {
    // An empty variable counts as none, as in a shell's `:-`.
    const value = env[name] || fallback;
    if (value !== undefined) return value;
    throw new CordonError("usage/bad-option", `${path}: the environment variable ${name} is not set`, {
      where,
      hint: `set it, or write \${${name}:-default}`,
    });
  });
}
