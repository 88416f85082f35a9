import "#adapter";
import type { ChatProvider, ProviderCall, ProviderReply } from "#core/providers/provider.ts";
import { exchange } from "./exchange.ts";
import { defaultVersion, passesNatively } from "./native-request.ts";
import { toRequest } from "./to-request.ts";

/** Anthropic's Messages API behind the gateway's interface. */
export const anthropicProvider: ChatProvider = {
  async chat(call: ProviderCall): Promise<ProviderReply> {
    const { model, request, native } = call;
    if (native?.dialect === "messages" && passesNatively(call, native)) {
      const { nativeMessages } = await import("./native-messages.ts");
      return nativeMessages(call, native);
    }
    const { body, warnings } = toRequest(request, { model, byok: call.credential.byok });
    return exchange(call, { body, warnings, headers: { "anthropic-version": defaultVersion } });
  },
};
