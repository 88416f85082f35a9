import { formatAgo, formatDateTime } from "../format.ts";

/** How long ago, with the exact time at hand. */
export const Ago = ({ time }: { time: string | number }) => (
  <time dateTime={new Date(time).toISOString()} title={formatDateTime(time)}>
    {formatAgo(time)}
  </time>
);
