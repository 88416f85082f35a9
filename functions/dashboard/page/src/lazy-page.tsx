import { type Signal, useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import type { NavigationItem } from "./navigation.ts";
import { Button } from "./ui/button.tsx";
import { Notice } from "./ui/notice.tsx";
import { PageHeader } from "./ui/page-header.tsx";
import { Skeleton } from "./ui/placeholder.tsx";

/** Pages whose script is there, so that a page that was seen before appears at once. */
const loaded = new Map<string, ComponentType>();

const load = (item: NavigationItem, failed: Signal<boolean>, arrived: Signal<number>): (() => void) => {
  let left = false;
  item.load().then(
    (page) => {
      loaded.set(item.id, page);
      if (!left) arrived.value += 1;
    },
    () => {
      if (!left) failed.value = true;
    },
  );
  return () => {
    left = true;
  };
};

/**
 * A page whose script is loaded when it is first opened. After a deployment the server no longer has the script of an older
 * document: only loading the document again helps.
 */
export const LazyPage = ({ item }: { readonly item: NavigationItem }) => {
  const failed = useSignal(false);
  const arrived = useSignal(0);
  const Page = loaded.get(item.id);
  useEffect(() => (Page === undefined ? load(item, failed, arrived) : undefined), [item]);
  // Read, so that the arrival renders.
  arrived.value;
  if (Page !== undefined) return <Page />;
  if (!failed.value) return <Skeleton rows={4} label={`Loading ${item.name}`} />;
  return (
    <>
      <PageHeader title={item.name} />
      <Notice kind="error" live>
        <p>The page did not load. The dashboard may have been updated, or the network is down.</p>
        <Button small onClick={() => location.reload()}>
          Reload
        </Button>
      </Notice>
    </>
  );
};
