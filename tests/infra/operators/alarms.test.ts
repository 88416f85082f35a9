import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { backgroundFunctions } from "#core/routes.ts";
import { alarms, composites, runbooks } from "#infra/operators/alarms.ts";

const page = readFileSync(join(import.meta.dirname, "../../..", runbooks), "utf8");
const headings = [...page.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading);

it("every alarm and composite has a runbook under its own name, and no runbook is for an alarm that is gone", () => {
  const ids = [...alarms, ...composites].map(({ id }) => id as string);
  expect(ids.filter((id) => !headings.includes(id))).toEqual([]);
  const named = headings.filter((heading) => /^[a-z]+(-[a-z]+)+$/.test(heading ?? ""));
  expect(named.filter((heading) => !ids.includes(heading ?? ""))).toEqual([]);
});

it("every alarm reaches people through one composite, and through no second", () => {
  const spoken = composites.flatMap(({ anyOf }) => [...anyOf]);
  expect([...spoken].sort()).toEqual(alarms.map(({ id }) => id).sort());
});

it("every alarm watches at most the ten metrics that CloudWatch allows in an expression", () => {
  for (const { id, series } of alarms) {
    if (series.kind === "aws-sum") expect([id, series.parts.length <= 10]).toEqual([id, true]);
  }
});

it("every function on a schedule is missed when it does not run", () => {
  const scheduled = backgroundFunctions.filter(({ trigger }) => "schedule" in trigger).map(({ id }) => id as string);
  const missed = alarms.flatMap(({ series, silence }) =>
    silence === "bad" && series.kind === "aws" ? [JSON.stringify(series.dimensions)] : [],
  );
  expect(scheduled.filter((id) => !missed.some((dimensions) => dimensions.includes(`"${id}FunctionName"`)))).toEqual(
    [],
  );
});

it("no alarm asks for more bad periods than it looks at, or for a period that is no whole minute", () => {
  for (const { id, periods, periodsToAlarm, periodSeconds } of alarms) {
    expect([id, periodsToAlarm <= periods, periodSeconds % 60]).toEqual([id, true, 0]);
    // CloudWatch looks at most a day back for periods under an hour, and a week for longer ones.
    expect([id, periods * periodSeconds <= 86_400]).toEqual([id, true]);
  }
});
