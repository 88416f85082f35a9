import { PassThrough } from "node:stream";
import { errorKinds } from "#core/errors.ts";
import { routes } from "#core/routes.ts";
import { createRouter } from "#infra/local/api-gateway/router.ts";
import { type ErrorEnvelope, errorOf } from "#tests/e2e/client.ts";

/** The handlers in this process, called with the events that API Gateway makes: for faults, clocks and many inputs. */

export interface HttpRequest {
  readonly method?: string;
  /** With its query, percent-encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: unknown;
  readonly sourceIp?: string;
  /** API Gateway's stage prefix, such as `prod`; none as behind a custom domain. */
  readonly stage?: string;
  /** Of the function's time, ms; by default as long as a fight needs. */
  readonly remainingMs?: number;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly setCookies: readonly string[];
  readonly text: string;
  json<Body = unknown>(): Body;
  /** `data` of the success envelope. */
  data<Data = Record<string, unknown>>(): Data;
  /** The error envelope; its status must be the code's. */
  error(): ErrorEnvelope;
}

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const match = createRouter(routes);
const handlers = new Map<string, Promise<Handler>>();

const handlerOf = (file: string): Promise<Handler> => {
  const known = handlers.get(file);
  if (known !== undefined) return known;
  const loading = import(/* @vite-ignore */ `../../../${file.replace(/\.handler$/, ".ts")}`).then(
    (module: { readonly handler: Handler }) => module.handler,
  );
  handlers.set(file, loading);
  return loading;
};

/** As long as a fight needs, whose vote keeps 25 s for itself. */
const usualRemainingMs = 120_000;

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
}

/** Last value of each name, and all of them, as API Gateway decodes a query. */
const queryForms = (query: string): readonly [Record<string, string>, Record<string, string[]>] => {
  const single: Record<string, string> = Object.create(null);
  const multi: Record<string, string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    single[name] = value;
    multi[name] = [...(multi[name] ?? []), value];
  }
  return [single, multi];
};

const toEvent = (request: HttpRequest, parameters: Readonly<Record<string, string>> | null): unknown => {
  const { method = "GET", path, headers = {}, body, sourceIp = "203.0.113.7", stage } = request;
  const [pathname = "", query = ""] = path.split("?", 2);
  const sent: Record<string, string> = { host: "localhost:8787", ...headers };
  const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  if (text !== null) sent["content-type"] ??= "application/json";
  const [single, multi] = queryForms(query);
  return {
    resource: pathname,
    path: pathname,
    httpMethod: method,
    headers: sent,
    multiValueHeaders: Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, [value]])),
    queryStringParameters: query === "" ? null : single,
    multiValueQueryStringParameters: query === "" ? null : multi,
    pathParameters: parameters,
    body: text,
    isBase64Encoded: false,
    requestContext: {
      stage: stage ?? "prod",
      path: `${stage === undefined ? "" : `/${stage}`}${pathname}`,
      identity: { sourceIp, userAgent: "test" },
    },
  };
};

const toReply = ({ statusCode, headers, multiValueHeaders, body }: Answer): HttpReply => {
  const json = <Body>(): Body => JSON.parse(body) as Body;
  return {
    status: statusCode,
    headers,
    setCookies: multiValueHeaders?.["set-cookie"] ?? [],
    text: body,
    json,
    data: <Data>() => json<{ readonly data: Data }>().data,
    error: () => {
      const error = errorOf(json());
      const kind = errorKinds[error.code as keyof typeof errorKinds];
      if (kind?.status !== statusCode) throw new Error(`${error.code} was answered with ${statusCode}`);
      return error;
    },
  };
};

