/* Rules by state, and one rule with what its evaluations did. */
import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { Button, FilterInput, LinkButton, RadioButtonGroup, Stack, useStyles2 } from '@grafana/ui';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router-dom';
import { details, detail, type Event } from '../api/hearth';
import type { Group, Instance, Rule } from '../api/plane';
import { deleteRule, listRules } from '../api/alerting';
import { page } from '../boot/page';
import { Act, Block, DeleteByName, Facts, Failure, Labels, Nothing, Page, Rows, Section, Shown, State, useNow } from '../console/parts';
import { ago, span, when } from '../console/words';
import { useAsync } from '../lib/useAsync';
import { AlertsPage, OfSource, useAgain } from './around';
import { useAlertSource, type AlertSource } from './source';

interface Placed {
  group: Group;
  rule: Rule;
}

const rank: Record<string, number> = { err: 0, firing: 1, pending: 2, inactive: 3, recording: 4 };

const stateOf = (r: Rule) => (/^err/.test(r.health) ? 'err' : r.type === 'recording' ? 'recording' : (r.state ?? 'inactive'));
/** How many instances are not normal. */
function instances(r: Rule): string {
  const n = (r.alerts ?? []).filter((a) => !/^Normal/.test(a.state)).length;
  return n ? `${n} ${n === 1 ? 'instance' : 'instances'}` : '';
}

/** What Grafana writes of each query, by their letters; of Prometheus the number alone. */
function Value({ of }: { of: string }) {
  const each = [...of.matchAll(/var='(\w+)' labels=\{.*?\} value=([^\s\]]+)/g)];
  return each.length ? <>{each.map(([, name, value]) => <div key={name}>{name} {valueText(value)}</div>)}</> : <>{valueText(of)}</>;
}

/** A number shortly; what is none, as it stands. */
function valueText(v: string): string {
  const n = Number(v);
  return v === '' || (Number.isNaN(n) && v !== 'NaN') ? v : n.toLocaleString('en-US', { maximumSignificantDigits: 6 });
}

const sayState: Record<string, string> = { err: 'cannot be evaluated' };

const linkTo = (source: AlertSource, p: Placed) => source.to('/alerts/rule', { namespace: p.group.file, group: p.group.name, rule: p.rule.name });

export function Rules() {
  return <AlertsPage title="Alerts" at="/alerts"><RulesOf /></AlertsPage>;
}

function RulesOf() {
  const source = useAlertSource();
  const id = source.workspace;
  const s = useStyles2(styles);
  const found = useAsync(source.rules, [source]);
  useAgain(found.again, 15000);
  const [params, setParams] = useSearchParams();
  const state = params.get('state') ?? '';
  const query = (params.get('query') ?? '').toLowerCase();
  const set = (name: string, value: string) => {
    const p = new URLSearchParams(params);
    if (value) { p.set(name, value); } else { p.delete(name); }
    setParams(p, { replace: true });
  };
  return (
    <Shown of={found} what="the rules">
      {(groups) => {
        const all: Placed[] = groups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
        const counts = (k: string) => all.filter((p) => stateOf(p.rule) === k).length;
        const shown = all
          .filter((p) => (!state || stateOf(p.rule) === state) && `${p.rule.name} ${p.group.name} ${p.group.file} ${p.rule.query}`.toLowerCase().includes(query))
          .sort((a, b) => rank[stateOf(a.rule)] - rank[stateOf(b.rule)] || a.rule.name.localeCompare(b.rule.name));
        if (!all.length) {
          return !id ? <><NewRule /><Nothing title="This Grafana workspace has no alert rules.">Write one here or from the menu of a panel, or let Grafana's provisioning API make them, as its Terraform provider does.</Nothing></> : <Nothing title="No rules are evaluated in this workspace." cli="hearth rules install kubernetes"><Link to={`/workspaces/${id}?tab=Rules+and+alert+manager`}>Write rules here</Link>, or install those that come with Hearth:</Nothing>;
        }
        const options = [{ label: `All ${all.length}`, value: '' }, ...['err', 'firing', 'pending', 'inactive', 'recording'].filter((k) => counts(k)).map((k) => ({ label: `${k === 'err' ? 'Broken' : k[0].toUpperCase() + k.slice(1)} ${counts(k)}`, value: k }))];
        return (
          <>
            <Stack wrap="wrap">
              {!id && <NewRule />}
              <div className={s.states}><RadioButtonGroup aria-label="State" options={options} value={state} onChange={(v) => set('state', v)} /></div>
              <FilterInput width={34} placeholder="Name, group or expression" aria-label="Filter rules" value={params.get('query') ?? ''} onChange={(v) => set('query', v)} />
            </Stack>
            <ul className={s.list} aria-label="Rules">
              {shown.map((p) => (
                <li key={p.group.file + p.group.name + p.rule.name + p.rule.query} className={s.rule}>
                  <span className={s.stateCell}><State of={sayState[stateOf(p.rule)] ?? stateOf(p.rule)} tone={stateOf(p.rule) === 'err' ? 'bad' : undefined} /></span>
                  <div className={s.main}>
                    <Link className={s.name} to={linkTo(source, p)}>{p.rule.name}</Link> <small className={s.dim}>{p.group.file} › {p.group.name}</small>
                    <code className={s.expr}>{p.rule.query}</code>
                    {p.rule.lastError && <div className={s.error}>{p.rule.lastError}</div>}
                  </div>
                  <span className={s.count}>{instances(p.rule)}</span>
                </li>
              ))}
            </ul>
            {!shown.length && <Nothing title="No rule is like that." />}
          </>
        );
      }}
    </Shown>
  );
}

