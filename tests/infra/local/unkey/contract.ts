import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { contract } from "#tests/support/contracts.ts";

const file = contract("unkey-openapi.from-sdks-repo-MIT.yaml");

/** Say it in the name of a test that needs the vendor's specification. */
export const needsContract = "(needs Unkey's specification in ../shared/contracts)";

/** A JSON schema as far as these tests look into one. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly maxProperties?: number;
}

interface Specification {
  readonly paths: Readonly<Record<string, { readonly post?: unknown }>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

export interface UnkeyContract {
  readonly paths: readonly string[];
  /** The schema of a path's request, references resolved at its top. */
  readonly requestSchema: (path: string) => Schema;
  readonly resolve: (schema: Schema) => Schema;
  /** Why a request body breaks the specification; empty when it does not. */
  readonly requestFaults: (path: string, body: unknown) => string[];
  /** Why a response breaks the specification; empty when it does not. */
  readonly responseFaults: (path: string, status: number, body: unknown) => string[];
}

/** Unkey's own specification, or undefined where it is not at hand. */
export const unkeyContract: UnkeyContract | undefined = file === undefined ? undefined : load(file);

function load(path: string): UnkeyContract {
  const text = readFileSync(path, "utf8");
  const specification = parse(text) as Specification;
  const { schemas } = specification.components;
  correct(schemas);
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ $id: "unkey", ...specification });
  const compiled = new Map<string, ValidateFunction>();
  const faults = (pointer: string, value: unknown): string[] => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `unkey#${pointer}` });
    compiled.set(pointer, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  };
  const operation = (apiPath: string): string => `/paths/${apiPath.replaceAll("/", "~1")}/post`;
  const json = "content/application~1json/schema";
  const resolve = (schema: Schema): Schema =>
    schema.$ref === undefined ? schema : (schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {});
  return {
    paths: Object.keys(specification.paths),
    resolve,
    requestSchema: (apiPath) => {
      const post = specification.paths[apiPath]?.post as {
        requestBody: { content: { "application/json": { schema: Schema } } };
      };
      return resolve(post.requestBody.content["application/json"].schema);
    },
    requestFaults: (apiPath, body) => faults(`${operation(apiPath)}/requestBody/${json}`, body),
    responseFaults: (apiPath, status, body) => {
      if (status === 200) return faults(`${operation(apiPath)}/responses/200/${json}`, body);
      const name = errorSchemas[status];
      return name === undefined ? [`unknown status ${status}`] : faults(`/components/schemas/${name}`, body);
    },
  };
}

/** Where the specification contradicts itself or the service that it describes. */
function correct(schemas: Record<string, Schema>): void {
  const { VerifyKeyRatelimitData: limit, BaseError: base, BadRequestErrorDetails: badRequest } = schemas;
  Object.assign(schemas, {
    // `reset` is declared with the limits of a duration, but is a time in unix milliseconds; the id of a limit that a
    // request brings with it is empty, which its pattern forbids.
    VerifyKeyRatelimitData: {
      ...limit,
      properties: {
        ...limit?.properties,
        reset: { type: "integer", minimum: 0 },
        id: { type: "string", pattern: "^(rl_[a-zA-Z0-9_]+)?$" },
      },
    },
    // It is declared as a BaseError, which allows no further field, and with the further field `errors`.
    BadRequestErrorDetails: {
      ...base,
      properties: { ...base?.properties, ...badRequest?.allOf?.[1]?.properties },
      required: [...(base?.required ?? []), "errors"],
    },
  });
}

const errorSchemas: Readonly<Record<number, string>> = {
  400: "BadRequestErrorResponse",
  401: "UnauthorizedErrorResponse",
  404: "NotFoundErrorResponse",
  409: "ConflictErrorResponse",
  412: "PreconditionFailedErrorResponse",
};

/** `fetch` that fails when what goes out or what comes back breaks the specification. Plain `fetch` where it is absent. */
export const contractFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => undefined);
  const response = await fetch(request);
  if (unkeyContract !== undefined && request.method === "POST") {
    const path = new URL(request.url).pathname;
    const sent = response.ok ? unkeyContract.requestFaults(path, body) : [];
    const received = unkeyContract.responseFaults(path, response.status, await response.clone().json());
    if (sent.length + received.length > 0) {
      throw new Error(`${path} breaks the specification: ${[...sent, ...received].join("; ")}`);
    }
  }
  return response;
};
