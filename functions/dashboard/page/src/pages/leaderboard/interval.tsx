import type { RatedModel } from "../../api/ratings.ts";

/** What a chart of intervals spans, points. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

export const spanOf = (models: readonly RatedModel[]): Span => {
  const low = Math.min(...models.map((model) => model.low));
  const high = Math.max(...models.map((model) => model.high));
  // One point at least, so that nothing is divided by zero.
  return { low, high: Math.max(high, low + 1) };
};

const width = 160;
const height = 16;
const edge = 4;

const placeOf = (points: number, { low, high }: Span): number =>
  edge + ((points - low) / (high - low)) * (width - 2 * edge);

/** A rating as a dot on its interval. The row has the numbers, so this is for the eye alone. */
export const Interval = ({ model, span }: { model: RatedModel; span: Span }) => (
  <svg class="interval" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
    <line x1={placeOf(model.low, span)} x2={placeOf(model.high, span)} y1={height / 2} y2={height / 2} />
    <circle cx={placeOf(model.rating, span)} cy={height / 2} r={edge} />
  </svg>
);
