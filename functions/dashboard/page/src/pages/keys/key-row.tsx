import type { ApiKey, Budget } from "../../api/keys.ts";
import { formatCost, formatCount, formatDate } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { Ago } from "../../ui/time.tsx";

interface KeyRowProps {
  readonly apiKey: ApiKey;
  readonly switching: boolean;
  readonly onSwitch: () => void;
  readonly onEdit: () => void;
  readonly onRotate: () => void;
  readonly onRevoke: () => void;
}

const stateOf = ({ enabled, expiresAt }: ApiKey): { readonly name: string; readonly text: string } => {
  if (expiresAt !== null && new Date(expiresAt).getTime() <= Date.now()) return { name: "ended", text: "Expired" };
  return enabled ? { name: "active", text: "Active" } : { name: "off", text: "Disabled" };
};

const periodWords = { day: "today", week: "this week", month: "this month", total: "in total" } as const;

const BudgetFact = ({ budget, apiKey }: { readonly budget: Budget; readonly apiKey: ApiKey }) => {
  const { name, lastAlert = null } = apiKey;
  const { usd, period, remainingUsd } = budget;
  const used = Math.max(0, usd - remainingUsd);
  return (
    <div class="wide">
      <dt>Budget</dt>
      <dd>
        {formatCost(used)} of {formatCost(usd)} {periodWords[period]}
        {lastAlert === null ? null : (
          <span class="badge ended">
            {lastAlert.percent} % reached <Ago time={lastAlert.at} />
          </span>
        )}
        <progress
          class="budget"
          aria-label={`Budget of ${name}: ${formatCost(remainingUsd)} left`}
          max={usd === 0 ? 1 : usd}
          value={usd === 0 ? 1 : Math.min(used, usd)}
        />
      </dd>
    </div>
  );
};

/** One key: what it is, what it may, and what can be done with it. Length: markup of one row. */
export const KeyRow = ({ apiKey, switching, onSwitch, onEdit, onRotate, onRevoke }: KeyRowProps) => {
  const { name, start, rateLimit, enabled, createdAt, lastUsedAt, expiresAt } = apiKey;
  const { budget = null, allowedModels = null, tokensPerMinute = null } = apiKey;
  const state = stateOf(apiKey);
  return (
    <li class="row">
      <div class="row-main">
        <h2 class="row-title">{name}</h2>
        <p class="row-sub">
          <code>{start}…</code>
          <span class={`badge ${state.name}`}>{state.text}</span>
        </p>
      </div>
      <dl class="facts">
        <div>
          <dt>Limit</dt>
          <dd>{formatCount(rateLimit)} / min</dd>
        </div>
        {budget === null ? null : <BudgetFact budget={budget} apiKey={apiKey} />}
        {tokensPerMinute === null ? null : (
          <div>
            <dt>Tokens</dt>
            <dd>{formatCount(tokensPerMinute)} / min</dd>
          </div>
        )}
        <div>
          <dt>Last used</dt>
          <dd>{lastUsedAt === null ? "Never" : <Ago time={lastUsedAt} />}</dd>
        </div>
        <div>
          <dt>Expires</dt>
          <dd>{expiresAt === null ? "Never" : formatDate(expiresAt)}</dd>
        </div>
        <div>
          <dt>Created</dt>
          <dd>{formatDate(createdAt)}</dd>
        </div>
        {allowedModels === null ? null : (
          <div class="wide">
            <dt>Allowed models</dt>
            <dd>{allowedModels.join(", ")}</dd>
          </div>
        )}
      </dl>
      <div class="row-actions">
        <button
          type="button"
          class="switch"
          role="switch"
          aria-checked={enabled}
          aria-disabled={switching}
          aria-label={`${name} is enabled`}
          title={enabled ? "Disable" : "Enable"}
          onClick={switching ? undefined : onSwitch}
        />
        <Button small kind="quiet" icon="edit" label={`Edit ${name}`} onClick={onEdit}>
          Edit
        </Button>
        <Button small kind="quiet" icon="rotate" label={`Rotate ${name}`} onClick={onRotate}>
          Rotate
        </Button>
        <Button small kind="quiet" icon="trash" label={`Revoke ${name}`} onClick={onRevoke}>
          Revoke
        </Button>
      </div>
    </li>
  );
};
