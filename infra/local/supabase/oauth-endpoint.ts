import type { AuthContext, SimulatedAccount } from "./auth-context.ts";
import { AuthError } from "./auth-error.ts";
import type { UserRecord } from "./auth-state.ts";
import { codeChallenge, issueCode, startFlow } from "./flows.ts";
import { type Endpoint, redirect, validEmail } from "./http.ts";
import { allowedRedirect, redirectWithCode, redirectWithError, redirectWithTokens } from "./redirects.ts";
import { startSession } from "./sessions.ts";
import { requireSignUpsEnabled } from "./signup-endpoint.ts";
import {
  addIdentity,
  confirmUser,
  createUser,
  findUserByEmail,
  isBanned,
  isConfirmed,
  mergeMetadata,
  simulatedProviderId,
} from "./users.ts";

/**
 * The user of a provider's account, created or linked by its verified address. What an unconfirmed user of that address
 * had set up goes: whoever did so never proved to own it.
 */
const userOfAccount = (context: AuthContext, provider: string, account: SimulatedAccount): UserRecord => {
  const email = validEmail(account.email);
  const providerId = simulatedProviderId(provider, email);
  const known = findUserByEmail(context, email);
  if (known === undefined) requireSignUpsEnabled(context);
  const record = known ?? createUser(context, { email, passwordHash: null, provider, providerId });
  const { user } = record;
  if (isBanned(context, user)) throw new AuthError(403, "user_banned", "User is banned");
  if (known !== undefined && !isConfirmed(user)) {
    record.passwordHash = null;
    user.identities = [];
  }
  if (!user.identities.some((identity) => identity.provider === provider)) {
    addIdentity(context, user, provider, providerId);
  }
  const name = account.name === undefined ? {} : { name: account.name, full_name: account.name };
  user.user_metadata = mergeMetadata(user.user_metadata, { ...name, provider_id: providerId });
  confirmUser(context, user);
  return record;
};

/**
 * GET /authorize: signs in with a simulated OAuth provider, which asks nothing and leads straight back to `redirect_to`
 * with a code (PKCE) or with tokens in the fragment. `login_hint` chooses another account than the configured one.
 */
export const authorizeEndpoint: Endpoint = (context, request) => {
  const { query } = request;
  const provider = query.get("provider") ?? "";
  const account = new Map(Object.entries(context.settings.oauthProviders)).get(provider);
  if (account === undefined) {
    throw new AuthError(400, "validation_failed", "Unsupported provider: provider is not enabled");
  }
  const challenge = codeChallenge({
    code_challenge: query.get("code_challenge") ?? "",
    code_challenge_method: query.get("code_challenge_method") ?? "",
  });
  const target = allowedRedirect(context, request);
  try {
    const record = userOfAccount(context, provider, { ...account, email: query.get("login_hint") ?? account.email });
    if (challenge === undefined) {
      return redirect(302, redirectWithTokens(target, startSession(context, record, "oauth"), "oauth"));
    }
    startFlow(context, record.user.id, "oauth", challenge);
    return redirect(302, redirectWithCode(target, issueCode(context, record.user.id, "oauth")));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    return redirect(302, redirectWithError(target, error, true));
  }
};
