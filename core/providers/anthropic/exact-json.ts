interface ReviverContext {
  readonly source?: string;
}
interface JsonWithSource {
  parse(text: string, reviver: (key: string, value: unknown, context: ReviverContext) => unknown): unknown;
  rawJSON(text: string): unknown;
}

// JSON.rawJSON and the reviver's context are in Node from 22 on, and not yet in TypeScript's ES2024 library.
const json = JSON as unknown as JsonWithSource;

/** Fewer digits than these always fit a double. */
const longNumber = /\d{16}/;

const keepSource = (_key: string, value: unknown, { source }: ReviverContext): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && String(value) !== source
    ? json.rawJSON(source)
    : value;

/**
 * `JSON.parse` whose numbers survive `JSON.stringify` as they came: an id of 19 digits in a tool's arguments must not be
 * rounded on its way through. Such a number is an opaque raw-JSON object in between.
 * @throws SyntaxError
 */
export const parseExactJson = (text: string): unknown =>
  longNumber.test(text) ? json.parse(text, keepSource) : JSON.parse(text);
