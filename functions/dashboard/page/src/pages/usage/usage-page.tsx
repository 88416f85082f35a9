import { useSignal } from "@preact/signals";
import { listKeys } from "../../api/keys.ts";
import { readUsage, type Usage, type UsageByName } from "../../api/usage.ts";
import { formatDay } from "../../format.ts";
import { route } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Segments } from "../../ui/segments.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { download, toCsv } from "./csv.ts";
import { DayChart } from "./day-chart.tsx";
import { eachDay } from "./days.ts";
import { Filter } from "./filter.tsx";
import { metrics } from "./metric.ts";
import { NameChart } from "./name-chart.tsx";
import { nameKeys } from "./name-keys.ts";
import { SumsTable } from "./sums-table.tsx";
import { Totals } from "./totals.tsx";
import { UnitTable } from "./unit-table.tsx";
import { fromQuery } from "./usage-query.ts";

interface BreakdownProps {
  readonly title: string;
  readonly noun: string;
  readonly sums: UsageByName;
  readonly metric: (typeof metrics)[number];
}

const Breakdown = ({ title, noun, sums, metric }: BreakdownProps) => (
  <section class="card">
    <h2>{title}</h2>
    <NameChart byName={sums} metric={metric} noun={noun} />
    <SumsTable
      summary="Table"
      caption={`Usage ${title.toLowerCase()}`}
      nameHead={noun}
      rows={Object.keys(sums)}
      sums={sums}
    />
  </section>
);

interface ReportProps {
  readonly usage: Usage;
  readonly days: readonly string[];
  /** By id; nothing until the keys are read. */
  readonly keyNames: ReadonlyMap<string, string> | undefined;
}

const Report = ({ usage, days, keyNames }: ReportProps) => {
  const metricId = useSignal<(typeof metrics)[number]["id"]>("requests");
  const metric = metrics.find(({ id }) => id === metricId.value) ?? metrics[0];
  const { byDay = {}, byModel, byKey = {}, byProvider = {}, byUnit = {} } = usage;
  if (usage.totalRequests === 0) {
    return <Empty title="No usage in this range">These keys made no requests in this range.</Empty>;
  }
  return (
    <>
      <Totals usage={usage} />
      <section class="card">
        <div class="card-head">
          <h2>By day</h2>
          <Segments
            label="Chart metric"
            value={metric.id}
            options={metrics.map(({ id, name }) => ({ value: id, label: name }))}
            onChoose={(id) => {
              metricId.value = id;
            }}
          />
        </div>
        <DayChart days={days} byDay={byDay} metric={metric} />
        <SumsTable summary="Table" caption="Usage by day" nameHead="Day (UTC)" rows={days.toReversed()} sums={byDay} />
      </section>
      <div class="breakdowns">
        <Breakdown title="By model" noun="model" sums={byModel} metric={metric} />
        <Breakdown title="By provider" noun="provider" sums={byProvider} metric={metric} />
        <Breakdown title="By key" noun="key" sums={nameKeys(byKey, keyNames)} metric={metric} />
      </div>
      <UnitTable byUnit={byUnit} />
    </>
  );
};

export const UsagePage = () => {
  const query = fromQuery(route.value.query);
  const { from, to, keyId } = query;
  const usage = useResource((signal) => readUsage(query, signal), `${from} ${to} ${keyId}`);
  const keys = useResource(listKeys);
  const known = keys.data.value ?? [];
  const shown = usage.data.value;
  return (
    <>
      <PageHeader
        title="Usage"
        actions={
          shown === undefined ? undefined : (
            <Button icon="download" onClick={() => download(`usage-${from}-to-${to}.csv`, toCsv(shown))}>
              Download CSV
            </Button>
          )
        }
      >
        {formatDay(from)} to {formatDay(to)}, in UTC days. Costs are estimates from list prices.
      </PageHeader>
      <Filter query={query} keys={known} />
      <ErrorNotice error={usage.error.value} onRetry={usage.reload} />
      {shown === undefined ? (
        usage.error.value === undefined ? (
          <Skeleton rows={4} label="Loading your usage" />
        ) : null
      ) : (
        <div class="report" aria-busy={usage.loading.value}>
          <Report
            usage={shown}
            days={eachDay(from, to)}
            keyNames={keys.data.value && new Map(known.map((key) => [key.keyId, key.name]))}
          />
        </div>
      )}
    </>
  );
};
