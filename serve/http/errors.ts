// Every error that the endpoint answers with, in one table, in the shape of OpenAI's API (`{"error":{message,type,param,
// code}}`). README.md lists the same table; a test holds the two together. No message ever holds input text.

interface WireErrorDefinition {
  status: number;
  type: "invalid_request_error" | "rate_limit_error" | "server_error";
  /** Default message; a request's own may say more (an index, a limit). */
  message: string;
  /** Whether the official client, which retries 408, 409, 429 and 5xx, should do so. */
  retry?: boolean;
}

export const WIRE_ERRORS = {
  invalid_json: { status: 400, type: "invalid_request_error", message: "The body is not valid JSON." },
  missing_input: { status: 400, type: "invalid_request_error", message: "`input` is required." },
  empty_input: { status: 400, type: "invalid_request_error", message: "`input` holds nothing to score." },
  invalid_type: { status: 400, type: "invalid_request_error", message: "A value has the wrong type." },
  image_not_supported: {
    status: 400,
    type: "invalid_request_error",
    message: "Images are not scored here, and a verdict that leaves them out would not be one: send the text alone.",
  },
  too_many_inputs: { status: 400, type: "invalid_request_error", message: "Too many inputs in one request." },
  bad_request: { status: 400, type: "invalid_request_error", message: "The request could not be understood." },
  invalid_api_key: { status: 401, type: "invalid_request_error", message: "The API key is missing or wrong." },
  unknown_url: { status: 404, type: "invalid_request_error", message: "There is nothing at this address." },
  model_not_found: {
    status: 404,
    type: "invalid_request_error",
    message: "This model is not served here; GET /v1/models lists the one that is.",
  },
  method_not_allowed: { status: 405, type: "invalid_request_error", message: "This address does not take that method." },
  request_timeout: { status: 408, type: "invalid_request_error", message: "The request did not arrive in time." },
  body_too_large: { status: 413, type: "invalid_request_error", message: "The body is larger than this server takes." },
  unsupported_media_type: {
    status: 415,
    type: "invalid_request_error",
    message: "Send JSON, uncompressed, with `content-type: application/json`.",
  },
  overloaded: {
    status: 429,
    type: "rate_limit_error",
    message: "No verdict: too many long inputs are waiting. Nothing was scored; try again.",
    retry: true,
  },
  headers_too_large: { status: 431, type: "invalid_request_error", message: "The request's headers are too large." },
  undetermined: {
    status: 500,
    type: "server_error",
    message: "No verdict was reached. Do not take the text as safe.",
    retry: false,
  },
  timed_out: {
    status: 500,
    type: "server_error",
    message: "No verdict was reached in time. Do not take the text as safe.",
    retry: false,
  },
  internal_error: { status: 500, type: "server_error", message: "The server failed. Do not take the text as safe.", retry: false },
  not_ready: { status: 503, type: "server_error", message: "The server is warming up or stopping.", retry: true },
} as const satisfies Record<string, WireErrorDefinition>;

export type WireErrorCode = keyof typeof WIRE_ERRORS;

/** An error as the client sees it. `param` names the field (`input[3]`), never its value. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly wireCode: WireErrorCode;
  readonly param: string | null;

  constructor(code: WireErrorCode, details: { message?: string; param?: string } = {}) {
    super(details.message ?? WIRE_ERRORS[code].message);
    this.wireCode = code;
    this.param = details.param ?? null;
  }

  get status(): number {
    return WIRE_ERRORS[this.wireCode].status;
  }

  /** Headers that tell a client whether to try again; undefined where its own rules are right. */
  get shouldRetry(): boolean | undefined {
    const definition: WireErrorDefinition = WIRE_ERRORS[this.wireCode];
    return definition.retry;
  }

  body(): { error: { message: string; type: string; param: string | null; code: string } } {
    return { error: { message: this.message, type: WIRE_ERRORS[this.wireCode].type, param: this.param, code: this.wireCode } };
  }
}

/** What Fastify throws before a handler runs, and the table's word for it. */
const FRAMEWORK_CODES: Record<string, WireErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_INVALID_JSON_BODY: "invalid_json",
  FST_ERR_CTP_EMPTY_JSON_BODY: "invalid_json",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "bad_request",
  FST_ERR_BAD_URL: "unknown_url",
  FST_ERR_MAX_PARAM_LENGTH: "unknown_url",
};

/** Any error as one of the table; what is not in it is the server's fault. */
export function toWireError(error: unknown): WireError {
  if (error instanceof WireError) return error;
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number };
  const known = code === undefined ? undefined : FRAMEWORK_CODES[code];
  if (known !== undefined) return new WireError(known);
  return new WireError(statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? "bad_request" : "internal_error");
}
