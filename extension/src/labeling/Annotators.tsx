import * as React from 'react';

import { useClary } from '../components/context';
import { useLive } from '../components/hooks';
import { confirm } from '../components/notices';
import { Card, CopyButton } from '../components/parts';
import { interval } from '../pure/labeling';
import { lastPart } from '../pure/names';
import { IAnnotator, IInvitation, ILabelingJob, IMember, IResults } from './shapes';

/** Who labels: what each has done, and whose link is good. */
export function Annotators(props: { job: ILabelingJob; results: IResults | null }): JSX.Element {
  const { job, results } = props;
  const clary = useClary();
  const team = lastPart(job.HumanTaskConfig.WorkteamArn);
  const members = useLive(
    () => clary.api.members(team),
    'workteam',
    team,
    () => true
  );
  const people = joined(results?.annotators ?? [], members.data ?? []);
  const gold = people.some(one => one.work?.gold);
  return (
    <Card
      title="Annotators"
      wide
      className="clary-Annotators"
      tools={<span className="clary-Dim">work team “{team}”</span>}
    >
      {people.length > 0 && (
        <div className="clary-TableFrame">
          <table className="clary-Table">
            <caption className="clary-ForReaders">Annotators</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Answers</th>
                <th scope="col">Seconds each</th>
                <th scope="col">An hour</th>
                <th scope="col">Agreement with the others</th>
                {gold && <th scope="col">Known answers right</th>}
                <th scope="col">Link</th>
              </tr>
            </thead>
            <tbody>
              {people.map(one => (
                <Person
                  key={one.name}
                  {...one}
                  gold={gold}
                  revoke={async () => {
                    const sure = await confirm(
                      `Revoke the link of ${one.name}?`,
                      'It stops working at once, for all jobs of the team. What was labeled stays.',
                      'Revoke'
                    );
                    const call = () => clary.api.revoke(team, one.name);
                    if (
                      sure &&
                      (await clary.attempt(`Could not revoke the link of ${one.name}`, call))
                    ) {
                      members.refresh();
                    }
                  }}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Invite team={team} invited={members.refresh} />
    </Card>
  );
}

interface IPerson {
  name: string;
  work: IAnnotator | null;
  member: IMember | null;
}

/** Those who answered and those who may, together by name. */
function joined(annotators: readonly IAnnotator[], members: readonly IMember[]): IPerson[] {
  const names = [...new Set([...annotators, ...members].map(one => one.name))];
  return names.map(name => ({
    name,
    work: annotators.find(one => one.name === name) ?? null,
    member: members.find(one => one.name === name) ?? null
  }));
}

function Person(props: IPerson & { gold: boolean; revoke: () => Promise<void> }): JSX.Element {
  const { name, work, member } = props;
  const number = (n: number | null | undefined, digits = 0) =>
    typeof n === 'number' ? n.toLocaleString('en', { maximumFractionDigits: digits }) : '–';
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className="clary-mod-number">{number(work?.answers ?? 0)}</td>
      <td className="clary-mod-number">{number(work?.median_seconds, 1)}</td>
      <td className="clary-mod-number">{number(work?.items_per_hour)}</td>
      <td className="clary-mod-number">
        {interval(work?.agreement, work?.agreement_low, work?.agreement_high)}
      </td>
      {props.gold && (
        <td className="clary-mod-number">
          {work?.gold ? `${work.gold.right} of ${work.gold.of}` : '–'}
        </td>
      )}
      <td>
        {member === null ? (
          <span className="clary-Dim">this machine</span>
        ) : member.status === 'Active' ? (
          <button
            type="button"
            className="clary-Link"
            aria-label={`Revoke the link of ${name}`}
            onClick={() => void props.revoke()}
          >
            Revoke
          </button>
        ) : (
          <span className="clary-Dim">revoked</span>
        )}
      </td>
    </tr>
  );
}

/** A link for somebody, which is told once. */
function Invite(props: { team: string; invited: () => void }): JSX.Element {
  const clary = useClary();
  const id = React.useId();
  const [name, setName] = React.useState('');
  const [made, setMade] = React.useState<IInvitation | null>(null);
  const invite = async () => {
    setMade(null);
    const done = await clary.attempt(`Could not invite ${name}`, async () => {
      setMade(await clary.api.invite(props.team, name.trim()));
    });
    if (done) {
      setName('');
      props.invited();
    }
  };
  return (
    <>
      <form
        className="clary-Invite"
        data-lm-suppress-shortcuts
        onSubmit={event => {
          event.preventDefault();
          void invite();
        }}
      >
        <label htmlFor={id}>Invite somebody to label in a browser, without an account here</label>
        <input
          id={id}
          value={name}
          placeholder="name"
          autoComplete="off"
          onChange={event => setName(event.target.value)}
        />
        <button type="submit" className="clary-Button" disabled={name.trim() === ''}>
          Make a link
        </button>
      </form>
      <div role="status">
        {made && (
          <div className="clary-Invited">
            <p>
              <strong>The link of {made.name}</strong> – it is shown once and only here; whoever has
              it can label this team’s jobs and do nothing else.
            </p>
            <p>
              <code className="clary-Address">{made.link}</code>
              <CopyButton text={made.link} label="Copy the link" />
            </p>
            {made.note && <p className="clary-Dim">{made.note}</p>}
          </div>
        )}
      </div>
    </>
  );
}
