import type { ProviderKey } from "../../api/provider-keys.ts";
import { plural } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { ProviderMark } from "../../ui/provider-mark.tsx";
import { namedTargets, serverTargets, type Target, targetOfKey } from "./targets.ts";

interface CardProps {
  readonly target: Target;
  readonly keys: number;
  readonly onAdd: () => void;
}

const Card = ({ target: { id, kind, name, use }, keys, onAdd }: CardProps) => (
  <li class="provider">
    <ProviderMark name={kind === "custom" ? kind : id} />
    <div class="provider-text">
      <h3>{name}</h3>
      <p class="hint">{keys === 0 ? use : <span class="badge active">Connected, {plural(keys, "key")}</span>}</p>
    </div>
    <Button small kind="quiet" icon="plus" label={`Add a key for ${name}`} onClick={onAdd}>
      Add
    </Button>
  </li>
);

interface GridProps {
  readonly keys: readonly ProviderKey[];
  readonly onAdd: (target: Target) => void;
}

/** Every provider, with the number of keys that the user has for it. */
export const ProviderGrid = ({ keys, onAdd }: GridProps) => {
  const count = (target: Target): number => keys.filter((key) => targetOfKey(key) === target).length;
  const cards = (targets: readonly Target[]) =>
    targets.map((target) => <Card key={target.id} target={target} keys={count(target)} onAdd={() => onAdd(target)} />);
  return (
    <>
      <section class="provider-part" aria-labelledby="providers-named">
        <h2 id="providers-named">Providers</h2>
        <ul class="provider-grid">{cards(namedTargets)}</ul>
      </section>
      <section class="provider-part" aria-labelledby="providers-servers">
        <h2 id="providers-servers">Other servers</h2>
        <p class="hint">
          Any server with OpenAI's or Anthropic's API. Its models are then <code>slug/model</code>.
        </p>
        <ul class="provider-grid">{cards(serverTargets)}</ul>
      </section>
    </>
  );
};
