import { describe, expect, it } from "vitest";
import type { Grant } from "#core/routes.ts";
import { type TableId, tables } from "#core/tables.ts";
import { rightsOf } from "#infra/local/rights/rights-holders.ts";
import { type TestCloud, useCloud } from "#tests/support/cloud.ts";
import { backgroundRows, namedModel, type Row, routeRows } from "./scenarios.ts";
import type { RightsOrder } from "./start-with-rights.ts";

/**
 * Every function uses every right of its row, so none is too much. `npm run load -- rights` also takes each right from its
 * function, one at a time, and expects the function's scenario to fail.
 */

const entry = "tests/rights/start-with-rights.ts";
const env = {
  RATE_LIMIT_SCALE: "1000",
  MAX_OPEN_REQUESTS: "100",
  BEDROCK_MODELS: `${namedModel},amazon.titan-embed-text-v2:0`,
};

/** `all`, or names of functions. */
const taken = process.env.TAKE_RIGHTS?.split(",") ?? [];

interface Run {
  readonly used: readonly Grant[];
  /** What the function asked for in vain, apart from rights that the scenario took. */
  readonly refused: readonly string[];
  /** Why the scenario failed. */
  readonly failure: unknown;
}

/** The refusals in the log: an action on a resource. */
const refusalsOf = async (cloud: TestCloud, id: string): Promise<readonly string[]> =>
  (await cloud.log()).split("\n").flatMap((line) => {
    const [, refusal] = new RegExp(`concurred-local-${id} is not allowed (\\S+ on \\S+)`).exec(line) ?? [];
    return refusal === undefined ? [] : [refusal];
  });

/** Whether a refusal is for want of a right. */
const isFor = (right: Grant, refusal: string): boolean => {
  const [place = "", what = ""] = right.split(":");
  const [action, index] = what.split("/");
  if (["kms", "bedrock", "sts"].includes(place)) return refusal.startsWith(`${place}:${action} on `);
  const name = `${tables[place as TableId].resource}${index === undefined ? "" : `/index/${index}`}`;
  return refusal.startsWith(`dynamodb:${action} on `) && refusal.endsWith(`-${name}`);
};

/** Runs a function's scenario without some of its rights, which it has again afterwards. */
const run = async (cloud: TestCloud, { id, scenario }: Row, without: readonly Grant[]): Promise<Run> => {
  const order = (lost: readonly Grant[]): Promise<readonly Grant[]> =>
    cloud.ask({ id, without: lost } satisfies RightsOrder);
  const before = (await refusalsOf(cloud, id)).length;
  const lostBy: Grant[] = [];
  await order(without);
  const used = new Set<Grant>();
  const note = (grants: readonly Grant[]): void => {
    for (const grant of grants) used.add(grant);
  };
  const lose = async (right: Grant): Promise<void> => {
    lostBy.push(right);
    note(await order([...without, ...lostBy]));
  };
  const asked = async (right: Grant): Promise<boolean> => {
    note(await order([...without, ...lostBy]));
    return used.has(right) || (await refusalsOf(cloud, id)).slice(before).some((refusal) => isFor(right, refusal));
  };
  const failure: unknown = await scenario(cloud, lose, asked).then(
    () => undefined,
    (error: unknown) => error,
  );
  note(await order([]));
  const refused = (await refusalsOf(cloud, id))
    .slice(before)
    .filter((refusal) => !lostBy.some((right) => isFor(right, refusal)));
  return { used: [...used], refused, failure };
};

/** A scenario without a right may wait in vain, for 10 s at a time. */
const scenarioTimeoutMs = 120_000;

const suites = [
  // Schedules would do the work of the functions that are asked.
  ["functions behind a path", routeRows, "0.001"],
  // Every minute is a second: what they do for all users would be in the way of the others.
  ["functions that run by themselves", backgroundRows, "60"],
] as const;

describe.each(suites)("%s", { timeout: scenarioTimeoutMs }, (_name, rows, scale) => {
  const cloud = useCloud({ entry, env: { ...env, SCHEDULE_SCALE: scale } });

  describe.each(rows.map((row) => [row.id, row] as const))("%s", (id, row) => {
    it("uses every right of its row", async () => {
      const { used, refused, failure } = await run(cloud(), row, []);
      const unused = rightsOf(row).filter((right) => !used.includes(right));
      expect({ failure, unused, refused }).toEqual({ failure: undefined, unused: [], refused: [] });
    });

    if (!taken.includes("all") && !taken.includes(id)) return;
    it.each(rightsOf(row))("fails without %s", async (right) => {
      const { refused, failure } = await run(cloud(), row, [right]);
      // A scenario that fails for another reason, such as a slow machine, shows nothing.
      expect(refused.filter((refusal) => isFor(right, refusal))).not.toEqual([]);
      console.log(`RIGHT ${id} ${right} ${failure === undefined ? "log" : "fails"}`);
    });
  });
});
