// The guardrail's HTTP endpoint: OpenAI's moderation API over a Guard. It owns the transport (routes, errors, headers,
// log) and knows nothing of scoring. What each address answers stands in README.md.
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import packageJson from "#package" with { type: "json" };
import type { Moderator } from "#serve/guard/moderator";
import type { Determined, UndeterminedReason, Verdict } from "#serve/guard/verdict";
import { ApiKeys } from "./api-key.ts";
import { toWireError, WIRE_ERRORS, WireError } from "./errors.ts";
import { readModerationRequest } from "./moderation-request.ts";
import { moderationWriter } from "./moderation-response.ts";
import type { Moderation, RequestLog } from "./request-log.ts";
import { requestId } from "./request-id.ts";

export interface ServerOptions {
  /** Largest body, bytes. */
  maxBody: number;
  /** Most entries of `input`. */
  maxInputs: number;
  /** Accepted keys; empty: no key is asked for. */
  apiKeys: readonly string[];
  /** Milliseconds in which a request must have arrived. */
  requestTimeoutMs: number;
  log?: RequestLog;
  /** Told of an error that is the server's own fault: the request's id and where it was thrown, never its message. */
  onFault?: (requestId: string, fault: string) => void;
}

export const SERVER_DEFAULTS: Omit<ServerOptions, "log" | "onFault"> = {
  maxBody: 1_048_576,
  maxInputs: 1024,
  apiKeys: [],
  requestTimeoutMs: 30_000,
};

/** Whether the server wants traffic: `GET /health/ready` answers 503 in the other states. */
export interface Readiness {
  state: "starting" | "ready" | "draining";
}

/** What a request leaves for its log line. */
interface Trace {
  started: number;
  error?: string;
  moderation?: Moderation;
}

const JSON_TYPE = "application/json; charset=utf-8";

const METHODS: Record<string, string> = {
  "/": "GET, HEAD",
  "/health/live": "GET, HEAD",
  "/health/ready": "GET, HEAD",
  "/v1/models": "GET, HEAD",
  "/v1/moderations": "POST",
};

