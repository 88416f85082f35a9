import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Holds answers against an OpenAPI document, as a client that was generated from it would. */

export interface ReceivedAnswer {
  readonly method: string;
  /** As it was asked for, without its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
}

const escaped = (part: string): string => part.replaceAll("~", "~0").replaceAll("/", "~1");

const pattern = (template: string): RegExp =>
  new RegExp(`^${template.replaceAll(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll(/\{\w+\}/g, "(.+)")}$`);

/** The data of each event; the end mark of OpenAI's streams is left out. */
const eventData = (text: string): readonly unknown[] =>
  text
    .split("\n\n")
    .flatMap((frame) => frame.split("\n"))
    .filter((line) => line.startsWith("data: ") && line !== "data: [DONE]")
    .map((line): unknown => JSON.parse(line.slice("data: ".length)));

export class AnswerValidator {
  /** Operations that were seen to succeed. */
  readonly succeeded = new Set<string>();
  /** Operations with each status that was seen. */
  readonly seen = new Set<string>();
  readonly #document: Document;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(document: object) {
    this.#document = document as Document;
    (addFormats as unknown as (ajv: Ajv2020) => void)(this.#ajv);
    this.#ajv.addFormat("base64", /^[A-Za-z0-9+/]*={0,2}$/);
    this.#ajv.addSchema({ $id: "document", ...document });
  }

  get operationIds(): readonly string[] {
    return Object.values(this.#document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
  }

  /** What an answer has that the document does not say; undefined when it is as documented. */
  fault(answer: ReceivedAnswer): string | undefined {
    const { method, path, status, contentType, text } = answer;
    const found = this.#find(method, path);
    if (found === undefined) return `${method} ${path} is not documented`;
    const { template, operation } = found;
    const name = `${operation.operationId} ${status}`;
    const response = operation.responses[String(status)];
    if (response === undefined) return `${name} is not documented`;
    this.seen.add(name);
    if (status < 400) this.succeeded.add(operation.operationId);
    if (response.content === undefined) return text === "" ? undefined : `${name} has a body`;
    const type = contentType?.split(";")[0] ?? "";
    const documentedType = [type, "*/*"].find((candidate) => candidate in (response.content ?? {}));
    if (documentedType === undefined) return `${name} has the undocumented content type ${type}`;
    if (documentedType !== "application/json" && documentedType !== "text/event-stream") return undefined;
    const pointer = ["paths", template, method.toLowerCase(), "responses", String(status), "content", documentedType];
    const validate = this.#ajv.compile({ $ref: `document#/${[...pointer, "schema"].map(escaped).join("/")}` });
    const values: readonly unknown[] = type === "application/json" ? [JSON.parse(text)] : eventData(text);
    if (values.length === 0) return `${name} has no events`;
    for (const value of values) {
      if (!validate(value)) return `${name}: ${JSON.stringify(this.#errorsOf(validate))} in ${JSON.stringify(value)}`;
    }
    return undefined;
  }

  #errorsOf(validate: ValidateFunction): unknown {
    return (validate.errors ?? []).slice(0, 4).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }

  #find(method: string, path: string) {
    // The longest template is the most exact one.
    const templates = Object.keys(this.#document.paths).sort((left, right) => right.length - left.length);
    for (const exact of [true, false]) {
      for (const template of templates) {
        if (exact ? template !== path : !pattern(template).test(path)) continue;
        const operation = this.#document.paths[template]?.[method.toLowerCase()];
        if (operation !== undefined) return { template, operation };
      }
    }
    return undefined;
  }
}
