import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type LoggedRequest, listRequests } from "../../api/requests.ts";
import { formatCost, formatMs } from "../../format.ts";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice, Notice } from "../../ui/notice.tsx";
import { Table } from "../../ui/table.tsx";
import { Ago } from "../../ui/time.tsx";
import { usePolling } from "../../ui/use-polling.ts";
import { useResource } from "../../ui/use-resource.ts";

const everyMs = 3_000;
const shown = 5;
const any = { status: "", model: "", key: "", tag: "" };

/** Calls of these pages themselves are metered under this id. */
const playgroundId = "playground";

const Latest = ({ requests }: { requests: readonly LoggedRequest[] }) => (
  <Table
    caption="Latest requests"
    columns={["Model", "Status", "Cost", "Latency", "Begun"]}
    rows={requests.slice(0, shown).map(({ id, generation, model, status, costUsd, latencyMs, startedAt }) => ({
      key: `${id} ${generation}`,
      cells: [
        <Link key="model" to="requests" query={new URLSearchParams({ id })}>
          {model}
        </Link>,
        status,
        formatCost(costUsd),
        formatMs(latencyMs),
        <Ago key="begun" time={startedAt} />,
      ],
    }))}
  />
);

/** Waits for the first request of a key, and shows the latest ones from then on. */
export const FirstRequest = () => {
  const log = useResource((signal) => listRequests(any, undefined, signal));
  const page = log.data.value;
  const requests = page?.requests.filter(({ keyId }) => keyId !== playgroundId) ?? [];
  const waiting = page !== undefined && requests.length === 0;
  usePolling(waiting, everyMs, log.reload);
  // Said to who saw the waiting, not on every later visit.
  const waited = useSignal(false);
  useEffect(() => {
    if (waiting) waited.value = true;
  }, [waiting]);
  return (
    <section class="card stack" aria-label="First request">
      <h2>{waiting ? "3. Send a request" : "Latest requests"}</h2>
      {page === undefined ? <ErrorNotice error={log.error.value} onRetry={log.reload} /> : null}
      {waiting ? (
        <p role="status" class="waiting">
          Waiting for your first request…
        </p>
      ) : null}
      {requests.length === 0 ? null : (
        <>
          {waited.value ? (
            <Notice kind="success" live>
              <p>Your key works: the first request arrived.</p>
            </Notice>
          ) : null}
          <Latest requests={requests} />
          <p>
            <Link to="requests">All requests</Link>
          </p>
        </>
      )}
    </section>
  );
};
