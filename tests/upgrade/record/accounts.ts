import * as z from "zod";
import { Dashboard, type OldGateway } from "./old-gateway.ts";

/** API keys and provider keys in every state that the dashboard and the operators' commands lead to. */

const apiKeySchema = z.object({ keyId: z.string(), key: z.string() });
type ApiKey = z.infer<typeof apiKeySchema>;

const graceSeconds = 3_600;
/** A recording polls its jobs with it. */
const plainRateLimit = 1_000;

const createKey = async (dashboard: Dashboard, name: string, more: object = {}): Promise<ApiKey> =>
  apiKeySchema.parse(await dashboard.send("POST", "/api/v1/keys", { name, ...more }));

const rotate = async (dashboard: Dashboard, { keyId }: ApiKey, gracePeriodSeconds: number): Promise<ApiKey> =>
  apiKeySchema.parse(await dashboard.send("POST", `/api/v1/keys/${keyId}/rotate`, { gracePeriodSeconds }));

export const makeApiKeys = async (
  gateway: OldGateway,
): Promise<Record<string, ApiKey> & { readonly plain: ApiKey }> => {
  const { apiKey, user, local } = gateway.ready;
  const owner = await new Dashboard(gateway).signIn(user);
  const [grace, replaced] = [await createKey(owner, "rotated"), await createKey(owner, "replaced at once")];
  const [disabled, revoked] = [await createKey(owner, "disabled"), await createKey(owner, "revoked")];
  await owner.send("PATCH", `/api/v1/keys/${disabled.keyId}`, { enabled: false });
  await owner.send("DELETE", `/api/v1/keys/${revoked.keyId}`);
  return {
    unkeyOnly: { key: apiKey, keyId: local.keyId },
    plain: await createKey(owner, "plain", { rateLimit: plainRateLimit }),
    expiring: await createKey(owner, "expiring", { expiresAt: "2099-01-01T00:00:00Z", rateLimit: 120 }),
    disabled,
    revoked,
    grace,
    rotated: await rotate(owner, grace, graceSeconds),
    replaced,
    replacement: await rotate(owner, replaced, 0),
  };
};

export interface BannedUser {
  readonly userId: string;
  readonly email: string;
  readonly password: string;
  readonly apiKey: ApiKey;
}

/** A user with a key, who is to be disabled. */
export const makeBannedUser = async (gateway: OldGateway): Promise<BannedUser> => {
  const account = { email: "banned@concurred.local", password: "banned-for-the-fixtures" };
  const userId = await gateway.addUser(account);
  const dashboard = await new Dashboard(gateway).signIn(account);
  return { userId, ...account, apiKey: await createKey(dashboard, "banned") };
};

interface ProviderKey {
  readonly id: string;
  readonly slug: string;
  readonly apiKey: string;
}

const storeProviderKey = async (dashboard: Dashboard, provider: string): Promise<ProviderKey> => {
  const slug = `my-${provider}`;
  const apiKey = `${provider}-key-of-the-fixtures-0001`;
  const input = { provider, slug, displayName: `My ${provider}`, apiKey };
  const { id } = z.object({ id: z.string() }).parse(await dashboard.send("POST", "/api/v1/provider-keys", input));
  return { id, slug, apiKey };
};

/** One that a rotation re-encrypted, one that was removed again, one stored later, and a rotation that was cut off. */
export const makeProviderKeys = async (gateway: OldGateway): Promise<Record<string, ProviderKey>> => {
  const dashboard = await new Dashboard(gateway).signIn(gateway.ready.user);
  const [xai, minimax] = [await storeProviderKey(dashboard, "x-ai"), await storeProviderKey(dashboard, "minimax")];
  await gateway.operate("rotate-provider-keys");
  const google = await storeProviderKey(dashboard, "google");
  await dashboard.send("DELETE", `/api/v1/provider-keys/${minimax.id}`);
  const withoutKms = gateway.operate("rotate-provider-keys", [], { AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:1" });
  const failed = await withoutKms.then(
    () => false,
    () => true,
  );
  if (!failed) throw new Error("A rotation without KMS was to fail");
  return { "x-ai": xai, minimax, google };
};