/** Sends one request to the function of its path. */
export const request = async (wanted: HttpRequest): Promise<HttpReply> => {
  const pathname = wanted.path.split("?", 1)[0] ?? "";
  const found = match(pathname);
  if (found === undefined) throw new Error(`No route has the path ${pathname}`);
  const handler = await handlerOf(found.route.handler);
  const { remainingMs = usualRemainingMs } = wanted;
  const context = { awsRequestId: "test", getRemainingTimeInMillis: () => remainingMs };
  const event = toEvent(wanted, found.parameters);
  if (!found.route.stream) return toReply((await handler(event, context)) as Answer);
  const stream = new PassThrough() as PassThrough & { metadata?: Omit<Answer, "body"> };
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await (handler as unknown as (event: unknown, stream: unknown, context: unknown) => Promise<void>)(
    event,
    stream,
    context,
  );
  const body = Buffer.concat(chunks).toString();
  return toReply({ statusCode: 0, headers: {}, ...stream.metadata, body });
};

/** Sends requests to a gateway that runs elsewhere, under its URL. */
export const overHttp =
  (url: string): Transport =>
  async ({ method = "GET", path, headers = {}, body }) => {
    const { host: _, ...sent } = headers;
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: "manual",
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...sent },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return toReply({
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      multiValueHeaders: { "set-cookie": response.headers.getSetCookie() },
      body: await response.text(),
    });
  };

export type Transport = (request: HttpRequest) => Promise<HttpReply>;

export interface BrowserOptions {
  readonly host?: string;
  readonly sourceIp?: string;
  readonly stage?: string;
  /** Default: the handlers in this process. */
  readonly transport?: Transport;
}

let lastAddress = 0;

/** A browser: keeps cookies as their attributes say, and says where its calls come from. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly origin: string;
  readonly #options: BrowserOptions & { readonly host: string; readonly sourceIp: string };

  constructor(options: BrowserOptions = {}) {
    lastAddress += 1;
    const sourceIp = `198.51.${Math.floor(lastAddress / 250)}.${lastAddress % 250}`;
    this.#options = { host: "localhost:8787", sourceIp, ...options };
    const { host } = this.#options;
    this.origin = `${/^(localhost|127\.0\.0\.1)(:|$)/.test(host) ? "http" : "https"}://${host}`;
  }

  /** A browser of a gateway that runs elsewhere. */
  static of(url: string): Browser {
    return new Browser({ host: new URL(url).host, transport: overHttp(url) });
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** Another browser with the same cookies. */
  clone(): Browser {
    const copy = new Browser(this.#options);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  async send(wanted: HttpRequest): Promise<HttpReply> {
    const { cookieHeader } = this;
    const { host, sourceIp, stage, transport = request } = this.#options;
    const reply = await transport({
      sourceIp,
      ...(stage === undefined ? {} : { stage }),
      ...wanted,
      headers: {
        host,
        ...(cookieHeader === "" ? {} : { cookie: cookieHeader }),
        ...(wanted.method === undefined || wanted.method === "GET" ? {} : { origin: this.origin }),
        ...wanted.headers,
      },
    });
    for (const cookie of reply.setCookies) {
      const [pair = ""] = cookie.split("; ");
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(name.length + 1);
      if (/; Max-Age=0(;|$)/.test(cookie) || value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return reply;
  }

  get(path: string): Promise<HttpReply> {
    return this.send({ path });
  }

  post(path: string, body?: unknown): Promise<HttpReply> {
    return this.send({ method: "POST", path, ...(body === undefined ? {} : { body }) });
  }

  patch(path: string, body: unknown): Promise<HttpReply> {
    return this.send({ method: "PATCH", path, body });
  }

  delete(path: string): Promise<HttpReply> {
    return this.send({ method: "DELETE", path });
  }

  /** Signs in with a password; throws when that fails. */
  async signIn({ email, password }: { readonly email: string; readonly password: string }): Promise<this> {
    const reply = await this.post("/api/auth/sign-in", { email, password });
    if (reply.status !== 200) throw new Error(`Sign-in: ${reply.status} ${reply.text}`);
    return this;
  }
}
