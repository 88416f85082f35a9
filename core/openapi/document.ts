import * as z from "zod";
import { type ErrorCode, errorKinds } from "#core/errors.ts";
import { routeSummaries } from "#core/route-summaries.ts";
import { type Method, type Route, type RouteAuth, type RouteId, routes } from "#core/routes.ts";
import { errorAnswer } from "#core/schemas/answers.ts";
import { chatFieldTexts } from "./chat-field-texts.ts";
import type { Answer, Operation } from "./operation.ts";
import { operations } from "./operations.ts";

/** The OpenAPI 3.1 document, made of the route table and the schemas that the endpoints themselves check with. */

type Json = Record<string, unknown>;

/** Schemas with a name of their own, gathered while the document is made. */
type Components = Record<string, Json>;

const localReference = '"#/$defs/';
const componentReference = '"#/components/schemas/';

interface Made {
  readonly zodSchema: z.core.$ZodType;
  readonly jsonSchema: { format?: string; pattern?: string; description?: string };
}

/** Adds descriptions, and drops formats that only zod knows: the `pattern` next to them says the same. */
const finish = ({ zodSchema, jsonSchema }: Made): void => {
  if (jsonSchema.format === "starts_with" && jsonSchema.pattern !== undefined) delete jsonSchema.format;
  const text = chatFieldTexts.get(zodSchema);
  if (text !== undefined) jsonSchema.description = text;
};

/** A zod schema as OpenAPI has it: named parts become components of the document. */
const schemaOf = (schema: z.core.$ZodType, io: "input" | "output", components: Components): Json => {
  const made = z.toJSONSchema(schema, { io, unrepresentable: "any", reused: "inline", override: finish });
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
  400: "Invalid request: see `param` and `details.issues`",
  401: "Missing or invalid credentials",
  402: "The daily cap on platform-paid use, or the API key's budget, has too little left",
  403: "Forbidden",
  404: "Not found, or owned by another user",
  405: "Method not allowed",
  409: "Conflict with the current state",
  413: "The body is larger than 5 MB",
  415: "The body is not JSON",
  416: "The requested range is not available",
  422: "The Idempotency-Key was used with another body, or with other headers that change the answer",
  429: "Too many requests: `Retry-After` says when to retry",
  500: "Internal error",
  502: "The provider returned an error",
  503: "The model or a required service is unavailable",
  504: "The request timed out",
};

const errorStatuses = (route: Route, method: Method, operation: Operation): number[] => {
  const statuses = [405, 500];
  if (operation.query !== undefined) statuses.push(400);
  if (operation.body !== undefined) statuses.push(400, 413, 415);
  if (route.auth !== "none") statuses.push(401, 503);
  // Two different keys in the two headers.
  if (route.auth === "key" || route.auth === "key-or-session") statuses.push(400);
  // Another origin, or a user whom the sign-up policy refuses.
  if (route.auth === "session" || route.auth === "key-or-session") statuses.push(403);
  if (route.limit !== undefined) statuses.push(429);
  if (route.path.includes("{")) statuses.push(404);
  if (route.id === "SignIn" || (route.id === "AuthCallback" && method === "POST")) statuses.push(401, 403);
  if (["SignUp", "Keys", "ProviderKeys", "RotateKey", "Presets"].includes(route.id) && method === "POST")
    statuses.push(403, 409);
  if (route.id === "Vote") statuses.push(409);
  if (operation.headers?.some(({ name }) => name === "Range") === true) statuses.push(416);
  if (route.concurrency === "stream") statuses.push(400, 402, 404, 409, 413, 422, 502, 503, 504);
  return [...new Set(statuses)].sort();
};

/** Statuses of a provider's own refusal that stay what they are. */
const providerStatuses: ReadonlySet<number> = new Set([400, 404, 413, 422, 429]);
const retryAfterStatuses: ReadonlySet<number> = new Set([409, 429, 503]);

const errorResponse = (route: Route, status: number, schema: string): Json => ({
  description: `${errorDescriptions[status] ?? "An error"}. Codes: ${[
    ...(status === 416 ? ["BAD_REQUEST"] : codesOfStatus(status)),
    ...(route.concurrency === "stream" && providerStatuses.has(status) ? ["PROVIDER_ERROR"] : []),
  ].join(", ")}.`,
  headers: {
    "X-Request-ID": { schema: { type: "string" } },
    ...(route.concurrency === "stream"
      ? { "X-Should-Retry": { schema: { enum: ["false"] }, description: "Sent when a retry cannot succeed" } }
      : {}),
    ...(retryAfterStatuses.has(status)
      ? { "Retry-After": { schema: { type: "integer" }, description: "Seconds" } }
      : {}),
  },
  content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } },
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
        "X-Budget-Remaining-Usd": {
          schema: { type: "number" },
          description: "Left of the API key's budget when the request was admitted; absent without a budget",
        },
        "X-Model-Used": { schema: { type: "string" } },
        "X-Provider-Used": { schema: { type: "string" } },
        "X-Attempts": { schema: { type: "integer" } },
        "X-Cache": { schema: { enum: ["HIT", "MISS", "BYPASS"] } },
        "X-Warnings": {
          schema: { type: "string" },
          description: "Fields of the request that were dropped or sent with another value",
        },
        "X-Gateway-Overhead-Ms": { schema: { type: "number" } },
        "X-Idempotent-Replay": {
          schema: { enum: ["true"] },
          description: "The response replays the first one for this Idempotency-Key",
        },
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
  limit === undefined ? "" : ` Limit: ${limit.limit} requests per ${limit.durationMs / 1_000} s per ${limit.scope}.`;

const bodyContent = (types: readonly string[] = ["application/json"], schema: Json): Json =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

const operationOf = (route: Route, method: Method, operation: Operation, components: Components): Json => {
  const responses: Json = {};
  for (const status of errorStatuses(route, method, operation))
    responses[String(status)] = errorResponse(route, status, operation.errors ?? "Error");
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
    description: `${routeSummaries[route.id as RouteId]}.${limitText(route)}`,
    tags: [operation.tag],
    security: securityOf[route.auth],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === undefined
      ? {}
      : {
          requestBody: {
            required: operation.bodyRequired ?? true,
            content: bodyContent(operation.bodyTypes, schemaOf(operation.body, "input", components)),
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
      description: "An OpenAI-compatible AI gateway: one `ck_` key for every model.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: pathPrefix === "" ? "/" : pathPrefix }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "API key (`ck_…`)" },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "API key (`ck_…`)" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "sb-auth-token",
          description: "Session cookie of the dashboard",
        },
      },
    },
  };
};
