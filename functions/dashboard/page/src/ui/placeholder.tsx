import type { ComponentChildren } from "preact";

interface SkeletonProps {
  readonly rows: number;
  readonly label: string;
}

/** Stands where rows will be, in about their size. */
export const Skeleton = ({ rows, label }: SkeletonProps) => (
  <div class="skeleton" role="status" aria-label={label}>
    {Array.from({ length: rows }, (_, index) => (
      <div key={index} class="skeleton-row" />
    ))}
  </div>
);

interface EmptyProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly action?: ComponentChildren;
}

export const Empty = ({ title, children, action }: EmptyProps) => (
  <div class="empty">
    <h2>{title}</h2>
    <p>{children}</p>
    {action}
  </div>
);