export function buildServer(moderator: Moderator, readiness: Readiness, options: ServerOptions): FastifyInstance {
  const { log } = options;
  const { guard } = moderator;
  const traces = new WeakMap<FastifyRequest, Trace>();
  const keys = options.apiKeys.length === 0 ? undefined : new ApiKeys(options.apiKeys);
  const write = moderationWriter(guard);

  const server = Fastify({
    bodyLimit: options.maxBody,
    requestTimeout: options.requestTimeoutMs,
    // Just above the 60 s of common load balancers, so that they close idle connections and not this side.
    keepAliveTimeout: 72_000,
    // While stopping, what still arrives on an open connection is answered, with `connection: close`: gateways take a
    // 503 for leave to let the text through unscanned.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: requestId,
    // Only the own properties `input` and `model` are read, so a key named __proto__ can do no harm.
    onProtoPoisoning: "ignore",
    onConstructorPoisoning: "ignore",
    clientErrorHandler,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
  });
  server.removeContentTypeParser("text/plain");

  server.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    if (log !== undefined) traces.set(request, { started: performance.now() });
    done();
  });
  if (log !== undefined) server.addHook("onResponse", (request, reply, done) => (logRequest(log, request, reply), done()));

  server.setErrorHandler(sendError);
  server.setNotFoundHandler((request, reply) => {
    const allow = METHODS[request.url.split("?", 1)[0]!];
    if (allow === undefined) return sendError(new WireError("unknown_url"), request, reply);
    reply.header("allow", allow);
    return sendError(new WireError("method_not_allowed", { message: `This address takes ${allow}.` }), request, reply);
  });

  const authenticate = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    if (keys!.accepts(request.headers)) return done();
    reply.header("www-authenticate", "Bearer");
    done(new WireError("invalid_api_key"));
  };
  // On the routes and not by address, which can be written in more ways than one.
  const authenticated = keys === undefined ? {} : { onRequest: authenticate };

  server.post("/v1/moderations", authenticated, (request, reply) => {
    const { texts } = readModerationRequest(request.body, options.maxInputs);
    const verdicts = moderator.moderate(texts);
    if (Array.isArray(verdicts)) return answer(request, reply, texts, verdicts);
    verdicts.then(
      (reached) => answer(request, reply, texts, reached),
      (error: unknown) => sendError(error, request, reply),
    );
    return reply;
  });

  // Packages carry no date, so that the same data and seed give the same bytes; OpenAI's clients want the field.
  const model = { id: guard.name, object: "model", created: 0, owned_by: "cordon" };
  server.get("/v1/models", authenticated, () => ({ object: "list", data: [model] }));
  server.get("/v1/models/*", authenticated, (request) => {
    if ((request.params as { "*": string })["*"] !== model.id) throw new WireError("model_not_found", { param: "model" });
    return model;
  });

  server.get("/health/live", () => ({ status: "live" }));
  server.get("/health/ready", (request, reply) => {
    if (readiness.state === "ready") return { status: "ready" };
    return sendError(new WireError("not_ready", { message: `The server is ${readiness.state}.` }), request, reply);
  });
  server.get("/", () => ({
    name: "cordon",
    version: packageJson.version,
    model: guard.name,
    labels: guard.labels,
    endpoints: Object.entries(METHODS).map(([path, methods]) => `${methods.split(",", 1)[0]} ${path}`),
  }));
  return server;

  /** Sends the results, or, where one of the texts has no verdict, an error: an answer that left it out would call it safe. */
  function answer(request: FastifyRequest, reply: FastifyReply, texts: readonly string[], verdicts: readonly Verdict[]): FastifyReply {
    const trace = traces.get(request);
    if (trace !== undefined) trace.moderation = { texts, verdicts, labels: guard.labels };
    for (let i = 0; i < verdicts.length; i++) {
      const verdict = verdicts[i]!;
      if (verdict.state === "undetermined") return sendError(noVerdict(verdict.reason, i, texts.length), request, reply);
    }
    const body = write(verdicts as readonly Determined[]);
    // Straight to Node's response: on this one hot path Fastify's reply would cost a tenth of the whole request.
    reply.hijack();
    reply.raw.writeHead(200, ["content-type", JSON_TYPE, "content-length", String(body.length), "x-request-id", request.id]);
    reply.raw.end(body, "latin1");
    return reply;
  }

  function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const wire = described(toWireError(error), request, options);
    if (wire.wireCode === "internal_error") options.onFault?.(request.id, framesOf(error));
    const trace = traces.get(request);
    if (trace !== undefined) trace.error = wire.wireCode;
    reply.code(wire.status).header("x-request-id", request.id).header("content-type", JSON_TYPE);
    if (wire.shouldRetry !== undefined) reply.header("x-should-retry", String(wire.shouldRetry));
    if (wire.shouldRetry === true) reply.header("retry-after", "1");
    return reply.serializer(JSON.stringify).send(wire.body());
  }

  function logRequest(to: RequestLog, request: FastifyRequest, reply: FastifyReply): void {
    const trace = traces.get(request);
    const ms = trace === undefined ? 0 : Math.round((performance.now() - trace.started) * 1000) / 1000;
    const record = { id: request.id, method: request.method, route: request.routeOptions.url ?? "", status: reply.statusCode, ms };
    to.request(trace?.error === undefined ? record : { ...record, error: trace.error }, trace?.moderation);
  }
}

function noVerdict(reason: UndeterminedReason, index: number, count: number): WireError {
  const code = reason === "overloaded" ? "overloaded" : reason === "timed-out" ? "timed_out" : "undetermined";
  return new WireError(code, { param: count === 1 ? "input" : `input[${index}]` });
}

/** Adds to a framework's error what the client can do about it. */
function described(error: WireError, request: FastifyRequest, options: ServerOptions): WireError {
  if (error.wireCode === "body_too_large") {
    return new WireError("body_too_large", { message: `The body is larger than the ${options.maxBody} bytes that this server takes.` });
  }
  const encoding = request.headers["content-encoding"];
  if (error.wireCode === "invalid_json" && encoding !== undefined && encoding !== "identity")
    return new WireError("unsupported_media_type");
  return error;
}

/** Name and stack of an error. Its message could hold a piece of the text. */
function framesOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^ +at /.test(line));
  return [error.name, ...frames].join("\n");
}

/** Requests that are not HTTP, too slow, or whose headers are too large: no route ever sees them. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) return void socket.destroy(error);
  const code =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? "request_timeout"
      : error.code === "HPE_HEADER_OVERFLOW"
        ? "headers_too_large"
        : "bad_request";
  const body = JSON.stringify(new WireError(code).body());
  const { status } = WIRE_ERRORS[code];
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${JSON_TYPE}\r\nx-request-id: ${requestId()}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
