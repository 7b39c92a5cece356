// The record sets of a generated folder in Croissant: its rows, field by field, and the enumerations they refer to.
import { SPLITS } from "#datasets/example";
import { CATEGORIES, CATEGORY_IDS } from "#models/taxonomy";

interface FieldOptions {
  description: string;
  dataType: string | readonly string[];
  isArray?: true;
  references?: string;
  /** A PROV-O property that the field states of each row. */
  equivalentProperty?: string;
}

const TEXT = "sc:Text";

const FIELDS: Readonly<Record<string, FieldOptions & { jsonPath?: string }>> = {
  id: { description: "Names the row.", dataType: TEXT },
  text: { description: "The text. Harmful ones are hazardous material.", dataType: TEXT },
  label: { description: "1 harmful, 0 harmless.", dataType: ["sc:Integer", "cr:Label"] },
  categories: {
    description: "Categories of harm that are present.",
    dataType: [TEXT, "cr:Label"],
    isArray: true,
    references: "categories/name",
    jsonPath: "$.categories[*]",
  },
  unknown: {
    description: "Categories of which nothing is said, neither present nor absent; * is every one not present.",
    dataType: TEXT,
    isArray: true,
    jsonPath: "$.unknown[*]",
  },
  labelDist: { description: "Share of the votes that said harmful, 0 to 1, where votes were taken.", dataType: "sc:Float" },
  lang: { description: "Language, BCP 47.", dataType: TEXT },
  split: { description: "Drawn by the lineage, so that no two splits share a seed.", dataType: TEXT, references: "splits/name" },
  synthetic: { description: "Written by a program or a model.", dataType: "sc:Boolean" },
  source: { description: "What wrote it.", dataType: TEXT },
  topic: { description: "The category or subject that it was written for, also where it is the harmless look-alike.", dataType: TEXT },
  pair: { description: "Shared by the two sides of a pair.", dataType: TEXT },
  license: { description: "Licence, an SPDX identifier where there is one.", dataType: TEXT },
  seedIds: {
    description: "Seeds that the row grew from.",
    dataType: TEXT,
    isArray: true,
    equivalentProperty: "prov:hadPrimarySource",
    jsonPath: "$.lineage.seedIds[*]",
  },
  parents: {
    description: "Rows that it was made of.",
    dataType: TEXT,
    isArray: true,
    references: "examples/id",
    equivalentProperty: "prov:wasDerivedFrom",
    jsonPath: "$.lineage.parents[*]",
  },
  operations: {
    description: "Operations that made it, in order.",
    dataType: TEXT,
    isArray: true,
    equivalentProperty: "prov:wasGeneratedBy",
    jsonPath: "$.lineage.ops[*].name",
  },
  models: {
    description: "Language models that wrote it.",
    dataType: TEXT,
    isArray: true,
    equivalentProperty: "prov:wasAttributedTo",
    jsonPath: "$.lineage.ops[*].model",
  },
  prompts: {
    description: "SHA-256 of what the models were asked.",
    dataType: TEXT,
    isArray: true,
    jsonPath: "$.lineage.ops[*].promptSha256",
  },
  recipe: { description: "First 16 hexadecimal digits of the recipe's SHA-256.", dataType: TEXT, jsonPath: "$.lineage.recipe" },
};

/** cr:ValidationSplit is what calibrates and chooses thresholds. */
const SPLIT_TYPES = { train: "cr:TrainingSplit", calibration: "cr:ValidationSplit", test: "cr:TestSplit" } as const;

/** @param fileObject id of the file that holds the rows @param rows how many */
export function recordSets(fileObject: string, rows: number): object[] {
  return [
    {
      "@type": "cr:RecordSet",
      "@id": "examples",
      name: "examples",
      description: "The labelled examples, one a line.",
      key: { "@id": "examples/id" },
      field: Object.entries(FIELDS).map(([name, field]) => fieldOf(name, field, fileObject)),
      // Wikidata's cardinality, as the specification's own example of a count.
      annotation: { "@type": "cr:Field", "@id": "examples/count", name: "count", dataType: ["sc:Integer", "wd:Q4049983"], value: rows },
    },
    {
      "@type": "cr:RecordSet",
      "@id": "splits",
      name: "splits",
      dataType: "cr:Split",
      key: { "@id": "splits/name" },
      field: [enumerated("splits/name", TEXT), enumerated("splits/url", "cr:Split")],
      data: SPLITS.map((split) => ({ "splits/name": split, "splits/url": SPLIT_TYPES[split] })),
    },
    {
      "@type": "cr:RecordSet",
      "@id": "categories",
      name: "categories",
      dataType: "sc:Enumeration",
      key: { "@id": "categories/name" },
      field: [enumerated("categories/name", TEXT), enumerated("categories/title", TEXT)],
      data: CATEGORY_IDS.map((id) => ({ "categories/name": id, "categories/title": CATEGORIES[id].title })),
    },
  ];
}

function fieldOf(name: string, field: FieldOptions & { jsonPath?: string }, fileObject: string): object {
  return {
    "@type": "cr:Field",
    "@id": `examples/${name}`,
    name,
    description: field.description,
    dataType: field.dataType,
    ...(field.isArray && { isArray: true, arrayShape: "-1" }),
    ...(field.references && { references: { "@id": field.references } }),
    ...(field.equivalentProperty && { equivalentProperty: field.equivalentProperty }),
    source: { fileObject: { "@id": fileObject }, extract: { jsonPath: field.jsonPath ?? `$.${name}` } },
  };
}

function enumerated(id: string, dataType: string): object {
  return { "@type": "cr:Field", "@id": id, name: id.split("/")[1], dataType };
}
