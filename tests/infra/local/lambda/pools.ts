import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";
import { FunctionPool, type FunctionPoolOptions } from "#infra/local/lambda/function-pool.ts";
import type { FunctionFailure, InvocationOutcome } from "#infra/local/lambda/outcome.ts";
import { createGate, type Gate } from "./gate.ts";

const functionsFolder = fileURLToPath(new URL("./functions", import.meta.url));

type PoolOverrides = Partial<FunctionPoolOptions>;

/** Makes pools on the test functions and a gate for them; all are ended after each test. */
export const usePools = () => {
  const pools: FunctionPool[] = [];
  const gates: Gate[] = [];
  afterEach(async () => {
    for (const pool of pools.splice(0)) pool.stop();
    for (const gate of gates.splice(0)) await gate.close();
  });
  return {
    pool: (handler: string, overrides: PoolOverrides = {}): FunctionPool => {
      const pool = new FunctionPool({
        name: "test",
        handler: handler.includes(".") ? handler : `handlers.${handler}`,
        taskRoot: functionsFolder,
        memoryMb: 256,
        timeoutMs: 20_000,
        ...overrides,
      });
      pools.push(pool);
      return pool;
    },
    gate: async (): Promise<Gate> => {
      const gate = await createGate();
      gates.push(gate);
      return gate;
    },
  };
};

/** The parsed payload of a buffered outcome; throws for any other. */
export const payloadOf = (outcome: InvocationOutcome): unknown => {
  if (outcome.kind !== "buffered") throw new Error(`Expected a buffered outcome, got ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.payload);
};

export const failureOf = (outcome: InvocationOutcome): FunctionFailure => {
  if (outcome.kind !== "failed") throw new Error(`Expected a failure, got ${outcome.kind}`);
  return outcome.failure;
};

export const streamOf = (outcome: InvocationOutcome) => {
  if (outcome.kind !== "streamed") throw new Error(`Expected a stream, got ${JSON.stringify(outcome)}`);
  return outcome;
};
