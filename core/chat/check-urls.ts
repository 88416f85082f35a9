import { GatewayError } from "#core/errors.ts";
import { webUrlProblem } from "#core/outbound/web-url.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";
import { isRecord } from "#core/values/records.ts";

/** The URL of a part, which some provider would fetch, with the field that has it. Data in the part itself is no URL. */
const urlOf = (part: unknown): readonly [field: string, url: string] | undefined => {
  if (!isRecord(part)) return undefined;
  if (part.type === "image_url" && isRecord(part.image_url)) {
    const url = String(part.image_url.url);
    return /^data:/i.test(url) ? undefined : ["image_url.url", url];
  }
  if (part.type !== "file" || !isRecord(part.file)) return undefined;
  // Base64 may stand there without the head of a data: URL.
  const data = part.file.file_data;
  return typeof data === "string" && /^\s*(?!data:)[a-z][a-z0-9+.-]*:/i.test(data)
    ? ["file.file_data", data]
    : undefined;
};

/** Refuses URLs that lead to a private network, no matter which side fetches them. @throws GatewayError BAD_REQUEST */
export const checkUrls = ({ messages }: Pick<ChatRequest, "messages">): void => {
  for (const [message, { content }] of messages.entries()) {
    if (!Array.isArray(content)) continue;
    for (const [part, value] of (content as readonly unknown[]).entries()) {
      const [field, url] = urlOf(value) ?? [];
      // URLs that their host has signed are long: the body's own bound holds.
      const problem = url === undefined ? undefined : webUrlProblem(url, "http", Number.POSITIVE_INFINITY);
      if (problem === undefined) continue;
      throw new GatewayError("BAD_REQUEST", `The URL cannot be used: ${problem}.`, {
        param: `messages[${message}].content[${part}].${field}`,
      });
    }
  }
};
