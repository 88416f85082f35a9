import { publicJwk } from "./access-token.ts";
import { type Endpoint, ok } from "./http.ts";

/** GET /.well-known/jwks.json: every key whose tokens may still be about. */
export const jwksEndpoint: Endpoint = ({ state }) => ({
  ...ok({ keys: state.signingKeys.map(publicJwk) }),
  headers: { "cache-control": "public, max-age=600" },
});

/** GET /health, which says that this is a stand-in. */
export const healthEndpoint: Endpoint = () =>
  ok({ version: "stand-in", name: "GoTrue", description: "A local stand-in for Supabase Auth" });

/** GET /settings: what a sign-in page may offer. */
export const settingsEndpoint: Endpoint = ({ settings }) => {
  const providers = Object.keys(settings.oauthProviders).map((provider) => [provider, true]);
  return ok({
    external: { ...Object.fromEntries(providers), email: true, phone: false, anonymous_users: false },
    disable_signup: settings.signUpsDisabled,
    mailer_autoconfirm: !settings.confirmEmail,
    phone_autoconfirm: false,
    sms_provider: "",
    saml_enabled: false,
  });
};
