import type { IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type { JsonObject } from "#infra/local/providers/json.ts";
import { ProviderRefusal } from "#infra/local/providers/refusal.ts";

/**
 * Reads a form as a JSON object: texts by name, files as their name, type and size, repeated names as lists.
 * Throws `ProviderRefusal` when it is not a form.
 */
export const readForm = async (
  request: IncomingMessage,
): Promise<{ readonly body: JsonObject; readonly byteLength: number }> => {
  const bytes = await buffer(request);
  const headers = { "content-type": request.headers["content-type"] ?? "" };
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(bytes), { headers }).formData();
  } catch {
    throw new ProviderRefusal(400, "We could not parse the form of your request.");
  }
  const body: Record<string, JsonObject[string]> = {};
  for (const name of new Set(form.keys())) {
    const values = form
      .getAll(name)
      .map((value) => (typeof value === "string" ? value : { name: value.name, type: value.type, size: value.size }));
    body[name] = (values.length === 1 ? values[0] : values) as JsonObject[string];
  }
  return { body, byteLength: bytes.length };
};
