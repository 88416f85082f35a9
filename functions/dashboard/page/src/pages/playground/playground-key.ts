import { signal } from "@preact/signals";

/** The API key that the playground calls with. In this tab's memory only: never stored, gone on reload. */
export const playgroundKey = signal("");
