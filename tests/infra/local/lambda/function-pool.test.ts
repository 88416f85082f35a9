import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, it, vi } from "vitest";
import type { LogLine } from "#infra/local/lambda/function-pool.ts";
import { maxRequestBytes, maxResponseBytes } from "#infra/local/lambda/limits.ts";
import { WorkerBudget } from "#infra/local/lambda/worker-budget.ts";
import { contract } from "#tests/support/contracts.ts";
import { failureOf, payloadOf, streamOf, usePools } from "./pools.ts";

const { pool, gate } = usePools();

const textOf = async (body: NodeJS.ReadableStream): Promise<string> => {
  let text = "";
  for await (const chunk of body) text += String(chunk);
  return text;
};

describe("a function in AWS's own runtime", () => {
  it("gets the event and Lambda's context, and answers", async () => {
    const echo = pool("echo");
    expect(payloadOf(await echo.invoke('{"path":"/ü"}'))).toMatchObject({ statusCode: 200, body: '{"path":"/ü"}' });
    const context = payloadOf(await pool("identity", { name: "Chat", timeoutMs: 9_000 }).invoke("{}"));
    expect(context).toMatchObject({ name: "Chat", memory: "256" });
    expect((context as { remainingMs: number }).remainingMs).toBeLessThanOrEqual(9_000);
  });

  it("sees Lambda's variables and its own, and nothing of this process's environment", async () => {
    vi.stubEnv("SECRET_OF_THE_HOST", "hidden");
    const env = payloadOf(await pool("environment", { name: "Chat", env: { TABLE: "local-table" } }).invoke("{}"));
    vi.unstubAllEnvs();
    expect(env).toMatchObject({
      TABLE: "local-table",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_LAMBDA_FUNCTION_NAME: "Chat",
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
      AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/Chat",
      _HANDLER: "handlers.environment",
    });
    expect(env).not.toHaveProperty("SECRET_OF_THE_HOST");
  });

  it("streams: the first chunk arrives while the function still waits to send the second", async () => {
    const doors = await gate();
    const stream = pool("stream", { env: { GATE_URL: doors.url } });
    const { contentType, body, ended } = streamOf(await stream.invoke("{}"));
    expect(contentType).toBe("application/vnd.awslambda.http-integration-response");
    const iterator = body[Symbol.asyncIterator]();
    let text = "";
    while (!text.endsWith("first")) text += String((await iterator.next()).value);
    const [metadata, rest] = text.split("\0".repeat(8));
    expect(JSON.parse(metadata ?? "")).toMatchObject({ statusCode: 201, cookies: ["one=1; Path=/", "two=2; Path=/"] });
    expect(rest).toBe("first");
    doors.open("after-first");
    expect(String((await iterator.next()).value)).toBe(`${"\0".repeat(8)}second`);
    doors.open("after-second");
    expect((await iterator.next()).done).toBe(true);
    expect(await ended).toBeUndefined();
  });

  it("has each line of its output passed on, from the console and from the streams", async () => {
    const lines: LogLine[] = [];
    const log = pool("log", { name: "Chat", log: (line) => lines.push(line) });
    await log.invoke("{}");
    await vi.waitFor(() => expect(lines).toHaveLength(3));
    expect(lines).toContainEqual({ functionName: "Chat", stream: "stdout", line: '{"level":"INFO"}' });
    expect(lines).toContainEqual({ functionName: "Chat", stream: "stderr", line: "to stderr" });
    expect(lines.some(({ line }) => line.endsWith("INFO\tthrough the console"))).toBe(true);
  });

  it("runs in a process of its own in process mode, whole and streamed", async () => {
    const mode = "process";
    expect(payloadOf(await pool("echo", { mode }).invoke("{}"))).toMatchObject({ statusCode: 200 });
    const { body, ended } = streamOf(await pool("streamNow", { mode }).invoke("{}"));
    expect((await textOf(body)).split("\0".repeat(8))[1]).toBe("data: 1\n\ndata: 2\n\n");
    expect(await ended).toBeUndefined();
    expect(failureOf(await pool("crash", { mode }).invoke("{}"))).toMatchObject({ reason: "exit" });
  });

  it("depends on AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1 of aws-lambda-ric 4.0.2: without the switch no function runs", async () => {
    const runtime = createRequire(import.meta.url).resolve("aws-lambda-ric/package.json");
    expect(JSON.parse(readFileSync(runtime, "utf8"))).toMatchObject({ version: "4.0.2" });
    expect(payloadOf(await pool("echo").invoke("{}"))).toMatchObject({ statusCode: 200 });
    const off = pool("echo", { env: { AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: "false" } });
    expect(failureOf(await off.invoke("{}"))).toMatchObject({ reason: "exit", errorType: "Runtime.ExitError" });
  });
});

