/** Numbers, money and times as the page shows them. */

const wholeFormat = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const compactFormat = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const dollarFormat = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
const smallDollarFormat = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 2,
  maximumSignificantDigits: 3,
});
const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const dateTimeFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const agoFormat = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export const formatCount = (value: number): string => wholeFormat.format(value);
export const formatCompact = (value: number): string =>
  value < 10_000 ? formatCount(value) : compactFormat.format(value);

/** A part of 1 in percent. Nearly all is not shown as all. */
export const formatShare = (share: number): string => {
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1)} %`;
};

/** USD. Small amounts keep three digits that say something; an unknown one says so. */
export const formatCost = (usd: number | null | undefined): string => {
  if (usd === null || usd === undefined) return "unknown";
  return usd !== 0 && Math.abs(usd) < 0.1 ? smallDollarFormat.format(usd) : dollarFormat.format(usd);
};

export const formatMs = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined) return "–";
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
};

export const formatBytes = (bytes: number): string =>
  bytes < 100_000 ? `${(bytes / 1_000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

export const formatDate = (time: string | number): string => dateFormat.format(new Date(time));
export const formatDateTime = (time: string | number): string => dateTimeFormat.format(new Date(time));
/** A UTC day, YYYY-MM-DD, as `3 Nov`. */
export const formatDay = (day: string): string => dayFormat.format(new Date(`${day}T00:00:00Z`));

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago, or in how long. */
export const formatAgo = (time: string | number, nowMs = Date.now()): string => {
  const seconds = (new Date(time).getTime() - nowMs) / 1_000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return agoFormat.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
};

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
