import { settingOf } from "#infra/settings.ts";
import type { Dependencies } from "../dependencies.ts";
import { FunctionRights, type RightsHolder, type RightsObserver, type RightsPlace } from "./function-rights.ts";
import { type Denial, startGuard } from "./guard.ts";

type Guarded = Pick<Dependencies, "dynamoDbEndpoint" | "kmsEndpoint" | "stsEndpoint" | "kmsKeyArn" | "tableNames"> & {
  readonly bedrockUrl?: string | undefined;
};

export interface RightsOptions {
  readonly dependencies: Guarded;
  readonly holders: readonly RightsHolder[];
  readonly onDenied: (denial: Denial) => void;
  readonly onAllowed?: RightsObserver | undefined;
}

export interface LocalRights {
  readonly rights: FunctionRights;
  /** What functions are given in place of the services' own endpoints. */
  readonly dynamoDbEndpoint: string;
  readonly kmsEndpoint: string;
  /** Undefined where there is none. */
  readonly bedrockUrl: string | undefined;
  readonly stsEndpoint: string;
  close(): Promise<void>;
}

/** The path of one address on the host of another. */
const below = (host: string, address: string): string => `${host}${new URL(address).pathname.replace(/\/$/, "")}`;

const placeOf = ({ kmsKeyArn, tableNames }: Guarded): RightsPlace => ({
  app: "concurred",
  stage: "local",
  region: "us-east-1",
  tableArnPrefix: "arn:aws:dynamodb:us-east-1:000000000000:table/",
  keyArn: kmsKeyArn,
  tableNames,
  bedrock: {
    named: settingOf("BEDROCK_MODELS") ?? new Map(),
    region: settingOf("BEDROCK_REGION") ?? "us-east-1",
    accountId: "000000000000",
    partition: "aws",
  },
});

/** Puts a guard before each of DynamoDB, KMS, Bedrock and STS. A server that is reached over TLS checks rights itself. */
export const startRights = async (options: RightsOptions): Promise<LocalRights> => {
  const { dependencies, holders, onDenied, onAllowed } = options;
  const place = placeOf(dependencies);
  const rights = new FunctionRights(place, holders, onAllowed);
  const guard = async (target: string): Promise<{ readonly url: string; close(): Promise<void> }> =>
    target.startsWith("https:")
      ? { url: target, close: async () => undefined }
      : await startGuard({ target, place, rights, onDenied });
  const { bedrockUrl } = dependencies;
  const [dynamoDb, kms, bedrock, sts] = await Promise.all([
    guard(dependencies.dynamoDbEndpoint),
    guard(dependencies.kmsEndpoint),
    bedrockUrl === undefined ? undefined : guard(bedrockUrl),
    guard(dependencies.stsEndpoint),
  ]);
  return {
    rights,
    dynamoDbEndpoint: dynamoDb.url,
    kmsEndpoint: kms.url,
    stsEndpoint: sts.url,
    bedrockUrl: bedrock === undefined || bedrockUrl === undefined ? undefined : below(bedrock.url, bedrockUrl),
    close: async () => {
      await Promise.all([dynamoDb.close(), kms.close(), bedrock?.close(), sts.close()]);
    },
  };
};
