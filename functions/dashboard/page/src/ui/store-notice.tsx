import { storeFault } from "../browser-store.ts";
import { Notice } from "./notice.tsx";

const words = {
  unavailable: "This browser does not let the page keep anything: a reload clears what is here.",
  full: "This browser's storage is full: the last change was not kept. Delete something here to make room.",
} as const;

/** Says that the browser keeps nothing. */
export const StoreNotice = () =>
  storeFault.value === undefined ? null : (
    <Notice kind="warning" live>
      <p>{words[storeFault.value]}</p>
    </Notice>
  );
