/** What the deploy form asks for, and what can be wrong with it before the API is asked. */

import { nameProblem } from './names';

export interface IDeployment {
  endpoint: string;
  variant: string;
  instanceType: string;
  count: string;
}

/** Field -> why it cannot be sent. Empty when all is well. */
export function deploymentProblems(
  values: IDeployment
): Partial<Record<keyof IDeployment, string>> {
  const problems: Partial<Record<keyof IDeployment, string>> = {};
  const note = (field: keyof IDeployment, problem: string | null) => {
    if (problem !== null) {
      problems[field] = problem;
    }
  };
  note('endpoint', nameProblem(values.endpoint));
  note('variant', nameProblem(values.variant));
  note(
    'instanceType',
    /^ml\.[a-z0-9-]+\.[a-z0-9]+$/.test(values.instanceType) ? null : 'Such as ml.m5.large.'
  );
  const count = Number(values.count);
  const whole = values.count.trim() !== '' && Number.isInteger(count) && count >= 1;
  note('count', whole ? null : 'A whole number of 1 or more.');
  return problems;
}
