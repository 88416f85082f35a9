import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { catchAll, routes } from "#core/routes.ts";
import { type TableSpec, tables } from "#core/tables.ts";
import { bundleConditions } from "#infra/bundle-conditions.ts";
import { functionVariableNames } from "#infra/deploy-environment.ts";
import { type GatewayResponseKind, gatewayResponses, gatewayResponseTemplate } from "#infra/gateway-responses.ts";
import { logGroupKindOf, logGroupName } from "#infra/log-groups.ts";
import { resourcePolicies, rolePolicies, trustPolicies } from "#infra/mocked/policies.ts";
import type { MockedRun } from "#infra/mocked/registration.ts";
import { mockedEnvironment, type RunOptions, runProgram } from "#infra/mocked/run-program.ts";
import { deployedRows, type Inputs, lambdaOf, ofType, theOne } from "#infra/mocked/stage-view.ts";
import { settingsOf } from "#infra/stage.ts";
import { missingPlatform, suiteName } from "./platform.ts";

/**
 * Every wildcard that a stage may hold, each with its reason. A new one fails the tests until it was looked at and
 * written down here. `<…>` stands for a name.
 */
const reviewedWildcards: readonly string[] = [
  // X-Ray has no resources to name.
  "allow xray:PutTraceSegments,xray:PutTelemetryRecords on *",
  // Listing streams has no resource to name; a mapping that reads a stream lists them.
  "allow dynamodb:ListStreams on *",
  // The log streams of one log group; Lambda makes up their names.
  "allow logs:CreateLogStream,logs:PutLogEvents on arn:aws:logs:us-east-1:123456789012:log-group:/concurred/<group>:*",
  // Users name roles in accounts of theirs, which trust the gateway's account under an external id; roles of its own are denied.
  "allow sts:AssumeRole on arn:aws:iam::*:role/*",
  "deny sts:AssumeRole on arn:aws:iam::123456789012:role/*",
  // Refuses: nobody speaks to the dead letters over an unencrypted connection.
  "deny sqs:* on <queue>",
];

/** What SST itself needs for `sst dev`: functions call the developer's machine over AppSync and read their bridge from S3. */
const liveWildcards: readonly string[] = [
  "allow appsync:* on *",
  "allow s3:* on arn:aws:s3:::sst-asset-mocked",
  "allow s3:* on arn:aws:s3:::sst-asset-mocked/*",
];

/** What SST puts into a function's environment. `SST_KEY` opens `resource.enc` in the bundle; SST has no other way. */
const sstVariableNames = ["SST_KEY", "SST_KEY_FILE", "SST_RESOURCE_App"];

const operatorsTemplate = (file: string): string => path.resolve(import.meta.dirname, "../../../infra/operators", file);

/** Alone it takes 10 s; beside everything else on a small machine, a minute. */
const runTimeoutMs = 240_000;

const retentionDays = { "1 week": 7, "1 month": 30, "3 months": 90 } as const;

const sorted = (values: Iterable<string>): readonly string[] => [...new Set(values)].sort();

