import type { ChatRequest } from "../../api/chat.ts";
import { root } from "../../root.ts";

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The start of a key, enough to tell which one it is. */
export const maskKey = (key: string): string => (key === "" ? "ck_…" : `${key.slice(0, 7)}…`);

/** The same call from a terminal, with the key masked. */
export const toCurl = (apiKey: string, body: ChatRequest): string =>
  [
    `curl -N ${location.origin}${root}api/v1/chat/completions`,
    `-H ${quoted(`Authorization: Bearer ${maskKey(apiKey)}`)}`,
    "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(body, null, 2))}`,
  ].join(" \\\n  ");
