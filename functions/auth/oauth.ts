import type { Provider } from "@supabase/supabase-js";
import { rejectUnavailable } from "#core/auth/session-claims.ts";
import { GatewayError } from "#core/errors.ts";
import { byAddress, supabaseFor } from "#core/http/authenticate-session.ts";
import { jsonHandler } from "#core/http/handler.ts";
import { callbackUrl } from "#core/http/origin.ts";
import { oAuthRoute } from "#core/routes.ts";

const providers: ReadonlySet<string> = new Set<Provider>(["github", "google"]);

const isProvider = (name: string): name is Provider => providers.has(name);

/** GET /api/auth/oauth/:provider: sends the browser to the provider, with PKCE */
export const handler = jsonHandler({
  route: oAuthRoute,
  authenticate: byAddress,
  endpoints: {
    GET: {
      handle: async (call) => {
        const provider = call.pathParameters.provider ?? "";
        if (!isProvider(provider))
          throw new GatewayError("NOT_FOUND", "The provider must be github or google.", { param: "provider" });
        const { data, error } = await supabaseFor(call).supabase.auth.signInWithOAuth({
          provider,
          options: { redirectTo: callbackUrl(call, call.query.next), skipBrowserRedirect: true },
        });
        rejectUnavailable(error);
        if (error !== null || data.url === null)
          throw new GatewayError("BAD_REQUEST", "This sign-in provider is not available.");
        return { status: 303, headers: { location: data.url } };
      },
    },
  },
});
