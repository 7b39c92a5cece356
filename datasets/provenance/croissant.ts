// croissant.json: what a generated folder holds and where it comes from, as MLCommons Croissant 1.1 (JSON-LD, with PROV-O
// for provenance and the RAI vocabulary for its hazards). It has no dates but the revision's and no paths of one machine, so
// that the same folder gives the same bytes.
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { sha256File } from "#datasets/files/hash";
import { readExamples } from "#datasets/files/read-examples";
import { writeFileAtomically } from "#datasets/files/write-file";
import { isSealed, unsealedName } from "#datasets/sealing/sealed-name";
import { CordonError } from "#models/errors";
import { CROISSANT_CONTEXT } from "./croissant-context.ts";
import { RowSummary } from "./row-summary.ts";
import { recordSets } from "./record-sets.ts";

export const CROISSANT_FILE = "croissant.json";

const CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"];

/** Strategies differ in what they have. */
const name = z.string().optional().catch(undefined);

/** What is read of a generated folder's manifest. */
const manifestSchema = z.looseObject({
  recipe: z.looseObject({
    name: z.string(),
    description: z.string(),
    seed: z.number().int(),
    strategies: z.array(z.looseObject({ seeds: name, from: name, license: name })),
  }),
  recipeSha256: z.string(),
  seeds: z.record(z.string(), z.string()).default({}),
  cordonVersion: z.string(),
  gitRevision: z.string(),
  examplesSha256: z.string(),
});
type Manifest = z.infer<typeof manifestSchema>;

interface FileFacts {
  name: string;
  bytes: number;
  sha256: string;
}

/**
 * Writes croissant.json into a folder of `cordon generate`, from its manifest, its rows and its files.
 * @param date of publication, YYYY-MM-DD: that of the revision
 * @throws CordonError data/malformed-row (no such manifest), usage/missing-file, seal/*, and what reading rows throws
 */
