import * as z from "zod";
import { type ErrorCode, errorKinds } from "#core/errors.ts";
import { type Method, type Route, type RouteAuth, type RouteId, routes } from "#core/routes.ts";
import { errorAnswer } from "#core/schemas/answers.ts";
import type { Answer, Operation } from "./operation.ts";
import { operations } from "./operations.ts";

/** The OpenAPI 3.1 document, made of the route table and the schemas that the endpoints themselves check with. */

type Json = Record<string, unknown>;

/** Schemas with a name of their own, gathered while the document is made. */
type Components = Record<string, Json>;

const localReference = '"#/$defs/';
const componentReference = '"#/components/schemas/';

/** zod names some of its own checks as formats. The `pattern` beside them says the same to everybody. */
const withoutOwnFormats = ({ jsonSchema }: { jsonSchema: { format?: string; pattern?: string } }): void => {
  if (jsonSchema.format === "starts_with" && jsonSchema.pattern !== undefined) delete jsonSchema.format;
};

/** A zod schema as OpenAPI has it: named parts become components of the document. */
const schemaOf = (schema: z.core.$ZodType, io: "input" | "output", components: Components): Json => {
  const made = z.toJSONSchema(schema, { io, unrepresentable: "any", reused: "inline", override: withoutOwnFormats });
  const text = JSON.stringify(made).replaceAll(localReference, componentReference);
  const { $schema: _, $defs, ...json } = JSON.parse(text) as Json & { $defs?: Components };
  for (const [name, part] of Object.entries($defs ?? {})) components[name] = withoutId(part);
  return withoutId(json);
};

/** The name that zod keeps inside a schema is not part of JSON Schema. */
const withoutId = ({ id: _, ...schema }: Json): Json => schema;

const securityOf: Readonly<Record<RouteAuth, readonly Json[]>> = {
  key: [{ bearer: [] }, { apiKey: [] }],
  session: [{ session: [] }],
  "key-or-session": [{ bearer: [] }, { apiKey: [] }, { session: [] }],
  none: [],
};

const codesOfStatus = (status: number): ErrorCode[] =>
  (Object.keys(errorKinds) as ErrorCode[]).filter((code) => errorKinds[code].status === status);

const errorDescriptions: Readonly<Record<number, string>> = {
  400: "The request is wrong: `param` and `details.issues` say where",
  401: "No valid credentials",
  402: "Today's cap on platform-paid use is reached",
  403: "Not allowed",
  404: "Not found, or not yours",
  405: "Another method is meant",
  409: "In conflict with the present state",
  413: "The body is over 5 MB",
  415: "The body is not JSON",
  416: "There is no such part",
  422: "The Idempotency-Key was used with another body",
  429: "Too many requests: `Retry-After` says when to come back",
  500: "Our fault",
  502: "The provider failed",
  503: "The model or a required service is unavailable",
  504: "No answer in time",
};

const errorStatuses = (route: Route, method: Method, operation: Operation): number[] => {
  const statuses = [405, 500];
  if (operation.query !== undefined) statuses.push(400);
  if (operation.body !== undefined) statuses.push(400, 413, 415);
  if (route.auth !== "none") statuses.push(401, 503);
  // Two different keys in the two headers.
  if (route.auth === "key" || route.auth === "key-or-session") statuses.push(400);
  if (route.auth === "session" && method !== "GET") statuses.push(403);
  if (route.limit !== undefined) statuses.push(429);
  if (route.path.includes("{")) statuses.push(404);
  if (route.id === "SignIn") statuses.push(401);
  if (["SignUp", "Keys", "ProviderKeys", "RotateKey"].includes(route.id) && method === "POST") statuses.push(403, 409);
  if (operation.headers?.some(({ name }) => name === "Range") === true) statuses.push(416);
  if (route.concurrency === "stream") statuses.push(400, 402, 404, 409, 413, 422, 502, 503, 504);
  return [...new Set(statuses)].sort();
};

/** Statuses of a provider's own refusal that stay what they are. */
const providerStatuses: ReadonlySet<number> = new Set([400, 404, 413, 422, 429]);
const retryAfterStatuses: ReadonlySet<number> = new Set([409, 429, 503]);

const errorResponse = (route: Route, status: number): Json => ({
  description: `${errorDescriptions[status] ?? "An error"}. Codes: ${[
    ...(status === 416 ? ["BAD_REQUEST"] : codesOfStatus(status)),
    ...(route.concurrency === "stream" && providerStatuses.has(status) ? ["PROVIDER_ERROR"] : []),
  ].join(", ")}.`,
  headers: {
    "X-Request-ID": { schema: { type: "string" } },
    ...(route.concurrency === "stream"
      ? { "X-Should-Retry": { schema: { enum: ["false"] }, description: "Sent where trying again is pointless" } }
      : {}),
    ...(retryAfterStatuses.has(status)
      ? { "Retry-After": { schema: { type: "integer" }, description: "Seconds" } }
      : {}),
  },
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
});

