import { councilPriceClass } from "#core/catalog/council-models.ts";
import { loadBedrock } from "#core/catalog/load-bedrock.ts";
import { presetPrefix } from "#core/catalog/preset-name.ts";
import { longestTimeoutMs } from "#core/chat/check-request.ts";
import { type ChatOpening, openChat } from "#core/chat/open-chat.ts";
import type { OpenChat } from "#core/chat/opened-chat.ts";
import type { Call } from "./request-state.ts";

/** Opens what answers a request: a model, or a council where the request names one. @throws GatewayError */
export const openAnswer = async (call: Call<unknown>, opening: ChatOpening): Promise<OpenChat> => {
  if (opening.body.model.startsWith(presetPrefix)) {
    // Few requests name a preset: the others do not load what reads it.
    const { openPresetAnswer } = await import("./preset-answer.ts");
    // A preset may name any model.
    await loadBedrock();
    return openPresetAnswer(opening, longestTimeoutMs, (named) => openAnswer(call, named));
  }
  const priceClass = councilPriceClass(opening.body.model);
  if (priceClass === undefined) return openChat(call, opening);
  // Few requests name a council: the others do not load one.
  const { openCountedCouncil } = await import("./council-answer.ts");
  return openCountedCouncil(call, opening, priceClass);
};
