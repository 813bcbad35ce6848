/* Amazon Managed Service for Prometheus, its control plane. */
import { newToken } from '../lib/token';
import { ask, askJSON, fromBase64, pages, quote, toBase64 } from './aws';

export interface Status {
  statusCode: string;
  statusReason?: string;
}

export interface Workspace {
  workspaceId: string;
  alias?: string;
  arn: string;
  createdAt: number;
  prometheusEndpoint?: string;
  status: Status;
  tags: Record<string, string>;
}

const at = (id: string, rest = '') => `/workspaces/${encodeURIComponent(id)}${rest}`;

export const listWorkspaces = () =>
  pages(async (token) => {
    const r = await askJSON<{ workspaces: Workspace[]; nextToken?: string }>({ service: 'aps', path: '/workspaces', params: { maxResults: 1000, nextToken: token }, cli: 'amp list-workspaces' });
    return { items: r.workspaces, next: r.nextToken };
  });

export const describeWorkspace = (id: string) =>
  askJSON<{ workspace: Workspace }>({ service: 'aps', path: at(id), cli: `amp describe-workspace --workspace-id ${id}` }).then((r) => r.workspace);

export const createWorkspace = (alias: string) =>
  askJSON<{ workspaceId: string; status: Status }>({ service: 'aps', method: 'POST', path: '/workspaces', json: { alias: alias || undefined, clientToken: newToken() }, cli: `amp create-workspace${alias && ` --alias ${quote(alias)}`}` });

export const renameWorkspace = (id: string, alias: string) =>
  ask({ service: 'aps', method: 'POST', path: at(id, '/alias'), json: { alias, clientToken: newToken() }, cli: `amp update-workspace-alias --workspace-id ${id} --alias ${quote(alias)}` });

export const deleteWorkspace = (id: string) => ask({ service: 'aps', method: 'DELETE', path: at(id), cli: `amp delete-workspace --workspace-id ${id}` });

export interface Configuration {
  limitsPerLabelSet: { labelSet: Record<string, string>; limits: { maxSeries?: number } }[];
  outOfOrderTimeWindowInSeconds: number;
  retentionPeriodInDays: number;
  ruleQueryOffsetInSeconds: number;
  status: Status;
}

export const describeConfiguration = (id: string) =>
  askJSON<{ workspaceConfiguration: Configuration }>({ service: 'aps', path: at(id, '/configuration'), cli: `amp describe-workspace-configuration --workspace-id ${id}` }).then((r) => r.workspaceConfiguration);

export const setRetention = (id: string, days: number) =>
  ask({ service: 'aps', method: 'PATCH', path: at(id, '/configuration'), json: { retentionPeriodInDays: days }, cli: `amp update-workspace-configuration --workspace-id ${id} --retention-period-in-days ${days}` });

/** A rule groups namespace or an alert manager definition. */
export interface Document {
  name?: string;
  createdAt: number;
  modifiedAt: number;
  status: Status;
  data?: string;
}

export const listNamespaces = (id: string) =>
  pages(async (token) => {
    const r = await askJSON<{ ruleGroupsNamespaces: Document[]; nextToken?: string }>({ service: 'aps', path: at(id, '/rulegroupsnamespaces'), params: { nextToken: token }, cli: `amp list-rule-groups-namespaces --workspace-id ${id}` });
    return { items: r.ruleGroupsNamespaces, next: r.nextToken };
  });

export const describeNamespace = (id: string, name: string) =>
  askJSON<{ ruleGroupsNamespace: Document }>({ service: 'aps', path: at(id, '/rulegroupsnamespaces/' + encodeURIComponent(name)), cli: `amp describe-rule-groups-namespace --workspace-id ${id} --name ${quote(name)}` }).then((r) => textOf(r.ruleGroupsNamespace));

export const putNamespace = (id: string, name: string, text: string, exists: boolean) =>
  ask(
    exists
      ? { service: 'aps', method: 'PUT', path: at(id, '/rulegroupsnamespaces/' + encodeURIComponent(name)), json: { data: toBase64(text) }, cli: `amp put-rule-groups-namespace --workspace-id ${id} --name ${quote(name)} --data fileb://rules.yml` }
      : { service: 'aps', method: 'POST', path: at(id, '/rulegroupsnamespaces'), json: { name, data: toBase64(text) }, cli: `amp create-rule-groups-namespace --workspace-id ${id} --name ${quote(name)} --data fileb://rules.yml` }
  );

export const deleteNamespace = (id: string, name: string) =>
  ask({ service: 'aps', method: 'DELETE', path: at(id, '/rulegroupsnamespaces/' + encodeURIComponent(name)), cli: `amp delete-rule-groups-namespace --workspace-id ${id} --name ${quote(name)}` });

