import * as z from "zod/mini";
import { OutboundError, readText, send } from "#core/outbound/transport.ts";
import type { Citation } from "#core/schemas/arena-events.ts";
import { providerApiKey, providerBaseUrl } from "#core/upstreams.ts";

/** Web search by Exa (POST /search). Without a key there is no search, and models are not offered the tool. */

/** Exa refused: it bills nothing. */
class ExaRefused extends Error {
  override readonly name = "ExaRefused";
}

/** Whether a search that failed may have to be paid: Exa has it, and has not refused it. */
export const searchMayBeBilled = (thrown: unknown): boolean =>
  thrown instanceof OutboundError ? thrown.sent : !(thrown instanceof ExaRefused);

const resultSchema = z.object({
  results: z.array(
    z.object({
      url: z.string(),
      title: z.nullish(z.string()),
      text: z.nullish(z.string()),
      highlights: z.nullish(z.array(z.string())),
    }),
  ),
});

const resultsPerSearch = 5;
const snippetCharacters = 500;
const timeoutMs = 10_000;
const maxAnswerBytes = 2 * 1024 * 1024;

export const searchAvailable = (): boolean => providerApiKey("exa") !== undefined;

/** Only web addresses become citations: what a page calls its URL may be anything. */
const isWebUrl = (url: string): boolean => /^https?:\/\/[^\s"<>]+$/i.test(url) && url.length <= 2_000;

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Searches the web; results are trimmed. Throws when Exa is out of reach or answers with an error. */
export const searchWeb = async (query: string, signal: AbortSignal): Promise<readonly Citation[]> => {
  const response = await send({
    url: `${providerBaseUrl("exa")}/search`,
    headers: { "content-type": "application/json", "x-api-key": providerApiKey("exa") ?? "" },
    body: JSON.stringify({
      query,
      numResults: resultsPerSearch,
      contents: { text: { maxCharacters: snippetCharacters } },
    }),
    signal,
    headersTimeoutMs: timeoutMs,
    idleTimeoutMs: timeoutMs,
  });
  const text = await readText(response, maxAnswerBytes, signal);
  if (response.statusCode !== 200) throw new ExaRefused(`Exa answered with status ${response.statusCode}`);
  return resultSchema
    .parse(JSON.parse(text))
    .results.filter(({ url }) => isWebUrl(url))
    .slice(0, resultsPerSearch)
    .map(({ url, title, text: body, highlights }) => ({
      url,
      title: oneLine(title ?? url).slice(0, 200),
      snippet: oneLine(body ?? highlights?.join(" ") ?? "").slice(0, snippetCharacters),
    }));
};
