import type { ComponentChildren } from 'preact';

type Props = {
  label: string;
  kind: 'records' | 'faults';
  isWide?: boolean;
  columns: readonly string[];
  /** The rows. */
  children: ComponentChildren;
};

/** A table that scrolls within its page, by keyboard too. */
export const ScrollingTable = ({ label, kind, isWide = false, columns, children }: Props) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users can scroll it
  <section class={isWide ? 'scrolls wide' : 'scrolls'} tabIndex={0} aria-label={label}>
    <table class={kind}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th scope="col" key={column}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </section>
);
