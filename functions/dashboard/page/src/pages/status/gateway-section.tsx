import { type Check, type Dependency, dependencies, type Health, readHealth } from "../../api/health.ts";
import { formatMs } from "../../format.ts";
import { ErrorNotice, Notice } from "../../ui/notice.tsx";
import { Skeleton } from "../../ui/placeholder.tsx";
import { usePolling } from "../../ui/use-polling.ts";
import { useResource } from "../../ui/use-resource.ts";

/** The gateway keeps a check for 10 s. */
const everyMs = 30_000;

const words: Readonly<Record<Dependency, { readonly name: string; readonly use: string }>> = {
  dynamodb: { name: "Database", use: "usage, limits, settings" },
  kms: { name: "Encryption", use: "stored provider keys, cached answers" },
  unkey: { name: "API keys", use: "verification of every API key" },
  supabase: { name: "Sign-in", use: "sessions of this dashboard" },
};

const Tile = ({ dependency, check }: { dependency: Dependency; check: Check }) => (
  <div class="tile">
    <dt>{words[dependency].name}</dt>
    <dd class="tile-value">
      <span class={check.status === "ok" ? "badge active" : "badge ended"}>
        {check.status === "ok" ? "Working" : "Down"}
      </span>
      <span class="tile-sub">{formatMs(check.latencyMs)}</span>
    </dd>
    <dd class="tile-sub">{words[dependency].use}</dd>
  </div>
);

const Shown = ({ health: { checks, version } }: { health: Health }) => {
  const down = dependencies.filter((name) => checks[name].status === "down").map((name) => words[name].name);
  return (
    <>
      {down.length === 0 ? (
        <Notice kind="success">
          <p>The gateway and everything that it needs are working.</p>
        </Notice>
      ) : (
        <Notice kind="error" live>
          <p>Not working: {down.join(", ")}. Requests that need it are refused with 503 and can be tried again.</p>
        </Notice>
      )}
      <dl class="tiles status-tiles">
        {dependencies.map((name) => (
          <Tile key={name} dependency={name} check={checks[name]} />
        ))}
      </dl>
      <p class="hint">Version {version}. Checked again every 30 seconds.</p>
    </>
  );
};

/** What the gateway itself depends on. */
export const GatewaySection = () => {
  const health = useResource(readHealth);
  usePolling(true, everyMs, health.reload);
  return (
    <section class="status-part" aria-label="Gateway">
      <ErrorNotice error={health.error.value} onRetry={health.reload} />
      {health.data.value === undefined && health.error.value === undefined ? (
        <Skeleton rows={1} label="Checking the gateway" />
      ) : null}
      {health.data.value === undefined ? null : <Shown health={health.data.value} />}
    </section>
  );
};
