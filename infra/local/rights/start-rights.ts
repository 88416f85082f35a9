import type { Dependencies } from "../dependencies.ts";
import { FunctionRights, type RightsHolder, type RightsObserver, type RightsPlace } from "./function-rights.ts";
import { type Denial, startGuard } from "./guard.ts";

type Guarded = Pick<Dependencies, "dynamoDbEndpoint" | "kmsEndpoint" | "kmsKeyArn" | "tableNames">;

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
  close(): Promise<void>;
}

const placeOf = ({ kmsKeyArn, tableNames }: Guarded): RightsPlace => ({
  app: "concurred",
  stage: "local",
  region: "us-east-1",
  tableArnPrefix: "arn:aws:dynamodb:us-east-1:000000000000:table/",
  keyArn: kmsKeyArn,
  tableNames,
});

/** Puts a guard before DynamoDB and one before KMS. A server that is reached over TLS checks rights itself. */
export const startRights = async (options: RightsOptions): Promise<LocalRights> => {
  const { dependencies, holders, onDenied, onAllowed } = options;
  const place = placeOf(dependencies);
  const rights = new FunctionRights(place, holders, onAllowed);
  const guard = async (target: string): Promise<{ readonly url: string; close(): Promise<void> }> =>
    target.startsWith("https:")
      ? { url: target, close: async () => undefined }
      : await startGuard({ target, place, rights, onDenied });
  const [dynamoDb, kms] = await Promise.all([guard(dependencies.dynamoDbEndpoint), guard(dependencies.kmsEndpoint)]);
  return {
    rights,
    dynamoDbEndpoint: dynamoDb.url,
    kmsEndpoint: kms.url,
    close: async () => {
      await Promise.all([dynamoDb.close(), kms.close()]);
    },
  };
};
