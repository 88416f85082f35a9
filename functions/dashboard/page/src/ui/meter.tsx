interface MeterProps {
  /** From 0 to 1; more is shown as all of it. */
  readonly used: number;
}

/** A bar beside words that say the same: hidden from screen readers. */
export const Meter = ({ used }: MeterProps) => (
  <svg class="share-bar" aria-hidden="true">
    <rect class="share-track" width="100%" height="6" rx="3" />
    <rect class={used >= 1 ? "bar full" : "bar"} width={`${Math.min(1, Math.max(0, used)) * 100}%`} height="6" rx="3" />
  </svg>
);
