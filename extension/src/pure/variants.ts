/** Edits of an endpoint's variants, as far as they can be judged before the API is asked. */

export interface IDraft {
  weight?: string;
  count?: string;
}

export interface IVariantNow {
  readonly VariantName: string;
  readonly CurrentWeight?: number;
  readonly DesiredWeight?: number;
  readonly CurrentInstanceCount?: number;
  readonly DesiredInstanceCount?: number;
}

export interface IVariantUpdate {
  VariantName: string;
  DesiredWeight?: number;
  DesiredInstanceCount?: number;
}

/** Each weight's share of the traffic in percent. All zero is no traffic at all. */
export function shares(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map(weight => (sum > 0 ? (100 * weight) / sum : 0));
}

/** What the drafts change, and what is wrong with them ("<variant>.weight" -> why). */
export function changedVariants(
  variants: readonly IVariantNow[],
  drafts: Readonly<Record<string, IDraft>>
): { updates: IVariantUpdate[]; problems: Map<string, string> } {
  const updates: IVariantUpdate[] = [];
  const problems = new Map<string, string>();
  for (const one of variants) {
    const draft = drafts[one.VariantName] ?? {};
    const update: IVariantUpdate = { VariantName: one.VariantName };
    if (draft.weight !== undefined) {
      const weight = Number(draft.weight);
      if (draft.weight.trim() === '' || !Number.isFinite(weight) || weight < 0) {
        problems.set(`${one.VariantName}.weight`, 'A weight is a number of 0 or more.');
      } else if (weight !== (one.DesiredWeight ?? one.CurrentWeight)) {
        update.DesiredWeight = weight;
      }
    }
    if (draft.count !== undefined) {
      const count = Number(draft.count);
      if (draft.count.trim() === '' || !Number.isInteger(count) || count < 1) {
        problems.set(`${one.VariantName}.count`, 'A variant has 1 instance or more.');
      } else if (count !== (one.DesiredInstanceCount ?? one.CurrentInstanceCount)) {
        update.DesiredInstanceCount = count;
      }
    }
    if (Object.keys(update).length > 1) {
      updates.push(update);
    }
  }
  return { updates, problems };
}
