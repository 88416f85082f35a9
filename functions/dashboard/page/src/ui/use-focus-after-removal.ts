import { useEffect, useRef } from "preact/hooks";

/**
 * When a row goes, the focus that a closing dialog had given back to its button goes with it. It then moves to the page's
 * heading, so that a keyboard goes on from there and not from the top.
 */
export const useFocusAfterRemoval = (rows: number | undefined): void => {
  const before = useRef(rows);
  useEffect(() => {
    const removed = rows !== undefined && before.current !== undefined && rows < before.current;
    before.current = rows;
    if (removed && document.activeElement === document.body) document.querySelector("h1")?.focus();
  }, [rows]);
};
