import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import * as z from "zod";

const contentSchema = z.record(z.string(), z.object({ schema: z.unknown() }));
const responseSchema = z.object({ $ref: z.string().optional(), content: contentSchema.optional() });
const operationSchema = z.object({
  requestBody: z.object({ content: contentSchema }).optional(),
  responses: z.record(z.string(), responseSchema).optional(),
});
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({})),
    responses: z.record(z.string(), responseSchema.loose()),
  }),
});

const escapePointer = (part: string): string => part.replaceAll("~", "~0").replaceAll("/", "~1");

/**
 * Closes every object that lists its properties, so that a field which the document does not know is a misfit, and
 * `oneOf` two objects of optional fields can tell them apart.
 */
const closeObjects = (value: unknown): void => {
  if (typeof value !== "object" || value === null) return;
  if ("properties" in value && "type" in value && value.type === "object" && !("additionalProperties" in value)) {
    Object.assign(value, { additionalProperties: false });
  }
  for (const child of Object.values(value)) closeObjects(child);
};

/** Holds the answers of an HTTP API against an OpenAPI 3.0 document. */
export class OpenApiContract {
  readonly #document: z.output<typeof documentSchema>;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  /** `relax` may change the parsed component schemas before they are used. */
  constructor(path: string, relax: (schemas: Readonly<Record<string, Record<string, unknown>>>) => void) {
    const document = documentSchema.parse(parse(readFileSync(path, "utf8")));
    relax(document.components.schemas);
    for (const operations of Object.values(document.paths)) {
      for (const operation of Object.values(operations)) {
        closeObjects(operationSchema.safeParse(operation).data?.responses);
      }
    }
    closeObjects(document.components);
    this.#document = document;
    addFormats.default(this.#ajv);
    // The document's own format, of phone numbers in E.164 without the plus; empty for who has none.
    this.#ajv.addFormat("phone", /^\d{0,15}$/);
    this.#ajv.addSchema(document, "document");
  }

  has(method: string, path: string): boolean {
    return this.#operation(method, path) !== undefined;
  }

  /** The misfits of an answer; null when the document does not tell what this status looks like. */
  responseMisfits(method: string, path: string, status: number, body: unknown): string[] | null {
    const own = this.#operation(method, path)?.responses?.[status];
    if (own === undefined) return null;
    const shared = this.#document.components.responses[own.$ref?.split("/").at(-1) ?? ""];
    if ((shared ?? own).content === undefined) return body === undefined ? [] : ["there should be no body"];
    const pointer = own.$ref ?? `#/paths/${escapePointer(path)}/${method.toLowerCase()}/responses/${status}`;
    return this.misfits(`${pointer}/content/application~1json/schema`, body);
  }

  /** The misfits of a request's body; none where the document asks for no body. */
  requestMisfits(method: string, path: string, body: unknown): string[] {
    if (this.#operation(method, path)?.requestBody === undefined) return [];
    const pointer = `#/paths/${escapePointer(path)}/${method.toLowerCase()}/requestBody/content/application~1json/schema`;
    return this.misfits(pointer, body);
  }

  misfits(pointer: string, value: unknown): string[] {
    const validate = this.#ajv.compile({ $ref: `document${pointer}` });
    return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  }

  #operation(method: string, path: string): z.output<typeof operationSchema> | undefined {
    const operation = this.#document.paths[path]?.[method.toLowerCase()];
    return operation === undefined ? undefined : operationSchema.parse(operation);
  }
}
