import { signal } from "@preact/signals";

/** The API key that the playground calls with; empty for the session. In this tab's memory only: never stored, gone on reload. */
export const playgroundKey = signal("");

export const isKey = (text: string): boolean => /^ck_\w{8,}$/.test(text);

/** Whether something can be called: by the session, or by what may be a key. */
export const isUsable = (key: string): boolean => key === "" || isKey(key);
