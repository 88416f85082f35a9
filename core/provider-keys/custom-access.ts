import { config } from "#core/config.ts";
import type { CustomEndpoint } from "#core/db/provider-key-rows.ts";
import { GatewayError } from "#core/errors.ts";
import { guardedAgent } from "#core/outbound/guarded-agent.ts";
import { OutboundError } from "#core/outbound/transport.ts";
import type { CustomAccess } from "#core/providers/provider.ts";

/**
 * How a custom provider is asked, with connections that only its own public address gets.
 * @throws GatewayError BAD_REQUEST for an address that may not be used (any more)
 */
export const customAccess = ({ baseUrl, protocol, authHeader, apiVersion }: CustomEndpoint): CustomAccess => {
  try {
    return { protocol, authHeader, apiVersion, agent: guardedAgent(baseUrl, config.customHosts()) };
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    throw new GatewayError("BAD_REQUEST", `${error.message}. Custom providers have public https addresses.`, {
      param: "baseUrl",
    });
  }
};
