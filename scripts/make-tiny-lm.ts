// Writes datasets/generators/fixtures/tiny-lm/, a language model of a few kilobytes in the files of a Hugging Face model, on which
// the tests run @huggingface/transformers for real. It is a chain: which word may follow depends on the last one alone, so the
// weights are a table of V × V logits. Whatever it is asked it writes {"text":"…"} with a sentence or more about a village.
//   node scripts/make-tiny-lm.ts
import { fileURLToPath } from "node:url";
import { writeFileAtomically } from "#datasets/files/write-file";
import { GraphBuilder } from "#models/onnx/graph";

const SPECIAL = ["<unk>", "<eos>", "<system>", "<user>", "<assistant>"];
const OPEN = '{"text":"';
const CLOSE = '"}';
/** Each word is followed by one of the next list; after the last list comes a conjunction or the end. */
const CHAIN = [
  "The farmer,A child,The postman,My aunt,The miller,A traveller,The doctor,Our neighbour".split(","),
  "carried,mended,painted,counted,sold,lost,found,washed".split(","),
  "two lanterns,a ladder,the old boat,some apples,a red coat,the bell,three chairs,the letters".split(","),
  "by the river,in the barn,at the market,behind the church,on the hill,under the bridge,near the mill,in the rain".split(","),
];
const JOIN = ["and then", "because"];
const LIKELY = 4;
const NEVER = -30;

const vocabulary = [...SPECIAL, OPEN, CLOSE, ...CHAIN.flat(), ...JOIN];
const id = (token: string) => vocabulary.indexOf(token);
const size = vocabulary.length;

const logits = new Float32Array(size * size).fill(NEVER);
const follow = (from: string, to: readonly string[], logit = LIKELY) => {
  for (const token of to) logits[id(from) * size + id(token)] = logit;
};
for (const token of ["<assistant>", "<unk>"]) follow(token, [OPEN]);
follow(OPEN, CHAIN[0]!);
for (const [i, words] of CHAIN.entries()) {
  for (const word of words) {
    const next = CHAIN[i + 1];
    if (next !== undefined) follow(word, next);
    else {
      follow(word, JOIN);
      follow(word, [CLOSE], LIKELY + 1);
    }
  }
}
for (const word of JOIN) follow(word, CHAIN[0]!);
follow(CLOSE, ["<eos>"]);

const g = new GraphBuilder();
g.op("Gather", [g.tensor("table", logits, [size, size]), "input_ids"], { axis: { int: 0 } }, { output: "logits" });
const model = g.build(
  [{ name: "input_ids", type: "int64", shape: ["batch_size", "sequence_length"] }],
  [{ name: "logits", type: "float", shape: ["batch_size", "sequence_length", size] }],
  { name: "tiny-lm", producerVersion: "1", doc: "A chain of words, for tests.", opsets: { "": 20 }, metadata: {} },
);

const tokenizer = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: SPECIAL.map((content, i) => ({
    id: i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: null,
  decoder: null,
  model: { type: "WordLevel", vocab: Object.fromEntries(vocabulary.map((token, i) => [token, i])), unk_token: "<unk>" },
};
const config = {
  architectures: ["GPT2LMHeadModel"],
  model_type: "gpt2",
  vocab_size: size,
  n_embd: 1,
  n_head: 1,
  n_layer: 0,
  max_position_embeddings: 256,
  eos_token_id: id("<eos>"),
};
const files: Record<string, unknown> = {
  "config.json": config,
  "generation_config.json": { eos_token_id: id("<eos>") },
  "tokenizer.json": tokenizer,
  "tokenizer_config.json": {
    tokenizer_class: "PreTrainedTokenizerFast",
    unk_token: "<unk>",
    eos_token: "<eos>",
    model_max_length: 256,
    chat_template:
      "{% for message in messages %}<{{ message.role }}> {{ message.content }} {% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
  },
};

const folder = fileURLToPath(new URL("../datasets/generators/fixtures/tiny-lm/", import.meta.url));
await writeFileAtomically(`${folder}onnx/model.onnx`, model);
for (const [name, content] of Object.entries(files)) await writeFileAtomically(`${folder}${name}`, `${JSON.stringify(content)}\n`);
process.stdout.write(`${size} words, ${model.length} bytes of weights\n`);
