import { customPresets } from "#core/catalog/custom-presets.ts";
import { customPrefix } from "#core/catalog/resolve.ts";
import type { ByokProvider, CustomEndpoint, CustomModel, ProviderKeyRow, Sealed } from "#core/db/provider-key-rows.ts";
import {
  confirmAddition,
  externalIdOf,
  insertProviderKey,
  listProviderKeys,
  removeProviderKey,
  updateProviderKey,
} from "#core/db/provider-keys.ts";
import { GatewayError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { loggableError, logger } from "#core/observability/logger.ts";
import type { KeyCredential } from "#core/providers/provider.ts";
import type {
  CreateProviderKey,
  CustomAddress,
  TestProviderKey,
  UpdateProviderKey,
} from "#core/schemas/provider-keys.ts";
import { bedrockBaseUrl, providerBaseUrl } from "#core/upstreams.ts";
import { checkBaseUrl } from "./base-url.ts";
import { customAccess } from "./custom-access.ts";
import { requireForeignRole } from "./role-arn.ts";
import { newExternalId } from "./role-sessions.ts";
import { sealProviderKey } from "./seal-provider-key.ts";
import type { KeyTest } from "./test-provider-key.ts";

/** A provider key as its owner sees it: never more of it than the last four characters. */
export interface ProviderKeyView
  extends Pick<ProviderKeyRow, "id" | "provider" | "slug" | "displayName" | "last4" | "createdAt"> {
  /** It serves no request. */
  readonly paused: boolean;
  /** ISO 8601, to the hour; null before its first use. */
  readonly lastUsedAt: string | null;
  /** Of Amazon Bedrock. */
  readonly region?: string;
  /** The role that is assumed in place of a key. */
  readonly roleArn?: string;
  /** Of a custom provider. */
  readonly custom?: CustomView;
}

interface CustomView extends Omit<CustomEndpoint, "models"> {
  /** How names of its models begin. */
  readonly modelPrefix: string;
  readonly models: readonly CustomModel[];
}

const usd = (microUsd: number): number => microUsd / 1_000_000;
const microUsd = (dollars: number): number => Math.round(dollars * 1_000_000);

type Prices = NonNullable<CustomModel["prices"]>;

const mapPrices = (prices: Prices, map: (price: number) => number): Prices => ({
  input: map(prices.input),
  output: map(prices.output),
  ...(prices.cachedInput === undefined ? {} : { cachedInput: map(prices.cachedInput) }),
  ...(prices.cacheWrite === undefined ? {} : { cacheWrite: map(prices.cacheWrite) }),
});

const withPrices = (models: readonly CustomModel[], map: (price: number) => number): CustomModel[] =>
  models.map(({ prices, ...model }) => (prices === undefined ? model : { ...model, prices: mapPrices(prices, map) }));

const toView = ({
  id,
  provider,
  slug,
  displayName,
  last4,
  createdAt,
  paused = false,
  lastUsedAt,
  region,
  awsRole,
  custom,
}: ProviderKeyRow): ProviderKeyView => ({
  id,
  provider,
  slug,
  displayName,
  last4,
  createdAt,
  paused,
  lastUsedAt: lastUsedAt ?? null,
  ...(region === undefined ? {} : { region }),
  ...(awsRole === undefined ? {} : { roleArn: awsRole.arn }),
  ...(custom === undefined
    ? {}
    : { custom: { ...custom, models: withPrices(custom.models, usd), modelPrefix: customPrefix(slug) } }),
});

/** The address and the form of a custom provider. @throws GatewayError BAD_REQUEST for an address that may not be used */
const endpointOf = ({ preset, apiVersion, models = [], ...asked }: CustomAddress): CustomEndpoint => {
  const known = preset === undefined ? undefined : customPresets[preset];
  const protocol = asked.protocol ?? known?.protocol ?? "openai";
  return {
    baseUrl: checkBaseUrl(asked.baseUrl ?? known?.baseUrl ?? ""),
    protocol,
    authHeader: asked.authHeader ?? known?.authHeader ?? (protocol === "anthropic" ? "x-api-key" : "authorization"),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    models: withPrices(models, microUsd),
  };
};

/** Fewer characters of a short key: the last four of a few would be most of it. */
const lastFour = (apiKey: string): string => (apiKey.length < 8 ? "" : apiKey.slice(-4));

const credentialOf = (
  provider: ByokProvider,
  apiKey: string,
  custom: CustomEndpoint | undefined,
  region: string | undefined,
): KeyCredential => {
  if (provider === "custom") {
    if (custom === undefined) throw new Error("A custom provider has no address");
    return { apiKey, byok: true, baseUrl: custom.baseUrl, custom: customAccess(custom) };
  }
  if (provider === "bedrock") return { apiKey, byok: true, baseUrl: bedrockBaseUrl(region) };
  return { apiKey, byok: true, baseUrl: providerBaseUrl(provider) };
};

/** Who tries a key, and in which request. */
interface Trial {
  readonly userId: string;
  readonly requestId: string;
}

/** What a request says of how a provider is called. */
type Access = TestProviderKey | CreateProviderKey;

const roleArnOf = (input: Access): string | undefined => (input.provider === "bedrock" ? input.roleArn : undefined);
const regionOf = (input: Access): string | undefined => (input.provider === "bedrock" ? input.region : undefined);

/** The schema holds that there is a key where there is no role. */
const apiKeyOf = ({ apiKey }: Access): string => {
  if (apiKey === undefined) throw new Error("Neither a key nor a role");
  return apiKey;
};

/** The user's external id, which their roles have to require. @throws AwsError */
export const bedrockExternalId = (userId: string): Promise<string> => externalIdOf(userId, newExternalId);

/** Asks a provider whether it takes what a request says. */
const tried = async (
  { userId, requestId }: Trial,
  input: Access,
  custom: CustomEndpoint | undefined,
  model: string | undefined,
): Promise<KeyTest> => {
  const { testProviderKey, testRole } = await import("./test-provider-key.ts");
  const roleArn = roleArnOf(input);
  if (roleArn === undefined) {
    return testProviderKey(
      input.provider,
      credentialOf(input.provider, apiKeyOf(input), custom, regionOf(input)),
      model,
    );
  }
  requireForeignRole(roleArn);
  const externalId = await bedrockExternalId(userId);
  return testRole({ userId, id: "", roleArn, externalId }, regionOf(input), requestId);
};

/** Asks the provider of a key that is not stored whether it takes it. @throws GatewayError BAD_REQUEST for a bad address or role */
export const tryProviderKey = (userId: string, input: TestProviderKey, requestId: string): Promise<KeyTest> => {
  const isCustom = input.provider === "custom";
  return tried(
    { userId, requestId },
    input,
    isCustom ? endpointOf(input) : undefined,
    isCustom ? input.model : undefined,
  );
};

/** Renames a key, pauses it, or ends its pause. @throws GatewayError NOT_FOUND also for another user's; BAD_REQUEST */
export const changeProviderKey = async (
  userId: string,
  id: string,
  changes: UpdateProviderKey,
): Promise<ProviderKeyView> => {
  requireUnicode(changes.displayName ?? "");
  const row = await updateProviderKey(userId, id, changes);
  if (row === undefined) throw new GatewayError("NOT_FOUND", "No provider key has this id.", { param: "id" });
  return toView(row);
};

/** Half of a surrogate pair is no text: DynamoDB refuses it. @throws GatewayError BAD_REQUEST */
const requireUnicode = (displayName: string): void => {
  if (displayName.isWellFormed()) return;
  throw new GatewayError("BAD_REQUEST", "The field displayName is not valid Unicode.", { param: "displayName" });
};

/** What a row keeps of a key, or of the role in its place. @throws GatewayError BAD_REQUEST for a role that is never assumed */
const keptAccess = async (
  userId: string,
  input: CreateProviderKey,
  id: string,
  custom: CustomEndpoint | undefined,
): Promise<Pick<ProviderKeyRow, "last4" | "awsRole"> & Partial<Sealed>> => {
  const arn = roleArnOf(input);
  if (arn !== undefined) {
    requireForeignRole(arn);
    return { last4: "", awsRole: { arn, externalId: await bedrockExternalId(userId) } };
  }
  const apiKey = apiKeyOf(input);
  const { provider } = input;
  return { last4: lastFour(apiKey), ...(await sealProviderKey(apiKey, { userId, provider, id, custom })) };
};

/** Seals and stores a provider key. @throws GatewayError BAD_REQUEST, CONFLICT for a slug that is taken or at the cap of keys */
export const storeProviderKey = async (
  userId: string,
  input: CreateProviderKey,
  requestId = "verify",
): Promise<ProviderKeyView> => {
  const { provider, slug, displayName } = input;
  requireUnicode(displayName);
  const custom = input.provider === "custom" ? endpointOf(input) : undefined;
  if (input.verify === true) {
    const { requireGoodKey } = await import("./test-provider-key.ts");
    requireGoodKey(
      await tried({ userId, requestId }, input, custom, custom?.models[0]?.id),
      provider,
      roleArnOf(input) === undefined ? "apiKey" : "roleArn",
    );
  }
  const region = regionOf(input);
  const id = newId("providerKey");
  const row: ProviderKeyRow = {
    id,
    userId,
    provider,
    slug,
    displayName,
    createdAt: new Date().toISOString(),
    ...(custom === undefined ? {} : { custom }),
    ...(region === undefined ? {} : { region }),
    ...(await keptAccess(userId, input, id, custom)),
  };
  await insertProviderKey(row);
  await confirmAddition(userId).catch((error: unknown) => {
    // The key is stored and counted: a refusal would only make its owner store it twice.
    logger.warn("An added provider key was not counted again", { providerKeyId: id, error: loggableError(error) });
  });
  return toView(row);
};

/** A user's provider keys, newest first. */
export const showProviderKeys = async (userId: string): Promise<readonly ProviderKeyView[]> =>
  (await listProviderKeys(userId)).map(toView).reverse();

/** Removes a provider key: no later request uses it. @throws GatewayError NOT_FOUND also for another user's */
export const deleteProviderKey = async (userId: string, id: string): Promise<void> => {
  if (!(await removeProviderKey(userId, id))) {
    throw new GatewayError("NOT_FOUND", "No provider key has this id.", { param: "id" });
  }
};