export async function writeCroissant(folder: string, date: string): Promise<void> {
  const manifest = manifestSchema.safeParse(JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")));
  if (!manifest.success) throw new CordonError("data/malformed-row", "not a manifest of generated examples", { where: folder });
  const names = (await readdir(folder)).filter((name) => name !== CROISSANT_FILE && !name.endsWith(".tmp")).sort();
  const rowsFile = names.find((name) => name.startsWith("examples.jsonl"));
  if (rowsFile === undefined) throw new CordonError("usage/missing-file", "the folder holds no examples.jsonl", { where: folder });
  const files: FileFacts[] = [];
  for (const name of names) {
    const facts = await stat(join(folder, name));
    if (facts.isFile()) files.push({ name, bytes: facts.size, sha256: await sha256File(join(folder, name)) });
  }
  const summary = new RowSummary();
  for await (const row of readExamples(join(folder, rowsFile))) summary.add(row);
  const document = croissant(manifest.data, summary, files, rowsFile, date);
  await writeFileAtomically(join(folder, CROISSANT_FILE), `${JSON.stringify(document, null, 2)}\n`);
}

/** The document. @param rowsFile the one of `files` that holds the rows */
export function croissant(manifest: Manifest, summary: RowSummary, files: readonly FileFacts[], rowsFile: string, date: string): object {
  const { recipe } = manifest;
  return {
    "@context": CROISSANT_CONTEXT,
    "@type": "sc:Dataset",
    "@id": contentName(manifest.examplesSha256),
    conformsTo: CONFORMS_TO,
    name: recipe.name,
    description: recipe.description,
    // No page on the web: the name of the content itself (RFC 6920).
    url: contentName(manifest.examplesSha256),
    version: `1.0.0+${manifest.examplesSha256.slice(0, 12)}`,
    license: licenses(summary),
    creator: { "@type": "Organization", name: "Cordon" },
    datePublished: date,
    inLanguage: summary.languages,
    keywords: ["harmful content", "safety", "moderation", "classification", "synthetic"],
    isLiveDataset: false,
    usageInfo: {
      "@type": "CreativeWork",
      name: "Hazardous material",
      text: "Made to train and measure classifiers of harmful content. Keep harmful rows sealed or deleted, print no text, and pass them on only to people who need them for that.",
    },
    ...hazards(summary),
    ...provenance(manifest, summary),
    distribution: distribution(files, rowsFile, manifest.examplesSha256),
    recordSet: recordSets(unsealedName(rowsFile), summary.rows),
  };
}

function hazards({ rows, harmful, synthetic }: RowSummary): object {
  return {
    "rai:dataCollection": "Written by the operations named under prov:wasGeneratedBy, from the seeds named under prov:wasDerivedFrom.",
    "rai:dataCollectionType": ["Software"],
    "rai:dataUseCases": ["Training and measuring classifiers of harmful content."],
    "rai:dataLimitations": [
      `${synthetic} of ${rows} rows are synthetic: what a classifier scores on them says little of natural text.`,
      "Rows of child sexual exploitation are never written.",
    ],
    "rai:dataBiases":
      "Labels follow from what was asked for, or from votes where labelDist is given; identity terms may be more frequent under one label.",
    "rai:personalSensitiveInformation": [
      `${harmful} of ${rows} rows are harmful: hate, threats, sexual content, requests for crimes and the like, at the level of topic and intent.`,
      "No personal data of real people is collected; names in the texts are invented or those of public knowledge.",
    ],
    "rai:dataReleaseMaintenance": "None: the set is made again from its recipe.",
  };
}

function provenance(manifest: Manifest, summary: RowSummary): object {
  const { recipe, recipeSha256, cordonVersion, gitRevision } = manifest;
  const seeds = seedEntities(manifest);
  const cordon = {
    "@type": ["prov:SoftwareAgent", "SoftwareApplication"],
    "@id": "cordon",
    name: "Cordon",
    softwareVersion: `${cordonVersion} ${gitRevision}`,
  };
  const models = summary.models.map(({ model }) => ({
    "@type": ["prov:SoftwareAgent", "SoftwareApplication"],
    "@id": `model/${encodeURIComponent(model)}`,
    name: model,
  }));
  const prompts = summary.models.map(({ model, answers, promptsSha256 }) => ({
    "@type": "prov:Entity",
    "@id": `prompts/${encodeURIComponent(model)}`,
    name: `prompts to ${model}`,
    description: "SHA-256 over the prompts' hashes, in the order of the rows, each followed by a line end.",
    size: String(answers),
    sha256: promptsSha256,
  }));
  const recipeEntity = {
    "@type": ["prov:Entity", "prov:Plan"],
    "@id": "recipe",
    name: recipe.name,
    sha256: recipeSha256,
    description: `Random seed ${recipe.seed}${summary.randomSeeds.some((seed) => seed !== recipe.seed) ? `; rows name ${summary.randomSeeds.join(", ")}` : ""}.`,
  };
  return {
    "prov:wasDerivedFrom": seeds,
    "prov:wasAttributedTo": [cordon, ...models],
    "prov:wasGeneratedBy": {
      "@type": "prov:Activity",
      "@id": "generation",
      name: "cordon generate",
      "prov:used": [recipeEntity, ...seeds.map(({ "@id": id }) => ({ "@id": id })), ...prompts],
      "prov:wasAssociatedWith": [cordon, ...models].map(({ "@id": id }) => ({ "@id": id })),
      "prov:wasInformedBy": summary.operations.map(({ name, version, rows }) => ({
        "@type": "prov:Activity",
        "@id": `operation/${encodeURIComponent(name)}/${version}`,
        name,
        version: String(version),
        description: `${rows} rows`,
      })),
    },
  };
}

/** What the rows grew from: the seeds that the recipe or the command named, and Cordon's own constitution. */
function seedEntities(manifest: Manifest): { "@id": string }[] {
  const named = manifest.recipe.strategies.flatMap(({ seeds, from, license }) => {
    if (seeds === undefined) return [];
    const reference = manifest.seeds[seeds] ?? from;
    return [
      {
        "@type": "prov:Entity",
        "@id": `seeds/${encodeURIComponent(seeds)}`,
        name: seeds,
        ...(reference?.startsWith("hf:") && { identifier: reference }),
        ...(license !== undefined && { license: licenseUrl(license) }),
      },
    ];
  });
  const own = {
    "@type": "prov:Entity",
    "@id": "seeds/cordon",
    name: "Cordon's constitution, domains and grammar",
    version: manifest.gitRevision,
    license: licenseUrl("Apache-2.0"),
  };
  return [...new Map([...named, own].map((entity) => [entity["@id"], entity])).values()];
}

function distribution(files: readonly FileFacts[], rowsFile: string, examplesSha256: string): object[] {
  const objects: object[] = files.map(({ name, bytes, sha256 }) => ({
    "@type": "cr:FileObject",
    "@id": name,
    name,
    contentUrl: name,
    contentSize: `${bytes} B`,
    encodingFormat: encodingOf(name),
    sha256,
  }));
  if (!isSealed(rowsFile)) return objects;
  // The plain file stands inside the sealed one; the rows are described as they are once it is open.
  const plain = unsealedName(rowsFile);
  const inner = {
    "@type": "cr:FileObject",
    "@id": plain,
    name: plain,
    description: "Opened with the key: AES-256-GCM, docs/provenance.md of Cordon.",
    containedIn: { "@id": rowsFile },
    contentUrl: plain,
    encodingFormat: encodingOf(plain),
    ...(plain === "examples.jsonl" && { sha256: examplesSha256 }),
  };
  return [...objects, inner];
}

function encodingOf(name: string): string {
  if (isSealed(name)) return "application/octet-stream";
  if (name.endsWith(".gz")) return "application/gzip";
  if (name.endsWith(".zst")) return "application/zstd";
  return name.endsWith(".jsonl") ? "application/jsonlines" : name.endsWith(".json") ? "application/json" : "text/plain";
}

function licenses({ licenses: stated, unlicensed }: RowSummary): unknown {
  const all = [
    ...stated.map(licenseUrl),
    ...(unlicensed > 0 ? [{ "@type": "CreativeWork", name: `not stated for ${unlicensed} rows` }] : []),
  ];
  return all.length === 1 ? all[0] : all;
}

/** SPDX's page of a licence, where the name is one of its identifiers by its form; else the name. */
function licenseUrl(license: string): unknown {
  return /^[A-Za-z0-9][A-Za-z0-9.+-]*$/.test(license) ? `https://spdx.org/licenses/${license}` : { "@type": "CreativeWork", name: license };
}

/** `ni:///sha-256;…` */
function contentName(sha256: string): string {
  return `ni:///sha-256;${Buffer.from(sha256, "hex").toString("base64url")}`;
}
