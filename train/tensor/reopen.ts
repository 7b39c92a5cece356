// A back end that ran out of memory or lost its device, and a new one in its place. Tensors of the old one are gone: dispose of
// what is held before or after, and make it anew.
import { type Backend, type BackendName, closeBackend, openBackend } from "./backend.ts";
import { tf } from "./tf.ts";

/** Opens the back end `name` anew, whatever state it is in. */
export async function reopenBackend(name: BackendName): Promise<Backend> {
  const dead = tf.backend() as unknown as { dispose: () => void; disposeData: () => boolean };
  // A dead one answers each of these with one more error, and tensors that are disposed of later still ask it.
  dead.dispose = () => {};
  dead.disposeData = () => true;
  closeBackend();
  return openBackend(name);
}
