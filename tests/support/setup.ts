import { PassThrough, type Writable } from "node:stream";

/**
 * Before each test file: the globals and the environment that Lambda and SST give a function, with names that lead
 * nowhere. Tests that need a real part start it and point the environment at it.
 */

interface StreamMetadata {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

const lambda = {
  streamifyResponse: (handler: unknown) => handler,
  HttpResponseStream: {
    from: (stream: Writable & { metadata?: StreamMetadata }, metadata: StreamMetadata): Writable => {
      stream.metadata = metadata;
      return stream;
    },
  },
};

Object.assign(globalThis, { awslambda: lambda });

const environment: Readonly<Record<string, string>> = {
  STAGE: "test",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1",
  AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:1",
  UNKEY_URL: "http://127.0.0.1:1",
  UNKEY_API_ID: "api_test",
  SUPABASE_URL: "http://127.0.0.1:1",
  POWERTOOLS_DEV: "false",
  LOG_LEVEL: "ERROR",
  SST_RESOURCE_App: JSON.stringify({ name: "concurred", stage: "test" }),
  SST_RESOURCE_Account: JSON.stringify({ arn: "arn:aws:iam::000000000000:root" }),
};

for (const [name, value] of Object.entries(environment)) process.env[name] ??= value;

const metricStart = '{"_aws"';
const quiet = Symbol.for("concurred.tests.quiet");

/** Metrics leave on standard output, which here is the report of the tests. `captureLog` still sees them. */
const hideMetrics = (stdout: NodeJS.WriteStream & { [quiet]?: boolean }): void => {
  // Files that share modules share the process too.
  if (stdout[quiet] === true) return;
  stdout[quiet] = true;
  const write = stdout.write.bind(stdout);
  stdout.write = ((chunk: string | Uint8Array, ...others: []) =>
    write(typeof chunk === "string" && chunk.startsWith(metricStart) ? "" : chunk, ...others)) as typeof write;
};
hideMetrics(process.stdout);

/** A stream like the one Lambda hands to a streaming function. */
export class ResponseStream extends PassThrough {
  metadata: StreamMetadata | undefined;
}
