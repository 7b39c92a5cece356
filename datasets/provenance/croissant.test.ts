import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import jsonld from "jsonld";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { sha256File } from "#datasets/files/hash";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { KEY_VARIABLE } from "#datasets/sealing/key";
import { CROISSANT_FILE, writeCroissant } from "./croissant.ts";

/** What Croissant 1.1 requires, written from its text: "Required", "FileObject", "RecordSet", "Field", "DataSource". */
const url = z.string().regex(/^[a-z][a-z0-9+.-]*:/);
const reference = z.strictObject({ "@id": z.string() });
const creative = z.union([url, z.looseObject({ "@type": z.literal("CreativeWork"), name: z.string() })]);
const oneOrMore = <T extends z.ZodType>(type: T) => z.union([type, z.array(type).min(1)]);
const field = z.looseObject({
  "@type": z.literal("cr:Field"),
  "@id": z.string(),
  name: z.string(),
  dataType: oneOrMore(z.string().regex(/^(sc|cr|wd):\w+$/)),
  source: z.object({ fileObject: reference, extract: z.object({ jsonPath: z.string().startsWith("$.") }) }).optional(),
});
const croissantSchema = z.looseObject({
  "@context": z.looseObject({
    "@vocab": z.literal("http://schema.org/"),
    cr: z.literal("http://mlcommons.org/croissant/"),
    conformsTo: z.literal("dct:conformsTo"),
  }),
  "@type": z.literal("sc:Dataset"),
  conformsTo: z.array(url).refine((all) => all.includes("http://mlcommons.org/croissant/1.1")),
  name: z.string().min(1),
  description: z.string().min(1),
  license: oneOrMore(creative),
  url,
  creator: z.object({ "@type": z.enum(["Organization", "Person"]), name: z.string() }),
  datePublished: z.iso.date(),
  version: z.string().regex(/^\d+\.\d+\.\d+(\+[0-9A-Za-z.-]+)?$/),
  distribution: z
    .array(
      z.looseObject({
        "@type": z.literal("cr:FileObject"),
        "@id": z.string(),
        name: z.string(),
        contentUrl: z.string(),
        encodingFormat: z.string().regex(/^\w+\/[\w.-]+$/),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
        contentSize: z
          .string()
          .regex(/^\d+ B$/)
          .optional(),
        containedIn: reference.optional(),
      }),
    )
    .min(1),
  recordSet: z
    .array(
      z.looseObject({
        "@type": z.literal("cr:RecordSet"),
        "@id": z.string(),
        key: reference,
        field: z.array(field).min(1),
        data: z.array(z.record(z.string(), z.unknown())).optional(),
      }),
    )
    .min(1),
});

