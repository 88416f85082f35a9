import type { Model } from "../../api/models.ts";
import { formatDate } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { Table } from "../../ui/table.tsx";
import { abilitiesOf, count, price } from "./facts.ts";

const facts: readonly (readonly [name: string, of: (model: Model) => string])[] = [
  ["Input", ({ pricing }) => price(pricing?.input)],
  ["Output", ({ pricing }) => price(pricing?.output)],
  ["Cached input", ({ pricing }) => price(pricing?.cached_input)],
  ["Long input", ({ pricing }) => price(pricing?.long_context?.input)],
  ["Context", ({ context_window }) => count(context_window)],
  ["Max output", ({ max_output_tokens }) => count(max_output_tokens)],
  ["Can", (model) => abilitiesOf(model) || "–"],
  ["Provider", ({ owned_by }) => owned_by],
  ["Ends", ({ deprecation }) => (deprecation === undefined ? "–" : formatDate(deprecation.shut_down_on))],
];

interface ComparisonProps {
  readonly models: readonly Model[];
  readonly onEnd: () => void;
}

/** The chosen models side by side: from two on. */
export const Comparison = ({ models, onEnd }: ComparisonProps) =>
  models.length === 0 ? null : (
    <section class="card" aria-label="Comparison">
      <div class="card-head">
        <h2>Comparison</h2>
        <Button small kind="quiet" onClick={onEnd}>
          Clear
        </Button>
      </div>
      {models.length === 1 ? (
        <p class="hint">Choose another model to compare {models[0]?.id} with.</p>
      ) : (
        <div class="comparison">
          <Table
            caption="Comparison of models"
            columns={["USD for a million tokens", ...models.map(({ id }) => id)]}
            rows={facts.map(([name, of]) => ({ key: name, cells: [name, ...models.map(of)] }))}
          />
        </div>
      )}
    </section>
  );
