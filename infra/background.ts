import { type BackgroundFunction, backgroundFunctions } from "#core/routes.ts";
import { type FunctionContext, functionArgs } from "./functions.ts";

/** Records of one batch: what one transaction of the rollup can mark and add (DynamoDB allows 100 actions). */
const batchSize = 90;
const batchingWindowSeconds = 5;
/** Then the batch, halved until it is as small as the fault, goes to the dead letters. A whole batch is tried until it is too old. */
const failures = {
  bisect: { bisectBatchOnFunctionError: true, maximumRetryAttempts: 10 },
  whole: { bisectBatchOnFunctionError: false, maximumRetryAttempts: -1 },
} as const;
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

/** The next run does the work of one that could not start in its minute. */
const maxScheduledAgeSeconds = 60;

const createScheduled = (definition: BackgroundFunction, schedule: string, context: FunctionContext) => {
  const job = new sst.aws.Function(
    definition.id,
    functionArgs(definition, context, {
      streaming: false,
      // Two at once would do the same work twice.
      reservedConcurrency: context.settings.permanent ? 1 : undefined,
      // The next run is the retry.
      asynchronous: { retries: 0, maxAgeSeconds: maxScheduledAgeSeconds },
    }),
  );
  new sst.aws.CronV2(`${definition.id}Schedule`, {
    function: job,
    schedule: schedule as `rate(${string})`,
    // Nobody waits for a developer's idle stage, and `sst dev` would wait 16 s for its own absence at each run.
    enabled: context.settings.schedules,
    transform: {
      role: { assumeRolePolicy: context.place.accountId.apply(trustScheduler) },
      schedule: (args) => {
        args.target = $output(args.target).apply((target) => ({
          ...target,
          retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: maxScheduledAgeSeconds },
        }));
        return undefined;
      },
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

type StreamTrigger = Extract<BackgroundFunction["trigger"], { readonly stream: unknown }>;

/** In Lambda's syntax. Deletions have no new image, so a pattern for one leaves them out. */
const filterOf = ({ unless }: StreamTrigger) =>
  unless === undefined
    ? {}
    : {
        filterCriteria: {
          filters: [
            {
              pattern: JSON.stringify({
                dynamodb: { NewImage: { [unless.attribute]: { S: [{ "anything-but": [unless.value] }] } } },
              }),
            },
          ],
        },
      };

const createStreamFed = (definition: BackgroundFunction, trigger: StreamTrigger, context: FunctionContext) => {
  const { id } = definition;
  const { streamArn } = context.tables[trigger.stream].table.nodes.table;
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
        // AWS's own policy for such functions has it on every stream: listing has no resource to name.
        { actions: ["dynamodb:ListStreams"], resources: ["*"] },
        { actions: ["sqs:SendMessage"], resources: [deadLetters.arn] },
      ],
    }),
  );
  new aws.lambda.EventSourceMapping(`${id}Source`, {
    functionName: consumer.arn,
    eventSourceArn: streamArn,
    ...filterOf(trigger),
    // From the beginning: what was written before this mapping existed counts as well.
    startingPosition: "TRIM_HORIZON",
    batchSize,
    maximumBatchingWindowInSeconds: batchingWindowSeconds,
    ...failures[trigger.failedBatch],
    functionResponseTypes: ["ReportBatchItemFailures"],
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
      const made = createStreamFed(definition, trigger, context);
      functions.set(id, made.consumer);
      deadLetters.set(id, made.deadLetters);
    }
  }
  return { functions, deadLetters };
};
