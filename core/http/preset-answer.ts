import { withHeaderFields } from "#core/chat/header-fields.ts";
import type { ChatOpening } from "#core/chat/open-chat.ts";
import type { OpenChat } from "#core/chat/opened-chat.ts";
import { withPreset } from "#core/presets/with-preset.ts";
import type { ChatRequest } from "#core/schemas/chat.ts";

/** Only an answer that is not streamed has warnings of its preset. */
const warned = (answer: OpenChat, warnings: readonly string[]): OpenChat => ({
  ...answer,
  whole: async () => {
    const { headers, ...whole } = await answer.whole();
    const known = headers["x-warnings"];
    const names = [...(known === undefined ? [] : [known]), ...warnings];
    return { ...whole, headers: { ...headers, "x-warnings": names.join(", ") } };
  },
});

/**
 * Opens what answers a request that names a preset. The functions are passed in: every cold start would read a chunk that a
 * lazily loaded module shares. @throws GatewayError
 */
export const openPresetAnswer = async (
  opening: ChatOpening,
  longestTimeoutMs: (request: ChatRequest) => number,
  open: (opening: ChatOpening) => Promise<OpenChat>,
): Promise<OpenChat> => {
  // What a header says is the request's own word, too.
  const body = withHeaderFields(opening.body, opening.headers);
  const { opening: named, warnings } = await withPreset({ ...opening, body }, longestTimeoutMs(body));
  const answer = await open(named);
  return warnings.length === 0 ? answer : warned(answer, warnings);
};
