import { useSignal } from "@preact/signals";
import { providerName } from "../../api/providers.ts";
import { latestRequests } from "../../api/requests.ts";
import { readUsage } from "../../api/usage.ts";
import { formatCount, formatMs, formatShare } from "../../format.ts";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Segments } from "../../ui/segments.tsx";
import { Table } from "../../ui/table.tsx";
import { Ago } from "../../ui/time.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { type ProviderHealth, providerHealth } from "./provider-health.ts";

const ranges = [
  { value: "1", label: "Today" },
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
] as const;
type Range = (typeof ranges)[number]["value"];

const dayMs = 86_400_000;
/** As many as the API returns at once. */
const latestCount = 100;

const utcDay = (daysAgo: number): string => new Date(Date.now() - daysAgo * dayMs).toISOString().slice(0, 10);

const read = async (range: Range, signal: AbortSignal): Promise<readonly ProviderHealth[]> => {
  const [usage, { requests }] = await Promise.all([
    readUsage({ from: utcDay(Number(range) - 1), to: utcDay(0), keyId: "" }, signal),
    latestRequests(latestCount, signal),
  ]);
  return providerHealth(usage.byProvider ?? {}, requests);
};

const columns = ["Provider", "Success", "Median", "95 % within", "Answers", "Latest", "Last failure"];

const toRow = ({ provider, answers, success, p50Ms, p95Ms, latest, lastFailure }: ProviderHealth) => ({
  key: provider,
  cells: [
    providerName(provider),
    success === undefined ? "–" : formatShare(success),
    formatMs(p50Ms),
    formatMs(p95Ms),
    formatCount(answers),
    latest.attempts === 0 ? "–" : `${formatCount(latest.answered)} of ${formatCount(latest.attempts)}`,
    lastFailure === undefined ? (
      "–"
    ) : (
      <span key="failure">
        {lastFailure.result}, <Ago time={lastFailure.at} />
      </span>
    ),
  ],
  values: [
    providerName(provider),
    success ?? -1,
    p50Ms ?? -1,
    p95Ms ?? -1,
    answers,
    latest.attempts === 0 ? -1 : latest.answered / latest.attempts,
    lastFailure === undefined ? 0 : new Date(lastFailure.at).getTime(),
  ],
});

/** How each provider answered the user's own requests. */
export const ProvidersSection = () => {
  const range = useSignal<Range>("7");
  const chosen = range.value;
  const rows = useResource((signal) => read(chosen, signal), chosen);
  const list = rows.data.value;
  return (
    <section class="status-part" aria-labelledby="providers-of-status">
      <div class="card-head">
        <h2 id="providers-of-status">Providers, from your own requests</h2>
        <Segments
          label="Range"
          value={chosen}
          options={ranges}
          onChoose={(value) => {
            range.value = value;
          }}
        />
      </div>
      <ErrorNotice error={rows.error.value} onRetry={rows.reload} />
      {list === undefined && rows.error.value === undefined ? <Skeleton rows={2} label="Loading your usage" /> : null}
      {list?.length === 0 ? (
        <Empty title="No requests yet">
          Once you call a model, its provider is listed here. <Link to="playground">Try the Playground</Link>
        </Empty>
      ) : null}
      {list === undefined || list.length === 0 ? null : (
        <>
          <div class="provider-health">
            <Table caption="Success and latency by provider" columns={columns} rows={list.map(toRow)} />
          </div>
          <p class="hint">
            Success counts whole answers: a failed or cancelled one counts against the provider that was asked last.
            “Latest” counts attempts that were answered in your {formatCount(latestCount)} newest requests, with every
            retry and fallback.
          </p>
        </>
      )}
    </section>
  );
};
