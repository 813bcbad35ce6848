/* Alertmanager's routing tree, read from its configuration: https://prometheus.io/docs/alerting/latest/configuration/#route */
import { isObject } from '../api/http';
import { matcherText, parseMatchers, type Matcher } from '../api/plane';

export interface RouteMatcher extends Matcher {
  text: string;
}

export interface Route {
  receiver: string;
  matchers: RouteMatcher[];
  continue: boolean;
  groupBy: string[];
  groupWait: string;
  groupInterval: string;
  repeatInterval: string;
  mute: string[];
  active: string[];
  routes: Route[];
}

export interface Receiver {
  name: string;
  kinds: string[];
}

const texts = (v: unknown): string[] => (Array.isArray(v) ? v.map(String) : []);
const pairs = (v: unknown): [string, string][] => (isObject(v) ? Object.entries(v).map(([k, x]) => [k, String(x)]) : []);

function matchersOf(r: Record<string, unknown>): RouteMatcher[] {
  const equal = pairs(r.match).map(([name, value]): Matcher => ({ name, value, isEqual: true, isRegex: false }));
  const like = pairs(r.match_re).map(([name, value]): Matcher => ({ name, value, isEqual: true, isRegex: true }));
  return [...equal, ...like, ...texts(r.matchers).flatMap(parseMatchers)].map((m) => ({ ...m, text: matcherText(m) }));
}

/** The tree below a configuration's route, with what each route inherits. */
export function routeOf(doc: unknown): Route | undefined {
  return isObject(doc) && isObject(doc.route) ? branch(doc.route, undefined) : undefined;
}

function branch(r: Record<string, unknown>, above: Route | undefined): Route {
  const own = (name: string, inherited: string | undefined, otherwise: string) => (typeof r[name] === 'string' && r[name] ? r[name] : (inherited ?? otherwise));
  const route: Route = {
    receiver: own('receiver', above?.receiver, ''),
    matchers: matchersOf(r),
    continue: r.continue === true,
    groupBy: Array.isArray(r.group_by) ? texts(r.group_by) : (above?.groupBy ?? []),
    groupWait: own('group_wait', above?.groupWait, '30s'),
    groupInterval: own('group_interval', above?.groupInterval, '5m'),
    repeatInterval: own('repeat_interval', above?.repeatInterval, '4h'),
    mute: texts(r.mute_time_intervals),
    active: texts(r.active_time_intervals),
    routes: [],
  };
  route.routes = (Array.isArray(r.routes) ? r.routes.filter(isObject) : []).map((c) => branch(c, route));
  return route;
}

export function receiversOf(doc: unknown): Map<string, Receiver> {
  const all = isObject(doc) && Array.isArray(doc.receivers) ? doc.receivers.filter(isObject) : [];
  return new Map(all.map((r) => [String(r.name), { name: String(r.name), kinds: Object.keys(r).filter((k) => k.endsWith('_configs') && texts(r[k]).length > 0).map((k) => k.replace('_configs', '')) }]));
}

function holds(m: Matcher, labels: Record<string, string>): boolean {
  const value = labels[m.name] ?? '';
  let same = value === m.value;
  if (m.isRegex) {
    try {
      same = new RegExp(`^(?:${m.value})$`, 's').test(value);
    } catch {
      same = false;
    }
  }
  return same === m.isEqual;
}

/** The routes that an alert ends in. */
export function goes(r: Route, labels: Record<string, string>): Route[] {
  if (!r.matchers.every((m) => holds(m, labels))) {
    return [];
  }
  const out: Route[] = [];
  for (const c of r.routes) {
    const down = goes(c, labels);
    out.push(...down);
    if (down.length && !c.continue) {
      break;
    }
  }
  return out.length ? out : [r];
}
