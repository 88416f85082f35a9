import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Icon } from "./icons.tsx";

type Value = string | number;

interface Row {
  readonly key: string;
  readonly cells: readonly ComponentChildren[];
  /** What each column sorts by, where the cells are formatted. A table without values is not sortable. */
  readonly values?: readonly Value[];
}

interface TableProps {
  /** Names the table; not shown, since a heading says the same. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Index of the column whose cell names its row. */
  readonly nameColumn?: number;
}

interface Order {
  readonly column: number;
  readonly descending: boolean;
}

const compare = (left: Value | undefined, right: Value | undefined): number =>
  typeof left === "number" && typeof right === "number"
    ? left - right
    : String(left ?? "").localeCompare(String(right ?? ""), "en", { numeric: true });

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

/** Numbers by name. Scrolls within its frame when it is wider or longer. A click on a head sorts, numbers largest first. */
export const Table = ({ caption, columns, rows, nameColumn = 0 }: TableProps) => {
  const order = useSignal<Order | undefined>(undefined);
  const sortable = rows.length > 1 && rows.every(({ values }) => values !== undefined);
  const sortBy = (column: number): void => {
    const now = order.value;
    const descending = now?.column === column ? !now.descending : column !== nameColumn;
    order.value = { column, descending };
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
                {sortable ? (
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
          {sorted(rows, order.value).map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) =>
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
    </section>
  );
};
