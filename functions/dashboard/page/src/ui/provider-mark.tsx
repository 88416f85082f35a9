/**
 * Marks of providers, drawn by us on a grid of 20: they tell rows apart and are not the providers' logos. Hidden from screen
 * readers, since the name stands next to them.
 */

interface Mark {
  readonly path: string;
  /** One of the mark colors in styles.css. */
  readonly color: 1 | 2 | 3 | 4 | 5 | 6;
}

const marks: Readonly<Record<string, Mark>> = {
  openai: { path: "M10 4l5.2 3v6L10 16l-5.2-3V7zM10 4v12M4.8 7l10.4 6M15.2 7L4.8 13", color: 1 },
  anthropic: { path: "M4.5 15.5L10 4.5l5.5 11M6.8 11h6.4", color: 2 },
  google: { path: "M15 6.5A6 6 0 1 0 16 10h-6", color: 3 },
  "x-ai": { path: "M5 5l10 10M15 5l-4 4M9 11l-4 4", color: 4 },
  openrouter: { path: "M4 10h4l4-4.5h4M8 10l4 4.5h4", color: 5 },
  minimax: { path: "M4.5 8v4M8 5v10M12 7v6M15.5 4.5v11", color: 6 },
  bedrock: { path: "M4 14.5h12M5.5 10.5h9M7.5 6.5h5", color: 2 },
  custom: { path: "M7.5 6L4 10l3.5 4M12.5 6l3.5 4-3.5 4", color: 4 },
  fashn: { path: "M7 4.5l3 2 3-2 3 3-2 2v6H6v-6l-2-2z", color: 6 },
  fal: { path: "M11 4l-5 7h4l-1 5 5-7h-4z", color: 5 },
  bfl: { path: "M10 4l6 11H4z", color: 4 },
  concurred: { path: "M8 14.5a4.5 4.5 0 1 1 0-9 4.5 4.5 0 0 1 0 9zM12 14.5a4.5 4.5 0 1 0 0-9", color: 1 },
};

const unknown: Mark = { path: "M10 15.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11z", color: 4 };

/** A provider's mark; a plain ring for one that is not known. */
export const ProviderMark = ({ name }: { name: string | undefined }) => {
  const { path, color } = name !== undefined && Object.hasOwn(marks, name) ? (marks[name] ?? unknown) : unknown;
  return (
    <svg class={`icon mark mark-${color}`} viewBox="0 0 20 20" aria-hidden="true">
      <path d={path} />
    </svg>
  );
};
