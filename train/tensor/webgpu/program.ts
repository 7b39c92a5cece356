// Runs WGSL of Cordon's own inside tfjs-backend-webgpu's queue. The package's own runner makes one new tensor from each program; these kernels
// have several results or change a tensor in place. Reaches for what that package (4.22) does not name as public: its queue and its buffers.
export interface TensorInfo {
  dataId: object;
  shape: number[];
  dtype: string;
}

/** The parts of tfjs-backend-webgpu's WebGPUBackend that are used here. */
export interface GpuBackend {
  readonly device: GPUDevice;
  readonly tensorMap: { get(dataId: object): { values: unknown } };
  makeTensorInfo(shape: number[], dtype: string): TensorInfo;
  disposeData(dataId: object): boolean;
  uploadToGPU(dataId: object): void;
  tensorToBinding(tensor: TensorInfo): GPUBindingResource;
  makeUniforms(values: { type: string; data: number[] }[]): GPUBindingResource;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  commandEncoder: GPUCommandEncoder;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: WeakSet<object>;
  dispatchCountInPass: number;
}

/** Dispatches put in one pass before it is sent. TensorFlow.js's own figure, 15, is made for frames of a web page. */
const DISPATCHES = 64;

export interface Program {
  /** Key of the compiled program: the same name must mean the same code. */
  name: string;
  /** Bindings read, then bindings written (or changed in place), each "name" (of floats) or "name: element type". */
  reads: readonly string[];
  writes: readonly string[];
  /** Scalars, each "name: u32" or "name: f32", in WGSL `uniforms.name`. */
  uniforms: readonly string[];
  workgroupSize: readonly [number, number];
  /** Declarations before main. */
  declarations?: string;
  /** Body of main, which has `row` (number of the workgroup), `group`, `local` and `place` (of the thread, over all workgroups). */
  body: string;
}

const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/** Puts a program on the queue. `values` are the uniforms in their order; `workgroups` is a count, or one for each axis. */
export function run(
  backend: GpuBackend,
  program: Program,
  tensors: { reads: readonly TensorInfo[]; writes: readonly TensorInfo[] },
  values: readonly number[],
  workgroups: number | readonly [number, number, number],
): void {
  const all = [...tensors.reads, ...tensors.writes];
  for (const { dataId } of all) {
    backend.uploadToGPU(dataId);
    backend.commandQueueOwnedIds.add(dataId);
  }
  // What was read back to the host is old once the device writes again.
  for (const { dataId } of tensors.writes) backend.tensorMap.get(dataId).values = null;
  const pipeline = compiled(backend.device, program);
  const scalars = program.uniforms.map((uniform, i) => ({ type: uniform.endsWith("f32") ? "float32" : "uint32", data: [values[i]!] }));
  const bindings = [...all.map((tensor) => backend.tensorToBinding(tensor)), backend.makeUniforms(scalars)];
  const entries = bindings.map((resource, binding) => ({ binding, resource }));
  const bindGroup = backend.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= backend.commandEncoder.beginComputePass();
  backend.computePassEncoder.setPipeline(pipeline);
  backend.computePassEncoder.setBindGroup(0, bindGroup);
  backend.computePassEncoder.dispatchWorkgroups(...(typeof workgroups === "number" ? grid(workgroups) : workgroups));
  backend.dispatchCountInPass++;
  if (backend.dispatchCountInPass >= DISPATCHES) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}

/** A count of workgroups over two axes: one axis holds 65,535. A program checks `row` or `place` against what there is. */
function grid(count: number): [number, number, number] {
  const across = Math.min(count, 65_535);
  return [across, Math.ceil(count / across), 1];
}

function compiled(device: GPUDevice, program: Program): GPUComputePipeline {
  let known = pipelines.get(device);
  if (known === undefined) pipelines.set(device, (known = new Map()));
  let pipeline = known.get(program.name);
  if (pipeline === undefined) {
    const module = device.createShaderModule({ code: source(program), label: program.name });
    pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" }, label: program.name });
    known.set(program.name, pipeline);
  }
  return pipeline;
}

function source({ reads, writes, uniforms, workgroupSize: [x, y], declarations = "", body }: Program): string {
  const binding = (declaration: string, access: string, at: number): string => {
    const [name, element = "f32"] = declaration.split(": ");
    return `@group(0) @binding(${at}) var<storage, ${access}> ${name}: array<${element}>;`;
  };
  const lines = [
    ...reads.map((declaration, i) => binding(declaration, "read", i)),
    ...writes.map((declaration, i) => binding(declaration, "read_write", reads.length + i)),
    `struct Uniforms { ${uniforms.join(", ")} }`,
    `@group(0) @binding(${reads.length + writes.length}) var<uniform> uniforms: Uniforms;`,
    declarations,
    `@compute @workgroup_size(${x}, ${y})`,
    "fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,",
    "        @builtin(local_invocation_index) local: u32, @builtin(local_invocation_id) thread: vec3u) {",
    "  let row = group.y * groups.x + group.x;",
    `  let place = row * ${x * y}u + local;`,
    body,
    "}",
  ];
  return lines.join("\n");
}