describe("failures are typed outcomes in Lambda's words", () => {
  it("a thrown error", async () => {
    const failure = failureOf(await pool("fail").invoke("{}"));
    expect(failure).toMatchObject({ reason: "function-error", errorType: "TypeError", errorMessage: "boom" });
    expect(failure.trace?.[0]).toBe("TypeError: boom");
  });

  it("an error while the function loads, for each invocation anew", async () => {
    const broken = pool("throws-at-import.handler");
    const failures = (await Promise.all([broken.invoke("{}"), broken.invoke("{}")])).map(failureOf);
    for (const failure of failures) {
      expect(failure).toMatchObject({ reason: "init-error", errorType: "RangeError", errorMessage: "cannot start" });
    }
    expect(broken.stats.coldStarts).toBe(2);
  });

  it("a handler that the bundle does not export", async () => {
    expect(failureOf(await pool("handlers.missing").invoke("{}"))).toMatchObject({
      reason: "init-error",
      errorType: "Runtime.HandlerNotFound",
    });
  });

  it("an exit or a hang while the function loads", async () => {
    expect(failureOf(await pool("exits-at-import.handler").invoke("{}"))).toMatchObject({
      reason: "exit",
      errorType: "Runtime.ExitError",
    });
    expect(failureOf(await pool("hangs-at-import.handler", { initTimeoutMs: 300 }).invoke("{}"))).toMatchObject({
      reason: "timeout",
      errorType: "Sandbox.Timedout",
    });
  });

  it("a crash in the middle of a request; the next request gets a new worker", async () => {
    const crash = pool("crash");
    expect(failureOf(await crash.invoke("{}")).errorMessage).toMatch(
      /^RequestId: [\w-]{36} Error: Runtime exited with error: exit status 3$/,
    );
    expect(failureOf(await crash.invoke("{}")).reason).toBe("exit");
    expect(crash.stats.coldStarts).toBe(2);
  });

  it("the timeout, even of a function that never yields; its worker is ended", async () => {
    const spin = pool("spin", { timeoutMs: 200 });
    expect(failureOf(await spin.invoke("{}"))).toMatchObject({
      reason: "timeout",
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/Task timed out after 0\.20 seconds$/),
    });
    await vi.waitFor(() => expect(spin.stats.workers).toBe(0));
  });

  it("an error before the first byte of a stream comes with an empty body", async () => {
    const { body, ended } = streamOf(await pool("streamFailsBefore").invoke("{}"));
    expect(await textOf(body)).toBe("");
    expect(await ended).toMatchObject({ reason: "function-error", errorMessage: "before the first byte" });
  });

  it("an error after the first byte of a stream comes after what was sent", async () => {
    const doors = await gate();
    doors.open("after-first");
    const { body, ended } = streamOf(await pool("streamFailsAfter", { env: { GATE_URL: doors.url } }).invoke("{}"));
    expect(await textOf(body)).toMatch(/first$/);
    expect(await ended).toMatchObject({
      reason: "function-error",
      errorType: "TypeError",
      errorMessage: "after the first byte",
    });
  });

  it("a crash or the timeout within a stream cuts it and says why", async () => {
    const doors = await gate();
    const env = { GATE_URL: doors.url };
    const crashing = streamOf(await pool("streamCrashes", { env }).invoke("{}"));
    doors.open("after-first");
    await expect(textOf(crashing.body)).rejects.toThrow();
    expect(await crashing.ended).toMatchObject({ reason: "exit" });
    const hanging = streamOf(await pool("streamFailsAfter", { env, timeoutMs: 300 }).invoke("{}"));
    await expect(textOf(hanging.body)).rejects.toThrow(/Task timed out/);
    expect(await hanging.ended).toMatchObject({ reason: "timeout" });
  });

  it("a stream that the function destroys ends its worker, and the next invocation gets another", async () => {
    const doors = await gate();
    const destroys = pool("streamDestroys", { env: { GATE_URL: doors.url } });
    for (const _ of [1, 2]) {
      const { body, ended } = streamOf(await destroys.invoke("{}"));
      doors.open("after-first");
      await expect(textOf(body)).rejects.toThrow();
      expect(await ended).toMatchObject({ reason: "exit" });
    }
    expect(destroys.stats.coldStarts).toBe(2);
  });

  it("an event over 6 MB never reaches the function; a response over 6 MB is refused", async () => {
    const large = pool("large");
    const fits = '{"bytes":1}'.padEnd(maxRequestBytes, " ");
    expect(payloadOf(await large.invoke(fits))).toBe("x");
    expect(failureOf(await large.invoke(`${fits} `))).toMatchObject({
      reason: "request-too-large",
      errorType: "RequestTooLargeException",
      errorMessage: "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
    });
    expect(payloadOf(await large.invoke(`{"bytes":${maxResponseBytes - 2}}`))).toHaveLength(maxResponseBytes - 2);
    expect(failureOf(await large.invoke(`{"bytes":${maxResponseBytes - 1}}`))).toMatchObject({
      reason: "response-too-large",
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
    expect(large.stats.coldStarts).toBe(1);
  });

  const lambdaModel = contract("aws-lambda.smithy.json");
  it.skipIf(lambdaModel === undefined)(
    "(needs ../shared/contracts) are errors of Lambda's own Invoke operation",
    () => {
      const { shapes } = JSON.parse(readFileSync(lambdaModel ?? "", "utf8"));
      const errors: { target: string }[] = shapes["com.amazonaws.lambda#Invoke"].errors;
      const names = errors.map(({ target }) => target.split("#")[1]);
      expect(names).toEqual(expect.arrayContaining(["RequestTooLargeException", "ServiceException"]));
      expect(shapes["com.amazonaws.lambda#RequestTooLargeException"].traits["smithy.api#httpError"]).toBe(413);
    },
  );
});

describe("workers", () => {
  it("start on demand only, and one serves all sequential invocations, whole or streamed", async () => {
    const echo = pool("echo");
    expect(echo.stats).toMatchObject({ coldStarts: 0, workers: 0 });
    for (let count = 0; count < 50; count += 1) payloadOf(await echo.invoke("{}"));
    expect(echo.stats).toMatchObject({ coldStarts: 1, workers: 1 });
    const stream = pool("streamNow");
    for (let count = 0; count < 50; count += 1) {
      await textOf(streamOf(await stream.invoke("{}")).body);
      // The worker says that it is done after the last byte.
      await vi.waitFor(() => expect(stream.stats.idle).toBe(1), { timeout: 10_000 });
    }
    expect(stream.stats).toMatchObject({ coldStarts: 1, workers: 1 });
  });

  it("serve one invocation at a time: as many workers as open invocations", async () => {
    const doors = await gate();
    const gated = pool("gated", { env: { GATE_URL: doors.url } });
    const open = [1, 2, 3].map(() => gated.invoke('{"gate":"in"}'));
    await doors.reached("in", 3);
    expect(gated.stats).toMatchObject({ workers: 3, idle: 0, open: 3 });
    for (const _ of open) doors.open("in");
    expect((await Promise.all(open)).map(payloadOf)).toEqual(["in", "in", "in"]);
    expect(gated.stats).toMatchObject({ coldStarts: 3, open: 0 });
  });

  it("are reused last in, first out", async () => {
    const doors = await gate();
    const gated = pool("gated", { env: { GATE_URL: doors.url } });
    const first = gated.invoke('{"gate":"first"}');
    const second = gated.invoke('{"gate":"second"}');
    await Promise.all([doors.reached("first"), doors.reached("second")]);
    doors.open("first");
    await first;
    await vi.waitFor(() => expect(gated.stats.idle).toBe(1));
    doors.open("second");
    await second;
    await vi.waitFor(() => expect(gated.stats.idle).toBe(2));
    const oldestBefore = gated.longestIdleSinceMs();
    for (let count = 0; count < 5; count += 1) {
      doors.open("again");
      await gated.invoke('{"gate":"again"}');
      await vi.waitFor(() => expect(gated.stats.idle).toBe(2));
    }
    expect(gated.longestIdleSinceMs()).toBe(oldestBefore);
  });

  it("stop at the pool's cap: further invocations wait in order", async () => {
    const doors = await gate();
    const gated = pool("gated", { env: { GATE_URL: doors.url }, maxWorkers: 2 });
    const done: string[] = [];
    const names = ["a", "b", "c", "d"];
    const open = names.map((name) =>
      gated.invoke(`{"gate":"${name}"}`).then((outcome) => done.push(String(payloadOf(outcome)))),
    );
    await Promise.all([doors.reached("a"), doors.reached("b")]);
    expect(gated.stats).toMatchObject({ workers: 2, queued: 2 });
    doors.open("a");
    await doors.reached("c");
    expect(done).toEqual(["a"]);
    for (const name of ["b", "c", "d"]) doors.open(name);
    await Promise.all(open);
    expect(gated.stats).toMatchObject({ coldStarts: 2, queued: 0 });
  });

  it("share a budget: an idle worker of one pool makes room for another pool", async () => {
    const budget = new WorkerBudget({ maxWorkers: 1 });
    const one = pool("echo", { budget });
    const other = pool("echo", { budget });
    for (const _ of [1, 2]) {
      payloadOf(await one.invoke("{}"));
      payloadOf(await other.invoke("{}"));
    }
    expect(one.stats.coldStarts + other.stats.coldStarts).toBe(4);
    expect(budget.workers).toBe(1);
  });

  it("start at most so many at a time over all pools", async () => {
    const starting = { now: 0, most: 0 };
    const budget = new WorkerBudget({ maxColdStarts: 2 });
    const started = budget.started.bind(budget);
    budget.started = () => {
      starting.now -= 1;
      started();
    };
    const pools = [pool("echo", { budget }), pool("echo", { budget })];
    for (const each of pools) {
      const start = each.startWorker.bind(each);
      each.startWorker = () => {
        starting.now += 1;
        starting.most = Math.max(starting.most, starting.now);
        start();
      };
    }
    await Promise.all(pools.flatMap((each) => [1, 2, 3].map(() => each.invoke("{}"))));
    expect(starting.most).toBe(2);
  });

  it("end when they have been idle for their time", async () => {
    const echo = pool("echo", { idleMs: 1 });
    payloadOf(await echo.invoke("{}"));
    await vi.waitFor(() => expect(echo.stats).toMatchObject({ workers: 0, idle: 0 }));
    payloadOf(await echo.invoke("{}"));
    expect(echo.stats.coldStarts).toBe(2);
  });

  it("drain: open invocations and streams end, new ones are refused", async () => {
    const doors = await gate();
    const stream = pool("stream", { env: { GATE_URL: doors.url } });
    const { body, ended } = streamOf(await stream.invoke("{}"));
    const drained = stream.drain(20_000);
    expect(failureOf(await stream.invoke("{}")).reason).toBe("stopped");
    doors.open("after-first");
    doors.open("after-second");
    expect(await textOf(body)).toMatch(/second$/);
    expect(await ended).toBeUndefined();
    await drained;
    expect(stream.stats).toMatchObject({ workers: 0, open: 0 });
  });

  it("stop: waiting and running invocations fail as stopped", async () => {
    const doors = await gate();
    const gated = pool("gated", { env: { GATE_URL: doors.url }, maxWorkers: 1 });
    const open = [1, 2].map(() => gated.invoke('{"gate":"in"}'));
    await doors.reached("in");
    gated.stop();
    expect((await Promise.all(open)).map((outcome) => failureOf(outcome).reason)).toEqual(["stopped", "stopped"]);
  });
});
