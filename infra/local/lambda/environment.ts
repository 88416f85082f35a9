import { localAccountId } from "#infra/local/aws/account.ts";
import { functionSessionToken } from "#infra/local/aws/identities.ts";

/** What Lambda tells a function about itself through its environment. */
export interface FunctionIdentity {
  readonly name: string;
  /** `bundle.handler`: a file of the task root without its extension, and its export. */
  readonly handler: string;
  /** Absolute path of the function's folder. */
  readonly taskRoot: string;
  readonly memoryMb: number;
}

/** The region that every local ARN names. */
const localRegion = "us-east-1";

/**
 * The whole environment of a worker: Lambda's reserved variables, placeholders for credentials, then the function's
 * own. Nothing of this process's environment leaks in. Source: Lambda developer guide, "Defined runtime variables".
 */
export const workerEnvironment = (
  identity: FunctionIdentity,
  env: Readonly<Record<string, string>>,
  worker: { readonly id: string; readonly runtimeApi: string },
): Record<string, string> => {
  const region = env.AWS_REGION ?? localRegion;
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    NODE_NO_WARNINGS: "1",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_SESSION_TOKEN: functionSessionToken,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    // aws-lambda-ric's JavaScript client in place of its native one; undocumented, held by a test on the pinned version.
    AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: "true",
    ...env,
    AWS_LAMBDA_FUNCTION_NAME: identity.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(identity.memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${identity.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `local/[$LATEST]${worker.id.replaceAll("-", "")}`,
    AWS_LAMBDA_RUNTIME_API: worker.runtimeApi,
    LAMBDA_TASK_ROOT: identity.taskRoot,
    _HANDLER: identity.handler,
  };
};

export const functionArn = (name: string): string => `arn:aws:lambda:${localRegion}:${localAccountId}:function:${name}`;
