import type { UsageByUnit } from "../../api/usage.ts";
import { formatCost, formatCount } from "../../format.ts";
import { Table } from "../../ui/table.tsx";

/** Media are sold by other units than tokens: how much of each, and what it came to. */
export const UnitTable = ({ byUnit }: { byUnit: UsageByUnit }) => {
  const rows = Object.entries(byUnit).map(([unit, { units, requests, cost }]) => ({
    key: unit,
    cells: [unit, formatCost(cost), formatCount(units), formatCount(requests)],
    values: [unit, cost ?? -1, units, requests],
  }));
  return rows.length === 0 ? null : (
    <section class="card">
      <h2>Media by unit</h2>
      <Table caption="Usage of media by unit" columns={["Unit", "Cost (USD)", "Used", "Requests"]} rows={rows} />
    </section>
  );
};