const answerHeaders = (route: Route): Json => ({
  "X-Request-ID": { schema: { type: "string" } },
  ...(route.limit === undefined
    ? {}
    : {
        "X-RateLimit-Limit": { schema: { type: "integer" } },
        "X-RateLimit-Remaining": { schema: { type: "integer" } },
        "X-RateLimit-Reset": { schema: { type: "integer" }, description: "Unix seconds" },
      }),
  ...(route.concurrency === "stream"
    ? {
        "X-Model-Used": { schema: { type: "string" } },
        "X-Provider-Used": { schema: { type: "string" } },
        "X-Attempts": { schema: { type: "integer" } },
        "X-Cache": { schema: { enum: ["HIT", "MISS", "BYPASS"] } },
        "X-Warnings": { schema: { type: "string" }, description: "Fields that were dropped or clamped" },
        "X-Gateway-Overhead-Ms": { schema: { type: "number" } },
        "X-Idempotent-Replay": { schema: { enum: ["true"] }, description: "The first answer to this Idempotency-Key" },
      }
    : {}),
});

const contentOf = ({ json, events, eventsExample, contentType }: Answer, components: Components): Json | undefined => {
  const content: Json = {
    ...(json === undefined ? {} : { "application/json": { schema: schemaOf(json, "output", components) } }),
    ...(events === undefined
      ? {}
      : {
          "text/event-stream": {
            schema: schemaOf(events, "output", components),
            ...(eventsExample === undefined ? {} : { example: eventsExample }),
          },
        }),
    ...(contentType === undefined ? {} : { [contentType]: { schema: { type: "string" } } }),
  };
  return Object.keys(content).length === 0 ? undefined : content;
};

const parametersOf = (route: Route, operation: Operation, components: Components): Json[] => {
  const inPath = [...route.path.matchAll(/\{(\w+)\+?\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const query =
    operation.query === undefined ? {} : (schemaOf(operation.query, "input", components).properties as Json);
  const required =
    operation.query === undefined ? [] : ((schemaOf(operation.query, "input", components).required ?? []) as string[]);
  const inQuery = Object.entries(query).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
  const inHeader = (operation.headers ?? []).map(({ name, schema, description }) => ({
    name,
    in: "header",
    description,
    schema: schemaOf(schema, "input", components),
  }));
  return [...inPath, ...inQuery, ...inHeader];
};

const limitText = ({ limit }: Route): string =>
  limit === undefined ? "" : ` Limit: ${limit.limit} in ${limit.durationMs / 1_000} s, by ${limit.scope}.`;

const operationOf = (route: Route, method: Method, operation: Operation, components: Components): Json => {
  const responses: Json = {};
  for (const status of errorStatuses(route, method, operation))
    responses[String(status)] = errorResponse(route, status);
  for (const answer of operation.answers) {
    const content = contentOf(answer, components);
    responses[String(answer.status)] = {
      description: answer.description,
      headers: answerHeaders(route),
      ...(content === undefined ? {} : { content }),
    };
  }
  const parameters = parametersOf(route, operation, components);
  return {
    operationId: `${method.toLowerCase()}${route.id}`,
    summary: operation.summary,
    description: `${route.summary}.${limitText(route)}`,
    tags: [operation.tag],
    security: securityOf[route.auth],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === undefined
      ? {}
      : {
          requestBody: {
            required: operation.bodyRequired ?? true,
            content: { "application/json": { schema: schemaOf(operation.body, "input", components) } },
          },
        }),
    responses,
  };
};

/** Builds the document. `pathPrefix` is a stage's, or empty. */
export const openApiDocument = (version: string, pathPrefix: string): Json => {
  const paths: Record<string, Json> = {};
  const components: Components = {};
  for (const route of routes as readonly Route[]) {
    const served = operations[route.id as RouteId];
    if (served === undefined) continue;
    const item: Json = {};
    for (const method of route.methods) {
      const operation = served[method];
      if (operation !== undefined) item[method.toLowerCase()] = operationOf(route, method, operation, components);
    }
    paths[route.path.replaceAll("+}", "}")] = item;
  }
  // Named by every error answer; itself it goes among the components.
  schemaOf(errorAnswer, "output", components);
  return {
    openapi: "3.1.0",
    info: {
      title: "Concurred API",
      version,
      description: "One `ck_` key, every model: an OpenAI-compatible AI gateway.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: pathPrefix === "" ? "/" : pathPrefix }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An API key, `ck_…`" },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "An API key, `ck_…`" },
        session: { type: "apiKey", in: "cookie", name: "sb-auth-token", description: "The dashboard's session cookie" },
      },
    },
  };
};
