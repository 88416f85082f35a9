import { openApiDocument } from "#core/openapi/document.ts";
import { exampleBodies } from "./examples.ts";
import { escapeHtml } from "./html.ts";
import { renderInline } from "./markdown.ts";
import { samplesOf } from "./samples.ts";
import { type Components, type Schema, schemaTable } from "./schema.ts";

/** The API reference: a page for each tag of our own OpenAPI document. */

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: string }>>;

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly [string];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export interface ReferencePage {
  /** Address below `docs/`: `api/keys`. */
  readonly path: string;
  readonly title: string;
  readonly html: string;
}

/** Operations whose page may be tried: those that read, and three that answer a question on the Playground's budget. */
const ownPages: ReadonlySet<string> = new Set(["postChatCompletions", "postCouncil", "getModels"]);

const isTried = ({ method, operation: { operationId, security, responses } }: Place): boolean => {
  if (ownPages.has(operationId)) return true;
  const isOpen = security.length === 0 && operationId === "getHealth";
  const hasJson = responses["200"]?.content?.["application/json"] !== undefined;
  return method === "GET" && hasJson && (isOpen || security.some((scheme) => "session" in scheme));
};

const credentialsOf = ({ security }: Operation): "key" | "session" | "none" => {
  if (security.some((scheme) => "bearer" in scheme)) return "key";
  return security.length === 0 ? "none" : "session";
};

const credentialWords = { key: "an API key", session: "the dashboard's session", none: "nothing" } as const;

const needs = (operation: Operation): string => {
  const both = operation.security.some((scheme) => "session" in scheme) && credentialsOf(operation) === "key";
  return both ? "an API key or the dashboard's session" : credentialWords[credentialsOf(operation)];
};

const parameterTable = (parameters: readonly Parameter[], caption: string): string => {
  if (parameters.length === 0) return "";
  const rows = parameters.map(({ name, in: where, required, description, schema }) => {
    const type = schema.enum?.map((value) => JSON.stringify(value)).join(" | ") ?? schema.type ?? "string";
    const mark = required === true ? ' <span class="required">required</span>' : "";
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code>${mark}</th><td>${where}</td><td><code>${escapeHtml(String(type))}</code></td><td>${renderInline(description ?? schema.description ?? "")}</td></tr>`;
  });
  return `<h3>Parameters</h3><div class="scroll" tabindex="0" role="group" aria-label="${escapeHtml(caption)}"><table><thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
};

const answerList = ({ operation }: Place, components: Components): string => {
  const answers = Object.entries(operation.responses).map(([status, { description, content = {} }]) => {
    const words = `<code>${status}</code> ${renderInline(description)}`;
    const schema = Number(status) < 300 ? content["application/json"]?.schema : undefined;
    const table =
      schema === undefined ? "" : schemaTable(schema, components, `Answer ${status} of ${operation.operationId}`);
    const example = content["text/event-stream"]?.example;
    const stream =
      example === undefined
        ? ""
        : `<details><summary>A stream</summary><pre tabindex="0"><code>${escapeHtml(example)}</code></pre></details>`;
    return `<li>${words}${table === "" ? "" : `<details><summary>Fields</summary>${table}</details>`}${stream}</li>`;
  });
  return `<h3>Answers</h3><ul class="answers">${answers.join("")}</ul>`;
};

/** Hidden until the script shows it. */
const tryForm = (place: Place, body: unknown): string => {
  if (!isTried(place)) return "";
  const { method, path, operation } = place;
  const fields = (operation.parameters ?? []).filter(({ in: where }) => where !== "header");
  const inputs = fields.map(({ name, in: where, required }) => {
    const id = `${operation.operationId}-${name}`;
    return `<p><label for="${id}">${escapeHtml(name)}</label><input id="${id}" name="${escapeHtml(name)}" data-in="${where}"${required === true ? " required" : ""} autocomplete="off"></p>`;
  });
  const id = `${operation.operationId}-body`;
  const text =
    body === undefined
      ? ""
      : `<p><label for="${id}">Body</label><textarea id="${id}" name="body" rows="8" spellcheck="false">${escapeHtml(JSON.stringify(body, undefined, 2))}</textarea></p>`;
  const page = ownPages.has(operation.operationId) ? " data-own-page" : "";
  return `<form class="try" hidden data-method="${method}" data-path="${escapeHtml(path)}"${page}><h3>Try it</h3><p class="hint">Runs on your session in this browser${page === "" ? "" : ", within the Playground's budget"}.</p>${inputs.join("")}${text}<button type="submit">Send</button><pre class="try-answer" tabindex="0" role="status" hidden></pre></form>`;
};

const sampleTabs = (place: Place, body: unknown): string => {
  const { method, path, operation } = place;
  const { operationId } = operation;
  const samples = samplesOf({ operationId, method, path, body, credentials: credentialsOf(operation) });
  // The browser keeps one of a name open: tabs without a script.
  return `<div class="samples">${samples
    .map(
      ({ name, code }, index) =>
        `<details name="${operationId}"${index === 0 ? " open" : ""}><summary>${name}</summary><pre tabindex="0"><code>${escapeHtml(code)}</code></pre></details>`,
    )
    .join("")}</div>`;
};

const section = (place: Place, components: Components): string => {
  const { method, path, operation } = place;
  const { operationId, summary, description, parameters = [], requestBody } = operation;
  const body = exampleBodies[operationId];
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
  const types = Object.keys(requestBody?.content ?? {}).filter((type) => type !== "application/json");
  return `<section class="operation" aria-labelledby="${operationId}"><h2 id="${operationId}"><span class="method">${method}</span> <code>${escapeHtml(path)}</code></h2><p><strong>${escapeHtml(summary)}.</strong> ${renderInline(description)} Takes ${needs(operation)}.</p>${sampleTabs(place, body)}${tryForm(place, body)}${parameterTable(parameters, `Parameters of ${operationId}`)}${
    schema === undefined
      ? ""
      : `<h3>Body</h3>${types.length === 0 ? "" : `<p>JSON, or ${types.map((type) => `<code>${escapeHtml(type)}</code>`).join(", ")}.</p>`}${schemaTable(schema, components, `Body of ${operationId}`)}`
  }${answerList(place, components)}</section>`;
};

const slugOf = (tag: string): string => tag.toLowerCase().replaceAll(" ", "-");

/** Pages of no API: the dashboard's own files. */
const leftOut: ReadonlySet<string> = new Set(["Dashboard", "Documentation"]);

export const referencePages = (): readonly ReferencePage[] => {
  const { paths, components } = openApiDocument("", "") as unknown as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: { readonly schemas: Components };
  };
  const byTag = new Map<string, Place[]>();
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const [tag] = operation.tags;
      if (leftOut.has(tag)) continue;
      byTag.set(tag, [...(byTag.get(tag) ?? []), { method: method.toUpperCase(), path, operation }]);
    }
  }
  return [...byTag].map(([tag, places]) => {
    const list = places
      .map(
        ({ method, path, operation }) =>
          `<li><a href="#${operation.operationId}"><span class="method">${method}</span> ${escapeHtml(path)}</a> ${escapeHtml(operation.summary)}</li>`,
      )
      .join("");
    return {
      path: `api/${slugOf(tag)}`,
      title: tag,
      html: `<h1>${escapeHtml(tag)}</h1><p>In the samples <code>ORIGIN</code> is this gateway's address, <code>CK_KEY</code> an API key.</p><ul class="operations">${list}</ul>${places.map((place) => section(place, components.schemas)).join("")}`,
    };
  });
};
