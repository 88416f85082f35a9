import { type BackgroundFunction, backgroundFunctions } from "#core/routes.ts";
import type { TableId } from "#core/tables.ts";
import { type FunctionContext, functionArgs } from "./functions.ts";

/** Records of one batch: what one transaction of the rollup can mark and add (DynamoDB allows 100 actions). */
const batchSize = 90;
const batchingWindowSeconds = 5;
/** Then the batch, halved until it is as small as the fault, goes to the dead letters. */
const maxRetries = 10;
/** A stream keeps its records for 24 hours; giving up earlier leaves time to act on the dead letters. */
const maxRecordAgeSeconds = 6 * 3_600;
const keepDeadLettersSeconds = 14 * 86_400;

/** Where EventBridge Scheduler may come from: this account, and no other that names our role. */
const trustScheduler = (accountId: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "scheduler.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
    ],
  });

const createScheduled = (definition: BackgroundFunction, schedule: string, context: FunctionContext) => {
  const job = new sst.aws.Function(
    definition.id,
    functionArgs(definition, context, {
      streaming: false,
      // Two at once would do the same work twice.
      reservedConcurrency: context.settings.permanent ? 1 : undefined,
      // The next run is the retry.
      retries: 0,
    }),
  );
  new sst.aws.CronV2(`${definition.id}Schedule`, {
    function: job,
    schedule: schedule as `rate(${string})`,
    transform: {
      role: { assumeRolePolicy: context.place.accountId.apply(trustScheduler) },
    },
  });
  return job;
};

const createDeadLetters = (id: string) => {
  const queue = new aws.sqs.Queue(`${id}DeadLetters`, {
    namePrefix: `${$app.name}-${$app.stage}-${id}-`,
    // A dead letter names a place in the stream and holds none of its records, so SQS's own key is enough.
    sqsManagedSseEnabled: true,
    messageRetentionSeconds: keepDeadLettersSeconds,
  });
  new aws.sqs.QueuePolicy(`${id}DeadLettersPolicy`, {
    queueUrl: queue.url,
    policy: queue.arn.apply((arn) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "EncryptedConnectionsOnly",
            Effect: "Deny",
            Principal: "*",
            Action: "sqs:*",
            Resource: arn,
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ],
      }),
    ),
  });
  return queue;
};

const createStreamFed = (definition: BackgroundFunction, source: TableId, context: FunctionContext) => {
  const { id } = definition;
  const { streamArn } = context.tables[source].table.nodes.table;
  const deadLetters = createDeadLetters(id);
  const consumer = new sst.aws.Function(
    id,
    functionArgs(definition, context, {
      streaming: false,
      reservedConcurrency: context.settings.reservedConcurrency.background,
      triggerPermissions: [
        {
          actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
          resources: [streamArn],
        },
        { actions: ["sqs:SendMessage"], resources: [deadLetters.arn] },
      ],
    }),
  );
  new aws.lambda.EventSourceMapping(`${id}Source`, {
    functionName: consumer.arn,
    eventSourceArn: streamArn,
    // From the beginning: what was written before this mapping existed counts as well.
    startingPosition: "TRIM_HORIZON",
    batchSize,
    maximumBatchingWindowInSeconds: batchingWindowSeconds,
    bisectBatchOnFunctionError: true,
    functionResponseTypes: ["ReportBatchItemFailures"],
    maximumRetryAttempts: maxRetries,
    maximumRecordAgeInSeconds: maxRecordAgeSeconds,
    destinationConfig: { onFailure: { destinationArn: deadLetters.arn } },
  });
  return { consumer, deadLetters };
};

/** Every function that no path reaches, with its schedule or its stream. Dead letters are keyed by the function. */
export const createBackground = (context: FunctionContext) => {
  const functions = new Map<string, sst.aws.Function>();
  const deadLetters = new Map<string, aws.sqs.Queue>();
  for (const definition of backgroundFunctions as readonly BackgroundFunction[]) {
    const { id, trigger } = definition;
    if ("schedule" in trigger) {
      functions.set(id, createScheduled(definition, trigger.schedule, context));
    } else {
      const made = createStreamFed(definition, trigger.stream, context);
      functions.set(id, made.consumer);
      deadLetters.set(id, made.deadLetters);
    }
  }
  return { functions, deadLetters };
};
