import * as React from 'react';

import { Card } from './parts';

export interface ITable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly React.ReactNode[])[];
}

/** A chart in a card, with the same as a table a button away. */
export function ChartCard(props: {
  title: string;
  table: ITable;
  wide?: boolean;
  className?: string;
  children: React.ReactNode;
}): JSX.Element {
  const [asTable, setAsTable] = React.useState(false);
  return (
    <Card
      title={props.title}
      wide={props.wide}
      className={props.className}
      tools={
        <button
          type="button"
          className="clary-Link"
          aria-pressed={asTable}
          aria-label={`${props.title} as a table`}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? 'Chart' : 'Table'}
        </button>
      }
    >
      {asTable ? <DataTable caption={props.title} table={props.table} /> : props.children}
    </Card>
  );
}

/** Rows and columns; numbers stand to the right. */
export function DataTable(props: { caption: string; table: ITable }): JSX.Element {
  const { columns, rows } = props.table;
  return (
    <div className="clary-TableFrame">
      <table className="clary-Table">
        <caption className="clary-ForReaders">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map(name => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={columns[j]} className={typeof cell === 'number' ? 'clary-mod-number' : ''}>
                  {typeof cell === 'number' ? cell.toLocaleString('en') : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
