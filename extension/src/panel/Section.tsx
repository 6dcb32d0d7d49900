import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useListing } from '../components/hooks';
import { Listing } from '../listing';

export interface ISectionProps<T> {
  title: string;
  listing: Listing<T>;
  keyOf: (item: T) => string;
  row: (item: T) => JSX.Element;
  /** What to do when there is nothing. */
  empty: JSX.Element;
}

/** A collapsible live list of the panel, with "Show more" while older items are there. */
export function Section<T>(props: ISectionProps<T>): JSX.Element {
  const listing = useListing(props.listing);
  const [open, setOpen] = React.useState(true);
  const id = React.useId();
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className="clary-Section" aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        <button
          type="button"
          className="clary-Section-title"
          aria-expanded={open}
          aria-controls={`${id}-list`}
          onClick={() => setOpen(!open)}
        >
          <Caret.react tag="span" width="16px" height="16px" aria-hidden="true" />
          {props.title}
          {listing.loaded && !listing.error && (
            <span className="clary-Section-count">
              {listing.items.length}
              {listing.more ? '+' : ''}
            </span>
          )}
        </button>
      </h3>
      {open && (
        <div id={`${id}-list`}>
          <Body {...props} listing={listing} />
        </div>
      )}
    </section>
  );
}

function Body<T>({ listing, keyOf, row, empty }: ISectionProps<T>): JSX.Element {
  if (listing.error) {
    return (
      <div className="clary-Section-note" role="alert">
        Could not be read:{' '}
        {listing.error instanceof Error ? listing.error.message : String(listing.error)}{' '}
        <button type="button" className="clary-Link" onClick={() => listing.refresh()}>
          Try again
        </button>
      </div>
    );
  }
  if (!listing.loaded) {
    return <div className="clary-Section-note">Loading…</div>;
  }
  if (listing.items.length === 0) {
    const why = !listing.filterable
      ? 'Names have only letters, digits and hyphens.'
      : `No name contains “${listing.filter}”.`;
    return <div className="clary-Section-note">{listing.filter === '' ? empty : why}</div>;
  }
  return (
    <>
      <ul className="clary-Rows" onKeyDown={moveFocus}>
        {listing.items.map(item => (
          <React.Fragment key={keyOf(item)}>{row(item)}</React.Fragment>
        ))}
      </ul>
      {listing.more && (
        <button type="button" className="clary-More" onClick={() => listing.loadMore()}>
          Show more
        </button>
      )}
    </>
  );
}

/** Arrow keys go from row to row. */
function moveFocus(event: React.KeyboardEvent<HTMLUListElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) {
    return;
  }
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('.clary-Row-open')];
  const row = (event.target as HTMLElement).closest('.clary-Row');
  const at = rows.findIndex(one => one.closest('.clary-Row') === row);
  rows[at + step]?.focus();
  event.preventDefault();
}
