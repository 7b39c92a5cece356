// A language model on this machine through @huggingface/transformers, an optional peer dependency that is loaded at the first
// question. Weights are ONNX, from a folder or a Hugging Face hub (HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN), kept under
// CORDON_CACHE/models. One reply at a time: the runtime blocks the event loop while a token is computed.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { PreTrainedModel, PreTrainedTokenizer, Tensor } from "@huggingface/transformers";
import { cacheFolder } from "#datasets/files/cache-folder";
import { TransferError } from "#datasets/http/retry";
import { hubSettings } from "#datasets/seeds/hub-request";
import { CordonError } from "#models/errors";
import type { LocalConfig } from "./config.ts";
import { type Completion, type GenerationRequest, type TextGenerator, UnusableRequest } from "./generator.ts";
import { Limiter } from "./limiter.ts";

type Library = typeof import("@huggingface/transformers");

interface Loaded {
  library: Library;
  tokenizer: PreTrainedTokenizer;
  model: PreTrainedModel;
  /** Most tokens of prompt and reply together. */
  context: number;
}

/** The library has one set of settings and one source of random numbers for all its models. */
const RUNTIME = new Limiter(1);

export class LocalModel implements TextGenerator {
  readonly name: string;
  readonly model: string;
  readonly #dtype: LocalConfig["dtype"];
  readonly #env: NodeJS.ProcessEnv;
  #loaded: Promise<Loaded> | undefined;

  constructor(name: string, config: LocalConfig, env: NodeJS.ProcessEnv = process.env) {
    this.name = name;
    this.model = config.model;
    this.#dtype = config.dtype;
    this.#env = env;
  }

  async complete(request: GenerationRequest, signal: AbortSignal): Promise<Completion> {
    return await RUNTIME.run(async () => {
      signal.throwIfAborted();
      this.#loaded ??= this.#load();
      return await this.#generate(await this.#loaded, request, signal);
    });
  }

  async #generate(loaded: Loaded, request: GenerationRequest, signal: AbortSignal): Promise<Completion> {
    const { library, tokenizer, model, context } = loaded;
    const messages = request.messages.map(({ role, content }) => ({ role, content }));
    const inputs = tokenizer.apply_chat_template(messages, { add_generation_prompt: true, return_dict: true }) as { input_ids: Tensor };
    const inputTokens = inputs.input_ids.dims.at(-1)!;
    if (inputTokens >= context) throw new UnusableRequest("the prompt is longer than the model's context");

    const limit = Math.min(request.maxTokens, context - inputTokens);
    const sampling = request.temperature > 0 ? { do_sample: true, temperature: request.temperature } : { do_sample: false };
    const stop = new library.InterruptableStoppingCriteria();
    const interrupt = () => stop.interrupt();
    signal.addEventListener("abort", interrupt);
    library.random.seed(request.sample);
    let output: Tensor;
    try {
      output = (await model.generate({ ...inputs, ...sampling, max_new_tokens: limit, stopping_criteria: stop } as never)) as Tensor;
    } catch (cause) {
      throw new TransferError("the model failed while it wrote", { cause });
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
    signal.throwIfAborted();
    const written = output.slice(null, [inputTokens, output.dims.at(-1)!]);
    const outputTokens = written.dims.at(-1)!;
    return {
      text: tokenizer.batch_decode(written, { skip_special_tokens: true })[0]!,
      finish: outputTokens < limit || this.#ends(loaded, written) ? "stop" : "length",
      inputTokens,
      outputTokens,
      estimated: false,
    };
  }

  /** Whether the last token is one that ends a reply. */
  #ends({ model }: Loaded, written: Tensor): boolean {
    const end = (model.generation_config as { eos_token_id?: number | number[] | null } | null)?.eos_token_id;
    const last = Number((written.data as BigInt64Array).at(-1));
    return Array.isArray(end) ? end.includes(last) : end === last;
  }

  async #load(): Promise<Loaded> {
    const library = await this.#library();
    const hub = hubSettings({}, this.#env);
    const { env } = library;
    env.logLevel = library.LogLevel.ERROR;
    env.remoteHost = hub.endpoint.href.endsWith("/") ? hub.endpoint.href : `${hub.endpoint.href}/`;
    env.allowRemoteModels = !hub.offline;
    env.cacheDir = cacheFolder("models", this.#env);
    // A name that is a folder here is that folder, whatever a hub may have under it.
    const source = existsSync(this.model) ? resolve(this.model) : this.model;
    let loaded: Omit<Loaded, "library" | "context">;
    try {
      const tokenizer = await library.AutoTokenizer.from_pretrained(source);
      loaded = { tokenizer, model: await library.AutoModelForCausalLM.from_pretrained(source, { dtype: this.#dtype }) };
    } catch (cause) {
      const hint = hub.offline
        ? "HF_HUB_OFFLINE is set: unset it once to download, or name a folder"
        : "it takes owner/name of a hub, or a folder, with config.json, tokenizer.json and ONNX weights of this dtype in onnx/";
      throw this.#failed(`the model cannot be loaded as ${this.#dtype}`, hint, cause);
    }
    if (!loaded.tokenizer.chat_template) {
      throw this.#failed("the model has no chat template", "take one that was trained to follow instructions (…-Instruct)");
    }
    const { max_position_embeddings: positions } = loaded.model.config as { max_position_embeddings?: number };
    return { library, ...loaded, context: positions ?? Infinity };
  }

  async #library(): Promise<Library> {
    try {
      return await import("@huggingface/transformers");
    } catch (cause) {
      const missing = /Cannot find package '@huggingface\/transformers'/.test(String(cause));
      const what = missing ? "@huggingface/transformers is not installed" : "@huggingface/transformers cannot be loaded";
      throw this.#failed(
        what,
        missing ? "npm install @huggingface/transformers" : "install it again: it needs sharp and onnxruntime-node for this machine",
        cause,
      );
    }
  }

  #failed(what: string, hint: string, cause?: unknown): CordonError {
    return new CordonError("generate/local-model", `generator ${this.name}: ${what}`, { where: this.model, hint, cause });
  }
}