/** Rules of a Grafana workspace are written here; those of a metrics workspace are files. */
function NewRule() {
  const { readOnly } = useAlertSource();
  return readOnly ? <Button icon="plus" disabled tooltip="Editors and administrators of the Grafana workspace write alert rules.">New alert rule</Button> : <LinkButton icon="plus" href={`${page.base}/alerts/new`}>New alert rule</LinkButton>;
}

/** One rule: its state, its instances, and what its evaluations changed. */
export function OneRule() {
  const [params] = useSearchParams();
  return <OfSource named={params.get('workspace') ?? ''}><OneRuleOf /></OfSource>;
}

function OneRuleOf() {
  const source = useAlertSource();
  const [params] = useSearchParams();
  const [namespace, group, name] = ['namespace', 'group', 'rule'].map((k) => params.get(k) ?? '');
  const found = useAsync(source.rules, [source]);
  useAgain(found.again, 10000);
  const crumbs = [{ text: 'Alerts', to: source.to('/alerts') }];
  return (
    <Page title={name || 'Rule'} crumbs={crumbs} sub={`${namespace} › ${group}`} actions={!source.workspace && !source.readOnly && name && <Change group={group} name={name} />}>
      {!name ? <Failure error={new Error('The address names no rule: it needs namespace, group and rule.')} title="Which rule?" /> : (
        <Shown of={found} what="the rule">
          {(groups) => {
            const g = groups.find((x) => x.name === group && (!namespace || x.file === namespace));
            const all = g?.rules.filter((r) => r.name === name) ?? [];
            return g && all.length ? <>{all.map((r) => <Detail key={r.query + JSON.stringify(r.labels)} group={g} rule={r} />)}</> : <Nothing title="This rule is not evaluated now." cli={source.workspace && `hearth why alert ${name}`}>It was changed or deleted since. What the ledger has about it stands below.</Nothing>;
          }}
        </Shown>
      )}
      {name && <Record namespace={namespace} group={group} name={name} />}
    </Page>
  );
}

/** Edit and Delete of a rule of a Grafana workspace, which has a uid. */
function Change({ group, name }: { group: string; name: string }) {
  const found = useAsync(async () => (await listRules()).find((r) => r.ruleGroup === group && r.title === name), [group, name]);
  const [doomed, setDoomed] = useState(false);
  const navigate = useNavigate();
  const rule = found.state === 'done' ? found.value : undefined;
  if (!rule?.uid) {
    return null;
  }
  const uid = rule.uid;
  return (
    <>
      <LinkButton size="sm" variant="secondary" icon="pen" href={`${page.base}/alerts/edit/${encodeURIComponent(uid)}`}>Edit</LinkButton>
      {!rule.provenance && <Button size="sm" variant="destructive" icon="trash-alt" onClick={() => setDoomed(true)}>Delete</Button>}
      {doomed && <DeleteByName what="alert rule" name={name} note="Its alerts end, and what became of them stays in the ledger." onDelete={() => deleteRule(uid).then(() => navigate('/alerts'))} onClose={() => setDoomed(false)} />}
    </>
  );
}

function Detail({ group, rule }: { group: Group; rule: Rule }) {
  const source = useAlertSource();
  const now = useNow(1000);
  return (
    <>
      <Section title="Expression" actions={<LinkButton size="sm" variant="secondary" icon="compass" href={source.explore(rule.query)}>Explore it</LinkButton>}>
        <Block label="the expression" text={rule.query} />
        {rule.lastError && <Failure error={new Error(rule.lastError)} title="It cannot be evaluated" />}
        <Facts of={[
          ['State', <State key="s" of={stateOf(rule)} />],
          ['For', rule.duration ? span(rule.duration) : rule.type === 'alerting' ? 'at once' : undefined],
          ['Keeps firing for', rule.keepFiringFor ? span(rule.keepFiringFor) : undefined],
          ['Evaluated every', span(group.interval)],
          ['Last evaluated', ago(rule.lastEvaluation, now)],
          ['It took', `${(rule.evaluationTime * 1000).toFixed(1)} ms`],
          ['Looks back by', group.queryOffset ? span(group.queryOffset) : undefined],
          ['Labels', rule.labels && Object.keys(rule.labels).length ? <Labels key="l" of={rule.labels} /> : undefined],
        ]} />
        {rule.annotations && Object.keys(rule.annotations).length > 0 && <Facts of={Object.entries(rule.annotations)} />}
      </Section>
      {rule.type === 'alerting' && (
        <Section title="Instances">
          {rule.alerts?.length ? <Instances all={rule.alerts} now={now} /> : <Nothing title="None: the expression gives nothing now." cli={source.workspace && `hearth why alert ${rule.name}`} />}
        </Section>
      )}
    </>
  );
}

