import { backgroundFunctions } from "#core/routes.ts";
import { settingsOf } from "#infra/stage.ts";
import { operators, tiered, usdText } from "./bill.ts";
import { firewallMonthUsd, prices } from "./prices.ts";

/** What a stage costs in a month in which nobody calls it. */

const monthMinutes = 730 * 60;
const gigabyte = 1e9;

/** A run that finds nothing, s and GB: it queries the shards of one index. */
const runSeconds = 0.5;
const runGb = 0.5;
/** Eight shards, each half a unit at least. */
const runReadUnits = 4;
/** Its own line, Lambda's three, and what CloudWatch adds to each. */
const runLogBytes = 1_100;

export interface IdleLine {
  readonly service: string;
  readonly usd: number;
}

const scheduledRuns = backgroundFunctions.filter(({ trigger }) => "schedule" in trigger).length * monthMinutes;

const schedulesUsd = (): number =>
  tiered(scheduledRuns * runSeconds * runGb, prices.lambdaGbSeconds) +
  scheduledRuns * (prices.lambdaRequest + runReadUnits * prices.dynamoDbReadUnit) +
  tiered((scheduledRuns * runLogBytes) / gigabyte, prices.logsGb);

/** The fixed part of a stage's bill by service. Tables, functions, the API and log groups without traffic cost nothing. */
export const idleBill = (stage: string): readonly IdleLine[] => {
  const { permanent, schedules } = settingsOf(stage);
  return [
    { service: "CloudWatch, dashboards and alarms", usd: permanent ? operators().usd : 0 },
    { service: "WAF", usd: permanent ? firewallMonthUsd : 0 },
    { service: "KMS, one key", usd: prices.kmsKeyMonth },
    { service: "schedules: Lambda, reads, logs", usd: schedules ? schedulesUsd() : 0 },
  ];
};

const stages = ["production", "staging", "developer"] as const;
const column = 13;

/** The output of `npm run cost -- --idle`. */
export const idleReport = (): string => {
  const bills = stages.map((stage) => idleBill(stage));
  const [first = []] = bills;
  const row = (title: string, cells: readonly string[]): string =>
    `${title.padEnd(34)}${cells.map((cell) => cell.padStart(column)).join("")}`;
  const totals = bills.map((bill) => usdText(bill.reduce((sum, { usd }) => sum + usd, 0)));
  return [
    "A month without a single request, by service.",
    "",
    row("", stages),
    ...first.map(({ service }, index) =>
      row(
        service,
        bills.map((bill) => usdText(bill[index]?.usd ?? 0)),
      ),
    ),
    row("Total", totals),
    "",
  ].join("\n");
};