const op = (name: string, more = {}) => ({ name, version: 1, seed: 1, ...more });
const PROMPTS = ["a", "b"].map((text) => createHash("sha256").update(text).digest("hex"));
const ROWS = [
  {
    id: "1",
    text: "SECRET one",
    label: 1,
    categories: ["cyber"],
    synthetic: true,
    license: "Apache-2.0",
    lineage: { seedIds: ["s"], ops: [op("grammar/act")] },
  },
  {
    id: "2",
    text: "SECRET two",
    label: 0,
    categories: [],
    synthetic: true,
    license: "Apache-2.0",
    lineage: { ops: [op("answers", { model: "org/m:7b", promptSha256: PROMPTS[0] })] },
  },
  {
    id: "3",
    text: "SECRET three",
    label: 0,
    categories: [],
    license: "see the site",
    lang: "de",
    lineage: { ops: [op("answers", { model: "org/m:7b", promptSha256: PROMPTS[1] })] },
  },
];
const MANIFEST = {
  format: 1,
  recipe: {
    name: "mine",
    description: "A set.",
    seed: 1,
    strategies: [{ kind: "benchmark", seeds: "mmlu", from: "hf:cais/mmlu/all:test", license: "MIT" }, { kind: "grammar" }],
  },
  recipeSha256: "ab".repeat(32),
  seeds: {},
  cordonVersion: "0.1.0",
  gitRevision: "cafe",
  examplesSha256: "",
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-croissant-"));
  const { sha256 } = await writeJsonl(join(folder, "examples.jsonl"), ROWS);
  await writeFile(join(folder, "manifest.json"), JSON.stringify({ ...MANIFEST, examplesSha256: sha256 }));
  await writeFile(join(folder, "drops.jsonl"), "");
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

async function described(): Promise<{ text: string; document: z.infer<typeof croissantSchema> }> {
  await writeCroissant(folder, "2026-01-29");
  const text = await readFile(join(folder, CROISSANT_FILE), "utf8");
  return { text, document: croissantSchema.parse(JSON.parse(text)) };
}

/** Every object of a JSON document. */
function* objects(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objects(inner);
}

describe("croissant.json", () => {
  it("has what Croissant 1.1 requires, and is the same bytes each time", async () => {
    const first = await described();
    expect((await described()).text).toBe(first.text);
    expect(first.text).not.toContain("SECRET");
    expect(first.text).not.toContain(folder);
    expect(first.document).toMatchObject({ name: "mine", datePublished: "2026-01-29", inLanguage: ["de", "en"] });
    expect(first.document.license).toEqual(["https://spdx.org/licenses/Apache-2.0", { "@type": "CreativeWork", name: "see the site" }]);
  });

  it("names every file with its size and hash", async () => {
    const { document } = await described();
    expect(document.distribution.map((file) => file.name)).toEqual(["drops.jsonl", "examples.jsonl", "manifest.json"]);
    for (const file of document.distribution) {
      expect(file.sha256).toBe(await sha256File(join(folder, file.name)));
      expect(file.contentSize).toBe(`${(await stat(join(folder, file.name))).size} B`);
    }
  });

  it("refers only to what it defines, each id defined once", async () => {
    const { document } = await described();
    const all = [...objects({ ...document, "@context": {} })].filter((one) => typeof one["@id"] === "string");
    const defined = all.filter((one) => Object.keys(one).length > 1).map((one) => one["@id"]);
    expect(new Set(defined).size).toBe(defined.length);
    for (const one of all) expect(defined).toContain(one["@id"]);
  });

  it("tells recipe, seeds with their licences, models, prompts and operations in PROV-O", async () => {
    const { document } = await described();
    const activity = document["prov:wasGeneratedBy"] as Record<string, Record<string, unknown>[]>;
    expect(document["prov:wasDerivedFrom"]).toMatchObject([
      { name: "mmlu", identifier: "hf:cais/mmlu/all:test", license: "https://spdx.org/licenses/MIT" },
      { "@id": "seeds/cordon", version: "cafe" },
    ]);
    expect(document["prov:wasAttributedTo"]).toMatchObject([{ name: "Cordon", softwareVersion: "0.1.0 cafe" }, { name: "org/m:7b" }]);
    expect(activity["prov:used"]).toMatchObject([
      { "@id": "recipe", sha256: "ab".repeat(32) },
      { "@id": "seeds/mmlu" },
      { "@id": "seeds/cordon" },
      { name: "prompts to org/m:7b", size: "2", sha256: createHash("sha256").update(`${PROMPTS[0]}\n${PROMPTS[1]}\n`).digest("hex") },
    ]);
    expect(activity["prov:wasInformedBy"]).toMatchObject([
      { name: "answers", description: "2 rows" },
      { name: "grammar/act", description: "1 rows" },
    ]);
  });

  it("is JSON-LD whose every key means something, without fetching anything", async () => {
    const { document } = await described();
    const documentLoader = () => {
      throw new Error("nothing is fetched");
    };
    // Safe mode refuses what expansion would drop.
    const options = { base: "https://example.org/set/", documentLoader, safe: true } as object;
    const [dataset] = (await jsonld.expand(document as object, options)) as Record<string, Record<string, unknown>[]>[];
    expect(dataset!["@type"]).toEqual(["http://schema.org/Dataset"]);
    expect(dataset!["http://purl.org/dc/terms/conformsTo"]).toContainEqual({
      "@value": "http://mlcommons.org/croissant/1.1",
      "@language": "en",
    });
    expect(dataset!["http://mlcommons.org/croissant/recordSet"]).toHaveLength(3);
    expect(dataset!["http://www.w3.org/ns/prov#wasGeneratedBy"]).toHaveLength(1);
    const label = dataset!["http://mlcommons.org/croissant/recordSet"]![0]!["http://mlcommons.org/croissant/field"] as Record<
      string,
      unknown
    >[];
    expect(label.find((one) => String(one["@id"]).endsWith("/label"))!["http://mlcommons.org/croissant/dataType"]).toEqual([
      { "@id": "http://schema.org/Integer" },
      { "@id": "http://mlcommons.org/croissant/Label" },
    ]);
    const quads = await jsonld.toRDF(document as object, { ...options, format: "application/n-quads" } as object);
    expect(quads).toContain("<http://www.w3.org/ns/prov#wasDerivedFrom>");
  });

  it("describes a sealed folder: the file as it lies, and the rows as they are once open", async () => {
    vi.stubEnv(KEY_VARIABLE, "44".repeat(32));
    const { examplesSha256 } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as { examplesSha256: string };
    await writeJsonl(join(folder, "examples.jsonl.sealed"), ROWS);
    await rm(join(folder, "examples.jsonl"));
    const { document } = await described();
    expect(document.distribution).toContainEqual(
      expect.objectContaining({ "@id": "examples.jsonl.sealed", encodingFormat: "application/octet-stream" }),
    );
    expect(document.distribution.at(-1)).toMatchObject({
      "@id": "examples.jsonl",
      containedIn: { "@id": "examples.jsonl.sealed" },
      sha256: examplesSha256,
    });
    expect(document.recordSet[0]!.field[0]!.source!.fileObject).toEqual({ "@id": "examples.jsonl" });
  });
});
