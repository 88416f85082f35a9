/** A function's answer in the form that goes out. */
export interface ProxyResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

export interface BufferedResult extends ProxyResult {
  readonly body: string;
}

/** What API Gateway sets itself: a function's own value goes out under `x-amzn-Remapped-`. */
const remapped = new Set([
  "connection",
  "content-length",
  "date",
  "server",
  "transfer-encoding",
  "upgrade",
  "www-authenticate",
  "authorization",
]);

const outName = (name: string): string => (remapped.has(name.toLowerCase()) ? `x-amzn-Remapped-${name}` : name);

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Throws on anything that API Gateway calls a malformed proxy response. */
const parseHeaders = ({ headers, multiValueHeaders }: Fields): Record<string, string | string[]> => {
  const parsed: Record<string, string | string[]> = {};
  if (isFields(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      if (value === null || value === undefined) continue;
      if (typeof value === "object") throw new TypeError(`Header ${name} is not text`);
      parsed[outName(name)] = String(value);
    }
  } else if (headers !== undefined && headers !== null) {
    throw new TypeError("headers is not an object");
  }
  if (isFields(multiValueHeaders)) {
    for (const [name, values] of Object.entries(multiValueHeaders)) {
      if (!Array.isArray(values)) throw new TypeError(`Header ${name} is not a list`);
      // Where both forms name a header, the list holds; Node would send both if their case differed.
      for (const other of Object.keys(parsed))
        if (other.toLowerCase() === outName(name).toLowerCase()) delete parsed[other];
      parsed[outName(name)] = values.map(String);
    }
  }
  return parsed;
};

const parseStatus = (statusCode: unknown): number => {
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599)
    throw new TypeError("statusCode is not an HTTP status");
  return status;
};

const parseFields = (json: string): Fields => {
  const parsed: unknown = JSON.parse(json);
  if (!isFields(parsed)) throw new TypeError("The result is not an object");
  return parsed;
};

/**
 * Reads a buffered proxy result. Throws when it is malformed. Without binary media types a REST API sends a
 * base64-encoded body as the text it is.
 */
export const parseBufferedResult = (payload: string): BufferedResult => {
  const fields = parseFields(payload);
  const { statusCode, body } = fields;
  if (body !== undefined && body !== null && typeof body !== "string") throw new TypeError("body is not text");
  const headers = parseHeaders(fields);
  if (!Object.keys(headers).some((name) => name.toLowerCase() === "content-type")) {
    headers["Content-Type"] = "application/json";
  }
  return { status: parseStatus(statusCode), headers, body: body ?? "" };
};

/** Reads the metadata before a streamed body: as a proxy result, with `cookies` and without a body. Throws when malformed. */
export const parsePrelude = (json: string): ProxyResult => {
  const fields = parseFields(json);
  const headers = parseHeaders(fields);
  if (Array.isArray(fields.cookies) && fields.cookies.length > 0) headers["Set-Cookie"] = fields.cookies.map(String);
  return { status: parseStatus(fields.statusCode ?? 200), headers };
};
