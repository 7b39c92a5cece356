// Builds ONNX graphs in memory and writes them as protobuf, and reads initializers back.
// Derives from the ONNX IR specification, version 10 (https://onnx.ai/onnx/repo-docs/IR.html).
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const schema = protobuf.loadSync(fileURLToPath(new URL("onnx.proto", import.meta.url)));
const ModelProto = schema.lookupType("onnx.ModelProto");

/** TensorProto.DataType and AttributeProto.AttributeType codes. */
const DATA_TYPE = { float: 1, uint8: 2, int8: 3, int16: 5, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, uint32: 12 } as const;
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, graph: 5, ints: 7, strings: 8 } as const;

export type DataType = keyof typeof DATA_TYPE;
/** A Uint16Array holds halves (IEEE 754 binary16), as bits. */
export type TensorData = Float32Array | Uint16Array | Uint8Array | Int8Array | Int16Array | Int32Array | BigInt64Array;
export type Attribute =
  | { int: number }
  | { float: number }
  | { string: string }
  | { ints: number[] }
  | { strings: string[] }
  | { graph: Subgraph };

/** The body of a control-flow node; it may use every name of the graph around it. */
export interface Subgraph {
  builder: GraphBuilder;
  name: string;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
}

export interface ValueInfo {
  name: string;
  type: DataType;
  /** A number is a fixed size, a string names a dynamic one. */
  shape: (number | string)[];
}

export interface ModelInfo {
  name: string;
  producerVersion: string;
  doc: string;
  /** Operator set versions by domain; "" is ai.onnx. */
  opsets: Record<string, number>;
  /** Default 10. An older one for the older operator sets that went with it. */
  irVersion?: number;
  metadata: Record<string, string>;
}

/** A graph under construction. Each `op` call appends one node and returns the name of its first output. */
export class GraphBuilder {
  readonly #nodes: object[] = [];
  readonly #initializers: object[] = [];
  readonly #constants = new Map<string, string>();
  readonly #prefix: string;
  #count = 0;
  #initializerBytes = 0;

  /** `prefix` keeps the names of a subgraph apart from those of the graph around it. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  /** Bytes of the initializers so far. A file of 2 GiB or more is beyond what protobuf reads. */
  get initializerBytes(): number {
    return this.#initializerBytes;
  }

  /** Adds an initializer; data is stored as little-endian raw bytes. */
  tensor(name: string, data: TensorData, dims: number[]): string {
    const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#initializerBytes += raw.byteLength;
    this.#initializers.push({ name, dims, dataType: DATA_TYPE[typeOf(data)], rawData: raw });
    return name;
  }

  /** A shared int64 constant: a scalar for a number, a vector for a list. */
  int64(value: number | number[]): string {
    const key = JSON.stringify(value);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const list = Array.isArray(value) ? value : [value];
    const name = this.tensor(
      `${this.#prefix}i64_${this.#constants.size}`,
      BigInt64Array.from(list, (v) => BigInt(v)),
      Array.isArray(value) ? [list.length] : [],
    );
    this.#constants.set(key, name);
    return name;
  }

  /** A float scalar constant. */
  float(value: number): string {
    return this.tensor(`${this.#prefix}f32_${this.#count++}`, Float32Array.of(value), []);
  }

  /** A string scalar constant. */
  string(value: string): string {
    const name = `${this.#prefix}str_${this.#count++}`;
    this.#initializers.push({ name, dims: [], dataType: DATA_TYPE.string, stringData: [Buffer.from(value)] });
    return name;
  }

  /** Appends a node; `output` names its result, which is made up otherwise. */
  op(
    type: string,
    inputs: string[],
    attributes: Record<string, Attribute> = {},
    options: { domain?: string; output?: string } = {},
  ): string {
    const output = options.output ?? `${this.#prefix}${type}_${this.#count++}`;
    this.#node(type, inputs, [output], attributes, options.domain);
    return output;
  }

  /** Appends a node with `count` outputs and returns their names. */
  multi(type: string, inputs: string[], count: number, attributes: Record<string, Attribute> = {}, domain?: string): string[] {
    const outputs = Array.from({ length: count }, () => `${this.#prefix}${type}_${this.#count++}`);
    this.#node(type, inputs, outputs, attributes, domain);
    return outputs;
  }

  #node(type: string, input: string[], output: string[], attributes: Record<string, Attribute>, domain = ""): void {
    this.#nodes.push({
      input,
      output,
      name: `${this.#prefix}n${this.#nodes.length}_${type}`,
      opType: type,
      domain,
      attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
    });
  }

  /** The graph as a protobuf message. */
  message(name: string, inputs: ValueInfo[], outputs: ValueInfo[]): object {
    return {
      name,
      node: this.#nodes,
      initializer: this.#initializers,
      input: inputs.map(encodeValueInfo),
      output: outputs.map(encodeValueInfo),
    };
  }

  /** The whole model as the bytes of a `.onnx` file. The same calls give the same bytes. */
  build(inputs: ValueInfo[], outputs: ValueInfo[], info: ModelInfo): Uint8Array {
    const message = ModelProto.fromObject({
      irVersion: info.irVersion ?? 10,
      producerName: "cordon",
      producerVersion: info.producerVersion,
      docString: info.doc,
      opsetImport: Object.entries(info.opsets).map(([domain, version]) => ({ domain, version })),
      metadataProps: Object.entries(info.metadata).map(([key, value]) => ({ key, value })),
      graph: this.message(info.name, inputs, outputs),
    });
    return ModelProto.encode(message).finish();
  }
}

export interface Initializer {
  dims: number[];
  raw: Uint8Array;
}

/**
 * Reads the initializers of a `.onnx` file by name, as views on `bytes`.
 * @throws Error where the bytes are not an ONNX model.
 */
export function readInitializers(bytes: Uint8Array): Map<string, Initializer> {
  const model = ModelProto.toObject(ModelProto.decode(bytes), { longs: Number }) as {
    graph?: { initializer?: { name: string; dims?: number[]; rawData?: Uint8Array }[] };
  };
  const list = model.graph?.initializer;
  if (!list) throw new Error("not an ONNX model: no graph initializers");
  return new Map(list.map((t) => [t.name, { dims: t.dims ?? [], raw: t.rawData ?? new Uint8Array(0) }]));
}

function typeOf(data: TensorData): DataType {
  if (data instanceof Float32Array) return "float";
  if (data instanceof Uint16Array) return "float16";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Int8Array) return "int8";
  if (data instanceof Int16Array) return "int16";
  if (data instanceof Int32Array) return "int32";
  return "int64";
}

function encodeAttribute(name: string, value: Attribute): object {
  if ("int" in value) return { name, i: value.int, type: ATTRIBUTE_TYPE.int };
  if ("float" in value) return { name, f: value.float, type: ATTRIBUTE_TYPE.float };
  if ("string" in value) return { name, s: Buffer.from(value.string), type: ATTRIBUTE_TYPE.string };
  if ("graph" in value) {
    const { builder, name: graphName, inputs, outputs } = value.graph;
    return { name, g: builder.message(graphName, inputs, outputs), type: ATTRIBUTE_TYPE.graph };
  }
  if ("ints" in value) return { name, ints: value.ints, type: ATTRIBUTE_TYPE.ints };
  return { name, strings: value.strings.map((s) => Buffer.from(s)), type: ATTRIBUTE_TYPE.strings };
}

function encodeValueInfo(value: ValueInfo): object {
  const dim = value.shape.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name: value.name, type: { tensorType: { elemType: DATA_TYPE[value.type], shape: { dim } } } };
}
