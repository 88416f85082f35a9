import { useSignal } from "@preact/signals";
import { listKeys } from "../../api/keys.ts";
import { providerName } from "../../api/providers.ts";
import { readUsage, readUsageOverTime, type Usage, type UsageByName, type UsageQuery } from "../../api/usage.ts";
import { formatDay } from "../../format.ts";
import { route } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { ErrorNotice, Notice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Segments } from "../../ui/segments.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { allModels, chartSeries, sumSlots } from "./chart-series.ts";
import { download, toCsv } from "./csv.ts";
import { countDays, eachDay, eachHour, formatSlot } from "./days.ts";
import { Filter } from "./filter.tsx";
import { type Metric, metrics } from "./metric.ts";
import { nameKeys } from "./name-keys.ts";
import { bySize, SumsTable } from "./sums-table.tsx";
import { TagBreakdown } from "./tag-breakdown.tsx";
import { TimeChart } from "./time-chart.tsx";
import { Totals } from "./totals.tsx";
import { UnitTable } from "./unit-table.tsx";
import { fromQuery, periodBefore } from "./usage-query.ts";

interface BreakdownProps {
  readonly title: string;
  /** Of the first column. */
  readonly head: string;
  readonly sums: UsageByName;
  readonly text?: (name: string) => string;
}

const Breakdown = ({ title, head, sums, text }: BreakdownProps) => (
  <section class="card">
    <h2>{title}</h2>
    <SumsTable
      caption={`Usage ${title.toLowerCase()}`}
      nameHead={head}
      rows={bySize(sums)}
      sums={sums}
      text={text}
      bars
    />
  </section>
);

interface CourseProps {
  readonly query: UsageQuery;
  readonly usage: Usage;
}

/** Usage by day, or by hour where a single day is shown, of each model. */
const Course = ({ query, usage }: CourseProps) => {
  const chosen = useSignal<Metric["id"]>("requests");
  const metric = metrics.find(({ id }) => id === chosen.value) ?? metrics[0];
  const hourly = query.from === query.to && usage.series !== undefined;
  const { byDay = {}, series = { byModel: allModels(byDay), nextCursor: null } } = usage;
  const slots = hourly ? eachHour(query.from) : eachDay(query.from, query.to);
  const unit = hourly ? "hour" : "day";
  return (
    <section class="card">
      <div class="card-head">
        <h2>By {unit}</h2>
        <Segments
          label="Chart metric"
          value={metric.id}
          options={metrics.map(({ id, name }) => ({ value: id, label: name }))}
          onChoose={(id) => {
            chosen.value = id;
          }}
        />
      </div>
      <TimeChart slots={slots} series={chartSeries(series.byModel, slots, metric)} metric={metric} />
      {series.nextCursor === null ? null : (
        <Notice kind="info">
          <p>
            This day has more requests than the hour view reads: the earliest hours are missing. The totals are whole.
          </p>
        </Notice>
      )}
      <details class="table-details">
        <summary>Table</summary>
        <SumsTable
          caption={`Usage by ${unit}`}
          nameHead={hourly ? "Hour (UTC)" : "Day (UTC)"}
          rows={slots.toReversed()}
          sums={hourly ? sumSlots(series.byModel) : byDay}
          text={hourly ? formatSlot : undefined}
        />
      </details>
    </section>
  );
};

interface ReportProps extends CourseProps {
  readonly before: Usage | undefined;
  /** By id; nothing until the keys are read. */
  readonly keyNames: ReadonlyMap<string, string> | undefined;
}

const Report = ({ query, usage, before, keyNames }: ReportProps) => {
  const { byModel, byKey = {}, byProvider = {}, byUnit = {}, byTag } = usage;
  if (usage.totalRequests === 0) {
    return <Empty title="No usage in this range">These keys made no requests in this range.</Empty>;
  }
  return (
    <>
      <Totals usage={usage} before={before} days={countDays(query.from, query.to)} />
      <Course query={query} usage={usage} />
      <Breakdown title="By model" head="Model" sums={byModel} />
      <Breakdown title="By provider" head="Provider" sums={byProvider} text={providerName} />
      <Breakdown title="By key" head="Key" sums={nameKeys(byKey, keyNames)} />
      <UnitTable byUnit={byUnit} />
      <TagBreakdown query={query} byTag={byTag} />
    </>
  );
};

export const UsagePage = () => {
  const query = fromQuery(route.value.query);
  const { from, to, keyId, tag = "" } = query;
  const usage = useResource((signal) => readUsageOverTime(query, signal), `${from} ${to} ${keyId} ${tag}`);
  // Only compared with: without it the page says less.
  const before = useResource((signal) => readUsage(periodBefore(query), signal), `${from} ${to} ${keyId}`);
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
            query={query}
            usage={shown}
            before={before.loading.value || before.error.value !== undefined ? undefined : before.data.value}
            keyNames={keys.data.value && new Map(known.map((key) => [key.keyId, key.name]))}
          />
        </div>
      )}
    </>
  );
};
