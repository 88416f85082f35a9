import { signal } from "@preact/signals";

const message = signal("");
let timer: ReturnType<typeof setTimeout> | undefined;
const shownMs = 5_000;

/** Tells that something is done: seen for a few seconds, and read out. */
export const announce = (text: string): void => {
  message.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => {
    message.value = "";
  }, shownMs);
};

export const Toast = () => (
  <div class="toast-region" role="status">
    {message.value === "" ? null : <p class="toast">{message.value}</p>}
  </div>
);
