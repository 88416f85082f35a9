import type { ComponentChildren } from "preact";
import type { ApiKey, Budget } from "../../api/keys.ts";
import type { UsageSums } from "../../api/usage.ts";
import { formatCost, formatCount, formatDate, plural } from "../../format.ts";
import { Menu } from "../../ui/menu.tsx";
import { Ago } from "../../ui/time.tsx";

/** One key as a line: what it is, what it spent of what it may, and what can be done with it. */

export const columns = ["Name", "Key", "Spend", "Requests", "Limit", "Last used", "Actions"];

const periodWords = { day: "today", week: "this week", month: "this month", total: "in total" } as const;

const isExpired = ({ expiresAt }: ApiKey): boolean => expiresAt !== null && new Date(expiresAt).getTime() <= Date.now();

/** What deserves a word beside the name. A key that works needs none. */
const factsOf = (apiKey: ApiKey): readonly string[] => {
  const { expiresAt, allowedModels = null, tokensPerMinute = null } = apiKey;
  return [
    ...(allowedModels === null ? [] : [plural(allowedModels.length, "model")]),
    ...(tokensPerMinute === null ? [] : [`${formatCount(tokensPerMinute)} tokens / min`]),
    ...(expiresAt === null || isExpired(apiKey) ? [] : [`ends ${formatDate(expiresAt)}`]),
  ];
};

const stateOf = (apiKey: ApiKey): string | undefined => {
  if (isExpired(apiKey)) return "Expired";
  return apiKey.enabled ? undefined : "Disabled";
};

/** Requests a minute to chat completions, as they are enforced: the smaller of the key's limit and the endpoint's. */
const limitOf = ({ rateLimit, limits = {} }: ApiKey): number => {
  const chat = limits["chat-completions"];
  return chat === undefined ? rateLimit : Math.min(rateLimit, (chat.limit * 60) / chat.windowSeconds);
};

const usedOf = ({ usd, remainingUsd }: Budget): number => Math.max(0, usd - remainingUsd);

const Spend = ({ apiKey, usage }: { apiKey: ApiKey; usage: UsageSums | undefined }) => {
  const { budget = null, lastAlert = null, name } = apiKey;
  if (budget === null) {
    return usage === undefined ? (
      <>–</>
    ) : (
      <>
        {formatCost(usage.cost)} <span class="hint">in 30 days</span>
      </>
    );
  }
  const { usd, period, remainingUsd } = budget;
  const used = usedOf(budget);
  return (
    <>
      {formatCost(used)} of {formatCost(usd)} <span class="hint">{periodWords[period]}</span>
      {lastAlert === null ? null : <span class="badge ended">{lastAlert.percent}% reached</span>}
      <progress
        class="budget"
        aria-label={`Budget of ${name}: ${formatCost(remainingUsd)} left`}
        max={usd === 0 ? 1 : usd}
        value={usd === 0 ? 1 : Math.min(used, usd)}
      />
    </>
  );
};

const Name = ({ apiKey }: { apiKey: ApiKey }) => {
  const { name, start, lastUsedAt } = apiKey;
  const state = stateOf(apiKey);
  const facts = factsOf(apiKey);
  return (
    <>
      <span class="key-name" title={name}>
        {name}
      </span>
      {state === undefined ? null : <span class={`badge ${state === "Expired" ? "ended" : "off"}`}>{state}</span>}
      {facts.length === 0 ? null : <span class="hint">{facts.join(" · ")}</span>}
      {/* What a phone's columns have no room for. */}
      <span class="hint key-more">
        <code>{start}…</code> · {formatCount(limitOf(apiKey))} / min ·{" "}
        {lastUsedAt === null ? (
          "never used"
        ) : (
          <>
            used <Ago time={lastUsedAt} />
          </>
        )}
      </span>
    </>
  );
};

export interface KeyActions {
  readonly onSwitch: (apiKey: ApiKey) => void;
  readonly onOpen: (kind: "edit" | "rotate" | "revoke", apiKey: ApiKey) => void;
  readonly onUsage: (apiKey: ApiKey) => void;
}

const Actions = ({ apiKey, actions }: { apiKey: ApiKey; actions: KeyActions }) => (
  <Menu
    label={`Actions for ${apiKey.name}`}
    items={[
      { name: "Edit", icon: "edit", onSelect: () => actions.onOpen("edit", apiKey) },
      {
        name: apiKey.enabled ? "Disable" : "Enable",
        icon: apiKey.enabled ? "stop" : "check",
        onSelect: () => actions.onSwitch(apiKey),
      },
      { name: "Usage", icon: "chart", onSelect: () => actions.onUsage(apiKey) },
      { name: "Rotate", icon: "rotate", onSelect: () => actions.onOpen("rotate", apiKey) },
      { name: "Revoke", icon: "trash", onSelect: () => actions.onOpen("revoke", apiKey) },
    ]}
  />
);

const timeOf = (time: string | number | null): number => (time === null ? 0 : new Date(time).getTime());

/** A row of the table. `usage` is of the last 30 days; undefined until it is read. */
export const toKeyRow = (apiKey: ApiKey, usage: UsageSums | undefined, actions: KeyActions) => {
  const { keyId, name, start, budget = null, lastUsedAt } = apiKey;
  const cells = (): readonly ComponentChildren[] => [
    <Name key="name" apiKey={apiKey} />,
    <code key="start">{start}…</code>,
    <Spend key="spend" apiKey={apiKey} usage={usage} />,
    usage === undefined ? "–" : formatCount(usage.requests),
    `${formatCount(limitOf(apiKey))} / min`,
    lastUsedAt === null ? "Never" : <Ago time={lastUsedAt} />,
    <Actions key="actions" apiKey={apiKey} actions={actions} />,
  ];
  const spent = budget === null ? (usage?.cost ?? 0) : usedOf(budget);
  const values = [name, start, spent, usage?.requests ?? 0, limitOf(apiKey), timeOf(lastUsedAt)];
  return { key: keyId, cells, values };
};