function Instances({ all, now }: { all: Instance[]; now: number }) {
  const source = useAlertSource();
  const silence = (a: Instance) => source.to('/alerts/silences/new', { matchers: Object.entries(a.labels).map(([k, v]) => `${k}=${JSON.stringify(v)}`).join(',') });
  return (
    <Rows
      label="Instances"
      rows={all}
      id={(a) => JSON.stringify(a.labels)}
      columns={[
        { head: 'State', cell: (a) => <State of={a.state} /> },
        { head: 'Labels', cell: (a) => <><Labels of={a.labels} omit={['alertname']} />{a.annotations.summary && <div>{a.annotations.summary}</div>}</> },
        { head: 'Value', number: true, cell: (a) => <Value of={a.value} /> },
        { head: 'Since', wide: true, line: true, cell: (a) => (a.activeAt ? ago(a.activeAt, now) : '') },
        { head: 'Actions', cell: (a) => source.readOnly ? <span title={source.readOnly}>–</span> : <Link to={silence(a)}>Silence</Link> },
      ]}
    />
  );
}

/** What the evaluations changed, from the ledger. */
function Record({ namespace, group, name }: { namespace: string; group: string; name: string }) {
  const source = useAlertSource();
  const s = useStyles2(styles);
  const found = useAsync(() => source.record(name), [source, name]);
  useAgain(found.again, 10000);
  return (
    <Section title="Evaluation record" note="Every evaluation that changed something: which samples it looked at, what came out, and why each alert went where." actions={<Act icon="sync" does={async () => found.again()}>Read again</Act>}>
      <Shown of={found} what="the record">
        {(all) => {
          const mine = all.filter((e) => detail(e, 'rule') === name && detail(e, 'rule_group') === group && (!namespace || detail(e, 'namespace') === namespace));
          return mine.length ? <ol className={s.record}>{mine.slice(0, 100).map((e, i) => <Evaluation key={e.time + i} e={e} />)}</ol> : <Nothing title="No evaluation changed anything yet, as far back as the ledger goes." cli={source.workspace && `hearth why alert ${name}`} />;
        }}
      </Shown>
    </Section>
  );
}

function Evaluation({ e }: { e: Event }) {
  const s = useStyles2(styles);
  const error = detail(e, 'error');
  return (
    <li className={s.evaluation}>
      <div><strong>{when(e.time)}</strong> {e.summary} <span className={s.dim}>{detail(e, 'result')}</span></div>
      {detail(e, 'evaluated') && <small className={s.dim}>evaluated for {when(detail(e, 'evaluated'))}, samples of {when(detail(e, 'sample_time'))}</small>}
      {error && <div className={s.error}>{error}</div>}
      {details(e, 'state').map((t) => <code key={t} className={s.expr}>{t}</code>)}
      {detail(e, 'omitted') && <small>and {detail(e, 'omitted')} more</small>}
    </li>
  );
}


const styles = (t: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', margin: 0, padding: 0, border: `1px solid ${t.colors.border.weak}`, borderRadius: 6, background: t.colors.background.primary }),
  rule: css({ display: 'flex', gap: t.spacing(2), padding: t.spacing(1.5), borderBottom: `1px solid ${t.colors.border.weak}`, '&:last-child': { borderBottom: 0 }, [t.breakpoints.down('md')]: { flexDirection: 'column', gap: 4 } }),
  states: css({ maxWidth: '100%', overflowX: 'auto' }),
  stateCell: css({ width: 150, flex: 'none' }),
  main: css({ flex: 1, minWidth: 0 }),
  name: css({ fontWeight: 500, color: t.colors.text.link }),
  dim: css({ color: t.colors.text.secondary }),
  expr: css({ display: 'block', background: 'none', border: 0, padding: 0, marginTop: 4, fontSize: 12, color: t.colors.text.secondary, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }),
  error: css({ color: t.colors.error.text, marginTop: 4, overflowWrap: 'anywhere' }),
  count: css({ flex: 'none', color: t.colors.text.secondary }),
  record: css({ listStyle: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: t.spacing(1.5) }),
  evaluation: css({ borderLeft: `3px solid ${t.colors.border.medium}`, paddingLeft: t.spacing(1.5) }),
});
