import * as React from 'react';

import { IClary } from '../tokens';

const ClaryContext = React.createContext<IClary | null>(null);

export const ClaryProvider = ClaryContext.Provider;

/** Whether the widget around a component is in view: what is not can wait for its news. */
export const VisibleContext = React.createContext(true);

/** Clary's shared services, inside a component. */
export function useClary(): IClary {
  const clary = React.useContext(ClaryContext);
  if (clary === null) {
    throw new Error('This component must be inside a ClaryProvider.');
  }
  return clary;
}