/** Runs a stage and holds what must be true of every one. Returns a way to the run for what is true of this one only. */
export const holdStageGuarantees = (options: RunOptions): { readonly run: () => MockedRun } => {
  const { stage, dev = false } = options;
  let known: MockedRun | undefined;
  const run = (): MockedRun => {
    if (known === undefined) throw new Error("The stage has not run");
    return known;
  };

  describe.skipIf(missingPlatform !== undefined)(suiteName(`the ${stage} stage${dev ? " in sst dev" : ""}`), () => {
    beforeAll(async () => {
      known = await runProgram(options);
    }, runTimeoutMs);

    const lambdas = () => ofType(run(), "aws:lambda/function:Function");
    const integrationOf = (id: string): Inputs =>
      theOne(run(), "aws:apigateway/integration:Integration", `ApiRoute${id}Integration`);

    describe("API", () => {
      it("has one Lambda for each path of the route table, for every other path and for each background function", () => {
        expect(
          lambdas()
            .map(({ name }) => name)
            .sort(),
        ).toEqual(deployedRows.map(({ component }) => `${component}Function`).sort());
      });

      it("serves each path by ANY on its own Lambda, so that a wrong method is answered by us", () => {
        const resources = new Map(
          ofType(run(), "aws:apigateway/resource:Resource").map((made) => [made.id, made.inputs]),
        );
        const pathOf = (id: unknown): string => {
          const resource = resources.get(String(id));
          return resource === undefined ? "" : `${pathOf(resource.parentId)}/${String(resource.pathPart)}`;
        };
        const served = ofType(run(), "aws:apigateway/integration:Integration").map(({ inputs }) => [
          pathOf(inputs.resourceId) || "/",
          inputs.httpMethod,
          /function:concurred-\w+-(\w+)/.exec(String(inputs.uri))?.[1],
        ]);
        const expected = [...routes, catchAll].map(({ path, id }) => [path, "ANY", id]);
        expect(served.sort()).toEqual([...expected, ["/", "ANY", catchAll.id]].sort());
      });

      it("streams where the row says so, for up to 15 minutes, and nowhere else", () => {
        for (const { id, stream } of [...routes, catchAll]) {
          const { responseTransferMode, timeoutMilliseconds, uri } = integrationOf(id);
          expect([id, responseTransferMode, timeoutMilliseconds]).toEqual(
            stream ? [id, "STREAM", 900_000] : [id, "BUFFERED", 29_000],
          );
          expect(String(uri).endsWith("/response-streaming-invocations")).toBe(stream);
        }
      });

      it("is regional and answers OPTIONS by its functions, not by SST's MOCK routes", () => {
        const { endpointConfiguration } = theOne(run(), "aws:apigateway/restApi:RestApi", "ApiApi");
        expect(endpointConfiguration).toMatchObject({ types: "REGIONAL" });
        const integrations = ofType(run(), "aws:apigateway/integration:Integration");
        expect(integrations.filter(({ inputs }) => inputs.type !== "AWS_PROXY")).toEqual([]);
        expect(
          ofType(run(), "aws:apigateway/method:Method").filter(({ inputs }) => inputs.httpMethod !== "ANY"),
        ).toEqual([]);
      });

      it("answers in our envelope what API Gateway itself refuses, from the first deployment on", () => {
        const made = ofType(run(), "aws:apigateway/response:Response");
        expect(made.map(({ inputs }) => inputs.responseType).sort()).toEqual(Object.keys(gatewayResponses).sort());
        for (const { inputs } of made) {
          const template = gatewayResponseTemplate(inputs.responseType as GatewayResponseKind);
          expect(inputs.responseTemplates).toEqual({ "application/json": template });
          expect(inputs.responseParameters).toMatchObject({
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
          });
        }
        // A throttled function reaches callers as a 500: they have to be told to come back.
        for (const kind of ["THROTTLED", "DEFAULT_5XX", "INTEGRATION_FAILURE"]) {
          const response = made.find(({ inputs }) => inputs.responseType === kind);
          expect(response?.inputs.responseParameters).toHaveProperty(["gatewayresponse.header.Retry-After"], "'1'");
        }
        const [deployment] = ofType(run(), "aws:apigateway/deployment:Deployment");
        expect([...(deployment?.dependsOn ?? [])].sort()).toEqual(made.map(({ name }) => name).sort());
        expect(JSON.stringify(deployment?.inputs.triggers)).toContain("RATE_LIMIT_EXCEEDED");
      });

      it("throttles the stage, and public paths more", () => {
        const { throttle, publicThrottle } = settingsOf(stage);
        const settings = new Map(
          ofType(run(), "aws:apigateway/methodSettings:MethodSettings").map(({ inputs }) => [
            inputs.methodPath,
            inputs.settings as Inputs,
          ]),
        );
        expect(settings.get("*/*")).toMatchObject({ throttlingRateLimit: throttle.ratePerSecond });
        for (const path of ["~1api~1health/GET", "~1api~1auth~1sign-in/POST"]) {
          expect(settings.get(path)).toMatchObject({ throttlingRateLimit: publicThrottle.ratePerSecond });
        }
        for (const made of settings.values())
          expect(made).toMatchObject({ dataTraceEnabled: false, loggingLevel: "OFF", metricsEnabled: false });
        expect(publicThrottle.ratePerSecond).toBeLessThan(throttle.ratePerSecond);
      });

      it("logs each access as JSON with the time to the first byte, and neither headers nor bodies", () => {
        const { accessLogSettings, xrayTracingEnabled } = theOne(run(), "aws:apigateway/stage:Stage", "ApiStage");
        const { format } = accessLogSettings as { format: string };
        expect(JSON.parse(format)).toMatchObject({
          timeToFirstContentMs: "$context.integration.timeToFirstContent",
          transferMode: "$context.integration.responseTransferMode",
        });
        expect(format).not.toMatch(/\$input|\$context\.(authorizer|requestOverride)|request\.header|querystring/i);
        expect(xrayTracingEnabled).toBe(true);
      });
    });

    describe("functions", () => {
      it("are as their rows say: handler, timeout, memory, and traced", () => {
        for (const row of deployedRows) {
          const lambda = lambdaOf(run(), row);
          expect(lambda).toMatchObject({
            name: `concurred-${stage}-${row.id}`,
            timeout: row.timeoutSeconds,
            memorySize: row.memoryMb,
            tracingConfig: { mode: "Active" },
          });
          const build = run().builds.find(({ functionId }) => functionId === row.component);
          expect(build).toMatchObject({ handler: row.handler, runtime: "nodejs24.x", live: dev });
          expect(build?.properties).toMatchObject({
            splitting: true,
            esbuild: { keepNames: false, conditions: bundleConditions(row.handler) },
          });
          // A live function is SST's own bridge, which is built for one architecture only.
          expect([lambda.runtime, lambda.architectures]).toEqual(
            dev ? ["provided.al2023", ["x86_64"]] : ["nodejs24.x", ["arm64"]],
          );
        }
      });

      it("are linked to what their grants name and to nothing else, under the names that core/config.ts reads", () => {
        for (const { component, grants } of deployedRows) {
          const expected = grants.flatMap((grant) => {
            const [kind = "", what = ""] = grant.split(":");
            if (kind === "secret") return what;
            if (kind === "bedrock") return [];
            if (kind === "sts") return "Account";
            return kind === "kms" ? "EncryptionKey" : tables[kind as keyof typeof tables].resource;
          });
          const links = run().builds.find(({ functionId }) => functionId === component)?.links ?? {};
          expect([component, sorted(Object.keys(links))]).toEqual([component, sorted(expected)]);
          for (const [name, value] of Object.entries(links) as [string, Inputs][]) {
            const properties: Record<string, string> = { EncryptionKey: "arn", Account: "arn" };
            const property = properties[name] ?? (name.endsWith("Table") ? "name" : "value");
            expect(value[property]).toEqual(expect.any(String));
          }
        }
      });

      it("have no secret in their environment, and no variable that was not looked at", () => {
        for (const row of deployedRows) {
          const { variables } = lambdaOf(run(), row).environment as { variables: Readonly<Record<string, string>> };
          expect(variables).toMatchObject({ STAGE: stage, ROUTE_ID: row.id, UNKEY_API_ID: "api_mocked" });
          const own = Object.keys(variables).filter((name) => !functionVariableNames.includes(name));
          expect(own.filter((name) => !(dev ? name.startsWith("SST_") : sstVariableNames.includes(name)))).toEqual([]);
          expect(JSON.stringify(variables)).not.toContain("secret-value-of");
        }
      });

      it("write to the log group of their kind, which forgets, and may write to no other", () => {
        const groups = new Map(
          ofType(run(), "aws:cloudwatch/logGroup:LogGroup").map(({ inputs }) => [inputs.name, inputs.retentionInDays]),
        );
        const days = retentionDays[settingsOf(stage).logRetention];
        expect(new Set(groups.values())).toEqual(new Set([days]));
        for (const row of deployedRows) {
          const { logGroup, logFormat } = lambdaOf(run(), row).loggingConfig as Inputs;
          expect([row.id, logGroup]).toEqual([row.id, logGroupName(stage, logGroupKindOf(row))]);
          expect([groups.get(logGroup), logFormat]).toEqual([days, "JSON"]);
          const may = rolePolicies(run()).filter(
            ({ holder, actions }) => holder === `${row.component}Role` && String(actions).includes("logs:"),
          );
          expect(may.map(({ resources }) => resources)).toEqual([
            [`arn:aws:logs:us-east-1:123456789012:log-group:${String(logGroup)}:*`],
          ]);
        }
      });

      it("log what the logger writes: Lambda filters nothing that LOG_LEVEL lets through, and no metric", () => {
        for (const row of deployedRows) {
          expect(lambdaOf(run(), row).loggingConfig).toMatchObject({
            applicationLogLevel: "INFO",
            systemLogLevel: "INFO",
          });
        }
      });
    });

    describe("permissions", () => {
      it("allow on tables what the row grants, action for action and table for table", () => {
        for (const { component, grants } of deployedRows) {
          const granted = grants.flatMap((grant) => {
            const [kind = "", action = ""] = grant.split(":");
            if (kind === "secret" || kind === "kms" || kind === "bedrock" || kind === "sts") return [];
            const [name, index] = action.split("/");
            const table = tables[kind as keyof typeof tables].resource;
            return [`${index === undefined ? table : `${table}/index/${index}`}:${name}`];
          });
          const allowed = rolePolicies(run())
            .filter(({ holder, resources }) => holder === `${component}Role` && !String(resources).includes("/stream/"))
            .flatMap(({ actions, resources }) =>
              resources.flatMap((resource) =>
                actions
                  .filter((action) => action.startsWith("dynamodb:") && action !== "dynamodb:ListStreams")
                  .map((action) => `${resource.split(":table/")[1]}:${action.slice("dynamodb:".length)}`),
              ),
            );
          expect([component, sorted(allowed)]).toEqual([component, sorted(granted)]);
        }
      });

      it("let the key be used under our encryption context only, or by DynamoDB for its caller", () => {
        const context = [
          "ForAllValues:StringEquals kms:EncryptionContextKeys=app,stage,purpose,userId,id",
          "StringEquals kms:EncryptionContext:app=concurred",
          `StringEquals kms:EncryptionContext:stage=${stage}`,
        ].sort();
        const throughDynamoDb = ["StringEquals kms:ViaService=dynamodb.us-east-1.amazonaws.com"];
        const statements = rolePolicies(run()).filter(({ actions }) => String(actions).includes("kms:"));
        expect(statements.length).toBeGreaterThan(0);
        for (const { actions, conditions, resources } of statements) {
          expect(resources).toHaveLength(1);
          if (String(actions) === "kms:DescribeKey") continue;
          expect([context, throughDynamoDb]).toContainEqual(conditions);
        }
      });

      it("let Lambda take on a function's role, and nobody else: not even the account's root", () => {
        for (const { holder, principals, conditions } of trustPolicies(run())) {
          if (holder.endsWith("ScheduleRole")) {
            expect(principals).toEqual(["scheduler.amazonaws.com"]);
            expect(conditions).toEqual(["StringEquals aws:SourceAccount=123456789012"]);
          } else {
            expect([holder, principals]).toEqual([holder, ["lambda.amazonaws.com"]]);
          }
        }
      });

      it("hold no wildcard beyond the reviewed list, and no managed policy", () => {
        const wildcards = [...rolePolicies(run()), ...resourcePolicies(run())].flatMap(
          ({ holder, effect, actions, resources }) =>
            resources
              // In a key's own policy `*` is that key.
              .filter(
                (resource) => String(actions).includes("*") || (resource.includes("*") && holder !== "EncryptionKey"),
              )
              .map((resource) => {
                const where = resource
                  .replace(/(log-group:\/concurred\/)[\w/-]+/, "$1<group>")
                  .replace(/^arn:aws:sqs:.*/, "<queue>");
                return `${effect.toLowerCase()} ${String(actions)} on ${where}`;
              }),
        );
        expect(sorted(wildcards)).toEqual(sorted([...reviewedWildcards, ...(dev ? liveWildcards : [])]));
        for (const { inputs } of ofType(run(), "aws:iam/role:Role")) expect(inputs.managedPolicyArns ?? []).toEqual([]);
      });

      it("let API Gateway call a function for this API only", () => {
        const api = ofType(run(), "aws:apigateway/restApi:RestApi")[0]?.outputs.find((value) =>
          value.includes("execute-api"),
        );
        for (const { inputs } of ofType(run(), "aws:lambda/permission:Permission")) {
          expect([inputs.principal, inputs.sourceArn]).toEqual(["apigateway.amazonaws.com", `${api}/*`]);
        }
      });
    });

    describe("data", () => {
      it.each(Object.values<TableSpec>(tables))(
        "$resource is on demand, under our key, and as recoverable as its list says",
        (spec) => {
          const table = theOne(run(), "aws:dynamodb/table:Table", spec.resource);
          expect(table).toMatchObject({
            billingMode: "PAY_PER_REQUEST",
            serverSideEncryption: { enabled: true, kmsKeyArn: expect.stringMatching(/EncryptionKey$/) },
            pointInTimeRecovery: spec.recoverable ? { enabled: true, recoveryPeriodInDays: 35 } : { enabled: false },
            deletionProtectionEnabled: settingsOf(stage).keepsData,
            streamEnabled: spec.stream !== undefined,
            hashKey: "pk",
            rangeKey: "sk",
          });
          expect(table.ttl).toEqual(spec.ttl === undefined ? undefined : { attributeName: spec.ttl, enabled: true });
          const indexes = (table.globalSecondaryIndexes ?? []) as readonly Inputs[];
          expect(indexes.map(({ name, hashKey, rangeKey }) => [name, { hashKey, rangeKey }])).toEqual(
            Object.entries(spec.indexes ?? {}),
          );
        },
      );

      it("has one key, which rotates and whose own policy opens nothing without our context", () => {
        expect(theOne(run(), "aws:kms/key:Key", "EncryptionKey")).toMatchObject({ enableKeyRotation: true });
        const opening = /kms:(Decrypt|Encrypt|GenerateDataKey|ReEncrypt|CreateGrant|\*)/;
        const statements = resourcePolicies(run()).filter(({ holder }) => holder === "EncryptionKey");
        for (const { actions, conditions } of statements.filter((each) => opening.test(String(each.actions)))) {
          expect([actions, conditions.some((each) => /EncryptionContext:stage|kms:ViaService/.test(each))]).toEqual([
            actions,
            true,
          ]);
        }
      });

      it("shows no secret to any resource but SST's own links, which its state keeps encrypted", () => {
        const seen = run().resources.filter(
          ({ type, inputs }) => type.startsWith("aws:") && JSON.stringify(inputs).includes("secret-value-of"),
        );
        expect(seen.map(({ name }) => name)).toEqual([]);
        // The mark is in use: without this, the test above could not fail.
        expect(JSON.stringify(run().builds)).toContain(mockedEnvironment.SST_SECRET_UnkeyRootKey);
      });
    });

    describe("background", () => {
      it("a stream's consumer gets batches, reports single failures, gives up in the end and keeps what failed", () => {
        expect(theOne(run(), "aws:lambda/eventSourceMapping:EventSourceMapping", "UsageRollupSource")).toMatchObject({
          startingPosition: "TRIM_HORIZON",
          maximumBatchingWindowInSeconds: expect.any(Number),
          bisectBatchOnFunctionError: true,
          functionResponseTypes: ["ReportBatchItemFailures"],
          maximumRetryAttempts: 10,
          maximumRecordAgeInSeconds: 6 * 3_600,
          // An open row has nothing to add, and a deletion even less.
          filterCriteria: {
            filters: [
              {
                pattern: JSON.stringify({ dynamodb: { NewImage: { status: { S: [{ "anything-but": ["open"] }] } } } }),
              },
            ],
          },
          destinationConfig: { onFailure: { destinationArn: expect.stringContaining("UsageRollupDeadLetters") } },
          eventSourceArn: expect.stringContaining("UsageTable/stream/"),
        });
        expect(theOne(run(), "aws:sqs/queue:Queue", "UsageRollupDeadLetters")).toMatchObject({
          sqsManagedSseEnabled: true,
          messageRetentionSeconds: 14 * 86_400,
        });
        const may = rolePolicies(run()).filter(({ holder }) => holder === "UsageRollupRole");
        expect(may.some(({ actions }) => String(actions) === "sqs:SendMessage")).toBe(true);
        expect(may.some(({ resources }) => String(resources).includes("UsageTable/stream/"))).toBe(true);
      });

      it("the exports' consumer gets a failed batch again as it was, for as long as its records are young enough", () => {
        expect(theOne(run(), "aws:lambda/eventSourceMapping:EventSourceMapping", "ExportUsageSource")).toMatchObject({
          bisectBatchOnFunctionError: false,
          maximumRetryAttempts: -1,
          maximumRecordAgeInSeconds: 6 * 3_600,
          destinationConfig: { onFailure: { destinationArn: expect.stringContaining("ExportUsageDeadLetters") } },
        });
      });

      it.skipIf(!settingsOf(stage).permanent)(
        "the operators' stacks are deployed with every parameter that they ask for, under names of their own",
        () => {
          const stacks = [
            ["Operators", "template.json", "operators"],
            ["OperatorsDashboards", "dashboards-template.json", "operators-dashboards"],
          ] as const;
          for (const [id, file, end] of stacks) {
            const template = JSON.parse(readFileSync(operatorsTemplate(file), "utf8")) as { Parameters?: Inputs };
            const { name: stackName, parameters } = theOne(run(), "aws:cloudformation/stack:Stack", id);
            expect(stackName).toBe(`concurred-${stage}-${end}`);
            for (const name of Object.keys(template.Parameters ?? {})) {
              expect([name, (parameters as Inputs)[name]]).toEqual([name, expect.stringMatching(/./)]);
            }
          }
        },
      );

      it("the sweeper runs on its schedule, and a failed run is not repeated: the next one does its work", () => {
        expect(theOne(run(), "aws:scheduler/schedule:Schedule", "SweepUsageScheduleSchedule")).toMatchObject({
          scheduleExpression: "rate(1 minute)",
          state: settingsOf(stage).schedules ? "ENABLED" : "DISABLED",
          target: { retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 } },
        });
        const configs = ofType(run(), "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig");
        expect(configs).toHaveLength(ofType(run(), "aws:scheduler/schedule:Schedule").length);
        for (const { inputs } of configs) {
          expect(inputs).toMatchObject({ maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 });
        }
      });
    });
  });
  return { run };
};
