import type { ProviderKey } from "../../api/provider-keys.ts";
import { providerName } from "../../api/providers.ts";
import { formatDate, plural } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { Ago } from "../../ui/time.tsx";

interface KeyRowProps {
  readonly providerKey: ProviderKey;
  /** Requests that name no key use this one. */
  readonly serves: boolean;
  readonly switching: boolean;
  readonly onSwitch: () => void;
  readonly onRename: () => void;
  readonly onRemove: () => void;
}

const State = ({ providerKey: { provider, paused, custom }, serves }: Pick<KeyRowProps, "providerKey" | "serves">) => {
  if (paused) return <span class="badge">Paused</span>;
  if (custom !== undefined) {
    return (
      <span class="badge active">
        Serves <code>{custom.modelPrefix}…</code>
      </span>
    );
  }
  return serves ? (
    <span class="badge active">Serves {providerName(provider)}</span>
  ) : (
    <span class="badge">Only for requests that name it</span>
  );
};

const Where = ({ providerKey: { region, roleArn, custom } }: Pick<KeyRowProps, "providerKey">) => (
  <>
    {custom === undefined ? null : (
      <div class="wide">
        <dt>Base URL</dt>
        <dd>
          <code>{custom.baseUrl}</code>
        </dd>
      </div>
    )}
    {custom === undefined || custom.models.length === 0 ? null : (
      <div>
        <dt>Described</dt>
        <dd title={custom.models.map(({ id }) => id).join(", ")}>{plural(custom.models.length, "model")}</dd>
      </div>
    )}
    {region === undefined ? null : (
      <div>
        <dt>Region</dt>
        <dd>{region}</dd>
      </div>
    )}
    {roleArn === undefined ? null : (
      <div class="wide">
        <dt>Role</dt>
        <dd>
          <code>{roleArn}</code>
        </dd>
      </div>
    )}
  </>
);

/** One provider key: what it serves, and what can be done with it. Length: markup of one row. */
export const KeyRow = ({ providerKey, serves, switching, onSwitch, onRename, onRemove }: KeyRowProps) => {
  const { provider, slug, displayName, last4, createdAt, paused, lastUsedAt } = providerKey;
  return (
    <li class="row">
      <div class="row-main">
        <h2 class="row-title">{displayName}</h2>
        <p class="row-sub">
          {last4 === "" ? null : (
            <code>
              <span class="visually-hidden">Key ending in </span>
              <span aria-hidden="true">••••</span>
              {last4}
            </code>
          )}
          <State providerKey={providerKey} serves={serves} />
        </p>
      </div>
      <dl class="facts">
        <div>
          <dt>Provider</dt>
          <dd>{providerName(provider)}</dd>
        </div>
        <div>
          <dt>Slug</dt>
          <dd>
            <code>{slug}</code>
          </dd>
        </div>
        <div>
          <dt>Last used</dt>
          <dd>{lastUsedAt === null ? "Never" : <Ago time={lastUsedAt} />}</dd>
        </div>
        <div>
          <dt>Added</dt>
          <dd>{formatDate(createdAt)}</dd>
        </div>
        <Where providerKey={providerKey} />
      </dl>
      <div class="row-actions">
        <button
          type="button"
          class="switch"
          role="switch"
          aria-checked={!paused}
          aria-disabled={switching}
          aria-label={`${displayName} is in use`}
          title={paused ? "Resume" : "Pause"}
          onClick={switching ? undefined : onSwitch}
        />
        <Button small kind="quiet" icon="edit" label={`Rename ${displayName}`} onClick={onRename}>
          Rename
        </Button>
        <Button small kind="quiet" icon="trash" label={`Remove ${displayName}`} onClick={onRemove}>
          Remove
        </Button>
      </div>
    </li>
  );
};
