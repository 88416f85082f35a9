import { createHash } from "node:crypto";
import type * as z from "zod/v4/core";
import { GatewayError } from "#core/errors.ts";
import { checkLimits, checkValue } from "./body.ts";
import type { Endpoint } from "./handler.ts";
import { jsonFault } from "./json-position.ts";
import { parseWith } from "./parse-with.ts";
import type { Call } from "./request-state.ts";
import type { EndpointResult } from "./response.ts";

/**
 * Bodies of `multipart/form-data`. API Gateway hands them over as base64 (`binaryMediaTypes`), so that Lambda's 6 MB for an
 * event leave about 4.5 MB for a body. Source: API Gateway developer guide, "Content type conversions".
 */

/** Decoded bytes of the whole body. */
export const maxMultipartBytes = 4_500_000;
const maxFields = 100;

/** A file of a form. As JSON it is its name, type and hash, which is what an `Idempotency-Key` compares. */
export class UploadedFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Buffer;

  constructor(name: string, contentType: string, bytes: Buffer) {
    this.name = name;
    this.contentType = contentType;
    this.bytes = bytes;
  }

  toJSON(): Readonly<Record<string, string>> {
    const { name, contentType, bytes } = this;
    return { name, contentType, sha256: createHash("sha256").update(bytes).digest("hex") };
  }
}

type FieldValue = string | UploadedFile;

const bytesOf = ({ body, isBase64Encoded }: Call<unknown>): Buffer => {
  if (typeof body !== "string" || body === "") throw new GatewayError("BAD_REQUEST", "The body is empty.");
  const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  if (bytes.length > maxMultipartBytes) {
    throw new GatewayError("PAYLOAD_TOO_LARGE", `The body is over ${maxMultipartBytes} bytes.`, {
      details: { maxBytes: maxMultipartBytes },
    });
  }
  return bytes;
};

const parseForm = async (bytes: Buffer, contentType: string): Promise<FormData> => {
  try {
    return await new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } }).formData();
  } catch {
    // The parser's own message says no more than this.
    throw new GatewayError("BAD_REQUEST", "The body is not valid multipart/form-data.");
  }
};

const fieldValue = async (value: FormDataEntryValue): Promise<FieldValue> =>
  typeof value === "string" ? value : new UploadedFile(value.name, value.type, Buffer.from(await value.arrayBuffer()));

/** Fields by name. `name[]`, as SDKs write lists, and repeated names are lists. */
const toFields = async (form: FormData): Promise<Record<string, unknown>> => {
  const lists = new Map<string, { readonly values: FieldValue[]; isList: boolean }>();
  let count = 0;
  for (const [written, value] of form) {
    count += 1;
    if (count > maxFields) throw new GatewayError("BAD_REQUEST", `The form has more than ${maxFields} fields.`);
    const isList = written.endsWith("[]");
    const name = isList ? written.slice(0, -2) : written;
    const field = lists.get(name) ?? { values: [], isList: false };
    field.values.push(await fieldValue(value));
    field.isList ||= isList;
    lists.set(name, field);
  }
  // The names alone: a file's bytes are no members.
  checkValue(Object.fromEntries([...lists].map(([name]) => [name, null])));
  return Object.fromEntries(
    [...lists].map(([name, { values, isList }]) => [name, isList || values.length > 1 ? values : values[0]]),
  );
};

const parseJson = (bytes: Buffer): unknown => {
  const text = bytes.toString("utf8");
  checkLimits(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const fault = jsonFault(text);
    const where = fault === undefined ? "" : `: the error is at line ${fault.line}, column ${fault.column}`;
    throw new GatewayError("BAD_REQUEST", `The body is not valid JSON${where}.`);
  }
  checkValue(value);
  return value;
};

const readFields = async (call: Call<unknown>, takesJson: boolean): Promise<unknown> => {
  const contentType = call.headers["content-type"] ?? "";
  if (/^\s*multipart\/form-data\s*;/i.test(contentType)) return toFields(await parseForm(bytesOf(call), contentType));
  if (takesJson && /^\s*application\/json\s*(;|$)/i.test(contentType)) return parseJson(bytesOf(call));
  const types = takesJson ? "multipart/form-data or application/json" : "multipart/form-data";
  throw new GatewayError("UNSUPPORTED_MEDIA_TYPE", `Send the body as ${types}.`, { param: "Content-Type" });
};

/**
 * An endpoint that takes a form, checked against a schema after the key. With `takesJson`, JSON is accepted as well.
 * The handler does not parse it: a form is read only for a caller who may send one.
 */
export const withForm = <Schema extends z.$ZodType>(
  schema: Schema,
  handle: (call: Call<z.output<Schema>>) => Promise<EndpointResult>,
  { takesJson = false }: { readonly takesJson?: boolean } = {},
): Endpoint => ({
  handle: async (call) => {
    const fields = await readFields(call, takesJson);
    return handle(Object.assign(call, { body: parseWith(schema, fields) }));
  },
});
