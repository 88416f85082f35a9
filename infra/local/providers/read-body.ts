import type { IncomingMessage } from "node:http";
import { isJsonObject, type JsonObject } from "./json.ts";
import { ProviderRefusal } from "./refusal.ts";

const maximumBytes = 50 * 1024 * 1024;

const isWellFormed = (value: unknown): boolean =>
  typeof value === "string"
    ? value.isWellFormed()
    : typeof value !== "object" ||
      value === null ||
      Object.entries(value).every(([name, each]) => name.isWellFormed() && isWellFormed(each));

/** Reads a JSON object. Throws `ProviderRefusal` (400, 413) in the words of OpenAI. */
export const readBody = async (
  request: IncomingMessage,
): Promise<{ readonly body: JsonObject; readonly text: string; readonly byteLength: number }> => {
  const chunks: Buffer[] = [];
  let byteLength = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    byteLength += bytes.length;
    if (byteLength > maximumBytes) throw new ProviderRefusal(413, "Request exceeds the maximum size");
    chunks.push(bytes);
  }
  const text = Buffer.concat(chunks).toString();
  let body: unknown;
  try {
    body = JSON.parse(text);
    // Strict readers of JSON refuse half a character, which JavaScript's does not.
    if (text.includes("\\ud") && !isWellFormed(body)) throw new SyntaxError("Half a surrogate pair");
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ProviderRefusal(400, "We could not parse the JSON body of your request.");
  }
  if (!isJsonObject(body)) throw new ProviderRefusal(400, "The body of your request must be a JSON object.");
  return { body, text, byteLength };
};
