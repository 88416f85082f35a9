import { isRecord, type JsonRecord } from "#core/values/records.ts";

/** What a provider said went wrong, from any of the shapes that OpenAI-compatible providers use. */
export interface ErrorFacts {
  readonly message: string | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  /** The provider's own object, for what only it has. */
  readonly source: JsonRecord;
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;

/**
 * Reads `{error: {…}}`, `{error: "…", code}`, `[{error}]`, `{type: "error", …}` of the Responses API and MiniMax's
 * `base_resp`; undefined when there is no error in it.
 */
export const readError = (body: unknown): ErrorFacts | undefined => {
  const root: unknown = Array.isArray(body) ? body[0] : body;
  if (!isRecord(root)) return undefined;
  const { error, base_resp: base } = root;
  if (isRecord(error)) {
    return {
      message: text(error.message),
      code: text(error.code) ?? text(error.status),
      type: text(error.type) ?? text(error.status),
      param: text(error.param),
      source: error,
    };
  }
  if (typeof error === "string" && error !== "") {
    return { message: error, code: text(root.code), type: undefined, param: undefined, source: root };
  }
  if (isRecord(base) && base.status_code !== 0 && base.status_code !== undefined) {
    return {
      message: text(base.status_msg),
      code: text(base.status_code),
      type: "base_resp",
      param: undefined,
      source: base,
    };
  }
  return undefined;
};
