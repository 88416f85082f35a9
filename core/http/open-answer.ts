import { councilPriceClass } from "#core/catalog/council-models.ts";
import { type ChatOpening, type OpenChat, openChat } from "#core/chat/open-chat.ts";
import { presetPrefix } from "#core/presets/preset-name.ts";
import type { Call } from "./request-state.ts";

/** Opens what answers a request: a model, or a council where the request names one. @throws GatewayError */
export const openAnswer = async (call: Call<unknown>, opening: ChatOpening): Promise<OpenChat> => {
  if (opening.body.model.startsWith(presetPrefix)) {
    // Few requests name a preset: the others do not load what reads it.
    const [{ withPreset }, { withHeaderFields }] = await Promise.all([
      import("#core/presets/with-preset.ts"),
      import("#core/chat/header-fields.ts"),
    ]);
    // What a header says is the request's own word, too.
    const body = withHeaderFields(opening.body, opening.headers);
    return openAnswer(call, await withPreset({ ...opening, body }));
  }
  const priceClass = councilPriceClass(opening.body.model);
  if (priceClass === undefined) return openChat(call, opening);
  // Few requests name a council: the others do not load one.
  const { openCountedCouncil } = await import("./council-answer.ts");
  return openCountedCouncil(call, opening, priceClass);
};
