/** Line icons on a grid of 20, always beside a word or a label: hidden from screen readers. */

const paths = {
  home: "M3 10l7-6.5 7 6.5M5 8.5V16h3.5v-4h3v4H15V8.5",
  list: "M7.5 5H17M7.5 10H17M7.5 15H17M3.5 5h.01M3.5 10h.01M3.5 15h.01",
  key: "M12.5 10.5a4 4 0 1 0-3-3L3 14v3h3v-2h2v-2h2l1.3-1.3M14 6.5h.01",
  plug: "M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0V7zM10 15v3",
  chart: "M3 17h14M5.5 13.5v-3M10 13.5v-8M14.5 13.5v-5",
  pulse: "M2.5 10h3.5l2-5.5 4 11 2-5.5h3.5",
  chat: "M4 4h12a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H9l-4 3v-3H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1z",
  columns: "M3 4h5v12H3zM12 4h5v12h-5z",
  podium: "M7 16V6h6v10M3 16v-5h4M13 16V9h4v7M2.5 16.5h15",
  picture: "M3 4h14v12H3zM3 13.5l4-4 4 4 2.5-2.5 3.5 3.5M13 7.5h.01",
  left: "M12.5 5l-5 5 5 5",
  right: "M7.5 5l5 5-5 5",
  code: "M7 6l-4 4 4 4M13 6l4 4-4 4",
  sliders: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  status: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM6.5 10.5L9 13l4.5-5.5",
  user: "M10 10a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3.5 17c.4-3 3-4.5 6.5-4.5s6.1 1.5 6.5 4.5",
  up: "M5 12.5l5-5 5 5",
  down: "M5 7.5l5 5 5-5",
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  more: "M4 10a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M9.4 10a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0M14.8 10a.6.6 0 1 0 1.2 0 .6.6 0 1 0-1.2 0",
  menu: "M3 6h14M3 10h14M3 14h14",
  copy: "M7 7V4h9v9h-3M4 7h9v9H4z",
  check: "M4 10.5l4 4 8-9",
  warning: "M10 3l7.5 13.5h-15zM10 8v4M10 14.5h.01",
  info: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 9.5v4M10 6.5h.01",
  sun: "M10 13.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6L16 16M4 16l1.4-1.4M14.6 5.4L16 4",
  moon: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  system: "M3 4h14v9H3zM7.5 16.5h5M10 13v3.5",
  download: "M10 3v9M6.5 8.5L10 12l3.5-3.5M4 16h12",
  send: "M3 10l14-6-5 13-3-5.5z",
  stop: "M5.5 5.5h9v9h-9z",
  signOut: "M12 4h4v12h-4M8.5 6.5L5 10l3.5 3.5M5 10h8",
  edit: "M4 16l.8-3.2L13 4.6l2.4 2.4-8.2 8.2zM11.5 6l2.5 2.5",
  rotate: "M16 7A6.5 6.5 0 0 0 4.4 6M4 3v3.5h3.5M4 13a6.5 6.5 0 0 0 11.6 1M16 17v-3.5h-3.5",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }) => (
  <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);

/** Two voices and where they agree. */
export const Logo = () => (
  <svg class="logo" viewBox="0 0 32 22" aria-hidden="true">
    <circle class="logo-first" cx="11" cy="11" r="10" />
    <circle class="logo-second" cx="21" cy="11" r="10" />
    <path class="logo-shared" d="M16 2.34a10 10 0 0 1 0 17.32a10 10 0 0 1 0-17.32z" />
  </svg>
);
