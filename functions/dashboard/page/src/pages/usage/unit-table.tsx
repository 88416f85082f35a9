import type { UsageByUnit } from "../../api/usage.ts";
import { formatCost, formatCount } from "../../format.ts";

/** Media are sold by other units than tokens: how much of each, and what it came to. */
export const UnitTable = ({ byUnit }: { byUnit: UsageByUnit }) => {
  const units = Object.entries(byUnit);
  return units.length === 0 ? null : (
    <section class="card">
      <h2>Media by unit</h2>
      <table class="unit-table">
        <caption class="visually-hidden">Usage of media by unit</caption>
        <thead>
          <tr>
            <th scope="col">Unit</th>
            <th scope="col">Used</th>
            <th scope="col">Requests</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {units.map(([unit, sums]) => (
            <tr key={unit}>
              <th scope="row">{unit}</th>
              <td>{formatCount(sums.units)}</td>
              <td>{formatCount(sums.requests)}</td>
              <td>{formatCost(sums.cost)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};