/** The definition, or nothing if there is none. */
export const findDefinition = (id: string) =>
  askJSON<{ alertManagerDefinition: Document | null }>({ service: 'hearth', path: `/hearth/v1/workspaces/${encodeURIComponent(id)}/alertmanager/definition`, cli: `amp describe-alert-manager-definition --workspace-id ${id}` }).then((r) => (r.alertManagerDefinition ? textOf(r.alertManagerDefinition) : undefined));

/** A rule groups namespace, or nothing if there is none of the name. */
export async function findNamespace(id: string, name: string): Promise<(Document & { text: string }) | undefined> {
  const r = await askJSON<{ ruleGroupsNamespaces: Document[] }>({ service: 'aps', path: at(id, '/rulegroupsnamespaces'), params: { name, maxResults: 1000 }, cli: `amp list-rule-groups-namespaces --workspace-id ${id} --name ${quote(name)}` });
  return r.ruleGroupsNamespaces.some((n) => n.name === name) ? describeNamespace(id, name) : undefined;
}

export const putDefinition = (id: string, text: string, exists: boolean) =>
  ask({ service: 'aps', method: exists ? 'PUT' : 'POST', path: at(id, '/alertmanager/definition'), json: { data: toBase64(text) }, cli: `amp ${exists ? 'put' : 'create'}-alert-manager-definition --workspace-id ${id} --data fileb://am.yml` });

export const deleteDefinition = (id: string) => ask({ service: 'aps', method: 'DELETE', path: at(id, '/alertmanager/definition'), cli: `amp delete-alert-manager-definition --workspace-id ${id}` });

/** The document with its data as text. */
function textOf(d: Document): Document & { text: string } {
  return { ...d, text: d.data ? fromBase64(d.data) : '' };
}

export interface Scraper {
  scraperId: string;
  alias?: string;
  arn: string;
  createdAt: number;
  lastModifiedAt: number;
  roleArn?: string;
  status: { statusCode: string };
  statusReason?: string;
  source: { eksConfiguration?: { clusterArn: string }; vpcConfiguration?: object };
  destination: { ampConfiguration?: { workspaceArn: string } };
  scrapeConfiguration?: { configurationBlob: string };
}

export const listScrapers = () =>
  pages(async (token) => {
    const r = await askJSON<{ scrapers: Scraper[]; nextToken?: string }>({ service: 'aps', path: '/scrapers', params: { nextToken: token }, cli: 'amp list-scrapers' });
    return { items: r.scrapers, next: r.nextToken };
  });

export const describeScraper = (id: string) =>
  askJSON<{ scraper: Scraper }>({ service: 'aps', path: `/scrapers/${encodeURIComponent(id)}`, cli: `amp describe-scraper --scraper-id ${id}` }).then((r) => r.scraper);

export const defaultScrape = () =>
  askJSON<{ configuration: string }>({ service: 'aps', path: '/scraperconfiguration', cli: 'amp get-default-scraper-configuration --query configuration --output text | base64 -d' }).then((r) => fromBase64(r.configuration));

export interface NewScraper {
  alias: string;
  cluster: string;
  workspaceArn: string;
  configuration: string;
}

const sourceOf = (cluster: string) => (cluster ? { eksConfiguration: { clusterArn: cluster, subnetIds: ['subnet-00000000'] } } : { vpcConfiguration: { securityGroupIds: ['sg-00000000'], subnetIds: ['subnet-00000000'] } });

export function createScraper(n: NewScraper): Promise<{ scraperId: string }> {
  const source = sourceOf(n.cluster);
  const destination = { ampConfiguration: { workspaceArn: n.workspaceArn } };
  return askJSON({
    service: 'aps', method: 'POST', path: '/scrapers',
    json: { alias: n.alias || undefined, source, destination, scrapeConfiguration: { configurationBlob: toBase64(n.configuration) } },
    cli: `amp create-scraper${n.alias && ` --alias ${quote(n.alias)}`} --source ${quote(JSON.stringify(source))} --destination ${quote(JSON.stringify(destination))} --scrape-configuration configurationBlob@=fileb://scrape.yml`,
  });
}

export const deleteScraper = (id: string) => ask({ service: 'aps', method: 'DELETE', path: `/scrapers/${encodeURIComponent(id)}`, cli: `amp delete-scraper --scraper-id ${id}` });

export interface Preview {
  jobs: { job: string; discovered: number; kept: number; invalid?: number; invalidReason?: string; rules?: { rule: number; text: string; reached: number; matched: number; changed: number; dropped: number }[]; warnings?: string[] }[];
  missingRights?: string;
  trouble?: string;
}

export const previewScrape = (cluster: string, configuration: string) =>
  askJSON<Preview>({ service: 'hearth', method: 'POST', path: '/hearth/v1/scrape-previews', json: { source: sourceOf(cluster), scrapeConfiguration: { configurationBlob: toBase64(configuration) } }, cli: `hearth check scrape scrape.yml${cluster && ` --cluster ${quote(cluster)}`}` });
