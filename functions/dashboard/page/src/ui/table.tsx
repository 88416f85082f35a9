import { batch, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { formatCount } from "../format.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icons.tsx";

type Value = string | number;

interface Row {
  readonly key: string;
  /** A function where making them takes time: it is asked for the rows that are shown. */
  readonly cells: readonly ComponentChildren[] | (() => readonly ComponentChildren[]);
  /** What each column sorts by, where the cells are formatted. Columns behind the last value are not sortable. */
  readonly values?: readonly Value[];
}

interface TableProps {
  /** Names the table; not shown, since a heading says the same. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Index of the column whose cell names its row. */
  readonly nameColumn?: number;
  /** Shows every row at once, where rows are loaded on demand already. */
  readonly whole?: boolean;
}

interface Order {
  readonly column: number;
  readonly descending: boolean;
}

const { compare: compareTexts } = new Intl.Collator("en", { numeric: true });

const compare = (left: Value | undefined, right: Value | undefined): number =>
  typeof left === "number" && typeof right === "number"
    ? left - right
    : compareTexts(String(left ?? ""), String(right ?? ""));

/** Rows that are shown at first, and with each click on more. What people wait for after a click grows with them. */
const pageRows = 50;

const cellsOf = ({ cells }: Row): readonly ComponentChildren[] => (typeof cells === "function" ? cells() : cells);

const sorted = (rows: readonly Row[], order: Order | undefined): readonly Row[] => {
  if (order === undefined) return rows;
  const { column, descending } = order;
  return rows.toSorted((left, right) => compare(left.values?.[column], right.values?.[column]) * (descending ? -1 : 1));
};

interface SortButtonProps {
  readonly children: ComponentChildren;
  /** The order of this column, if the table is sorted by it. */
  readonly order: Order | undefined;
  readonly onSort: () => void;
}

const SortButton = ({ children, order, onSort }: SortButtonProps) => (
  <button type="button" class="sort" onClick={onSort}>
    {children}
    {order === undefined ? null : <Icon name={order.descending ? "down" : "up"} />}
  </button>
);

const ariaSort = (order: Order | undefined): "ascending" | "descending" | undefined => {
  if (order === undefined) return undefined;
  return order.descending ? "descending" : "ascending";
};

/** Numbers by name. Scrolls within its frame when it is wider or longer. A click on a head sorts, numbers largest first. Length: markup. */
export const Table = ({ caption, columns, rows, nameColumn = 0, whole = false }: TableProps) => {
  const order = useSignal<Order | undefined>(undefined);
  const atFirst = whole ? Number.POSITIVE_INFINITY : pageRows;
  const shown = useSignal(atFirst);
  const sortable = rows.length > 1 && rows.every(({ values }) => values !== undefined);
  const sortedColumns = rows[0]?.values?.length ?? 0;
  const sortBy = (column: number): void => {
    const now = order.value;
    const descending = now?.column === column ? !now.descending : column !== nameColumn;
    batch(() => {
      order.value = { column, descending };
      shown.value = atFirst;
    });
  };
  const orderOf = (column: number): Order | undefined => (order.value?.column === column ? order.value : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class="table-scroll" tabIndex={0} aria-label={caption}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th
                key={column}
                scope="col"
                class={index === nameColumn ? "name" : undefined}
                aria-sort={ariaSort(orderOf(index))}
              >
                {sortable && index < sortedColumns ? (
                  <SortButton order={orderOf(index)} onSort={() => sortBy(index)}>
                    {column}
                  </SortButton>
                ) : (
                  column
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, order.value)
            .slice(0, shown.value)
            .map((row) => (
              <tr key={row.key}>
                {cellsOf(row).map((cell, index) =>
                  index === nameColumn ? (
                    <th key={columns[index]} scope="row">
                      {cell}
                    </th>
                  ) : (
                    <td key={columns[index]}>{cell}</td>
                  ),
                )}
              </tr>
            ))}
        </tbody>
      </table>
      {rows.length <= shown.value ? null : (
        <p class="table-more">
          <Button
            small
            kind="quiet"
            onClick={() => {
              shown.value += pageRows;
            }}
          >
            {`Show ${Math.min(pageRows, rows.length - shown.value)} more of ${formatCount(rows.length)}`}
          </Button>
        </p>
      )}
    </section>
  );
};
