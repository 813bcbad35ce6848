/* Amazon Managed Grafana, its control plane. */
import { newToken } from '../lib/token';
import { ask, askJSON, pages, quote } from './aws';

export interface GrafanaWorkspace {
  id: string;
  name?: string;
  description?: string;
  endpoint: string;
  grafanaVersion: string;
  status: string;
  created: number;
  authentication: { providers: string[]; samlConfigurationStatus?: string };
  permissionType?: PermissionType;
  workspaceRoleArn?: string;
  dataSources?: string[];
  notificationDestinations?: string[];
}

/** Whether the workspace has a role of its own making, or one that its owner made. */
export type PermissionType = 'SERVICE_MANAGED' | 'CUSTOMER_MANAGED';

/** What CreateWorkspace and UpdateWorkspace both set. */
export interface GrafanaSettings {
  name: string;
  description: string;
  permissionType: PermissionType;
  /** Of permissions that are customer-managed. */
  roleArn: string;
  dataSources: string[];
  destinations: string[];
}

const at = (id: string, rest = '') => `/workspaces/${encodeURIComponent(id)}${rest}`;

export const listGrafana = () =>
  pages(async (token) => {
    const r = await askJSON<{ workspaces: GrafanaWorkspace[]; nextToken?: string }>({ service: 'grafana', path: '/workspaces', params: { nextToken: token }, cli: 'grafana list-workspaces' });
    return { items: r.workspaces, next: r.nextToken };
  });

export const describeGrafana = (id: string) => askJSON<{ workspace: GrafanaWorkspace }>({ service: 'grafana', path: at(id), cli: `grafana describe-workspace --workspace-id ${id}` }).then((r) => r.workspace);

const settingsOf = (n: GrafanaSettings) => ({
  workspaceName: n.name || undefined, workspaceDescription: n.description || undefined, permissionType: n.permissionType,
  workspaceRoleArn: n.permissionType === 'CUSTOMER_MANAGED' ? n.roleArn || undefined : undefined,
  workspaceDataSources: n.dataSources, workspaceNotificationDestinations: n.destinations,
});

const words = (flag: string, all: string[]) => (all.length ? ` --${flag} ${all.join(' ')}` : '');

function settingsFlags(n: GrafanaSettings): string {
  const one = (flag: string, value: string) => (value ? ` --${flag} ${quote(value)}` : '');
  return one('workspace-name', n.name) + one('workspace-description', n.description) + ` --permission-type ${n.permissionType}`
    + (n.permissionType === 'CUSTOMER_MANAGED' ? one('workspace-role-arn', n.roleArn) : '')
    + words('workspace-data-sources', n.dataSources) + words('workspace-notification-destinations', n.destinations);
}

export const createGrafana = (n: GrafanaSettings, providers: string[]) =>
  askJSON<{ workspace: GrafanaWorkspace }>({
    service: 'grafana', method: 'POST', path: '/workspaces',
    json: { ...settingsOf(n), accountAccessType: 'CURRENT_ACCOUNT', authenticationProviders: providers, clientToken: newToken() },
    cli: `grafana create-workspace --account-access-type CURRENT_ACCOUNT${words('authentication-providers', providers)}${settingsFlags(n)}`,
  }).then((r) => r.workspace);

export const updateGrafana = (id: string, n: GrafanaSettings) =>
  ask({ service: 'grafana', method: 'PUT', path: at(id), json: settingsOf(n), cli: `grafana update-workspace --workspace-id ${id}${settingsFlags(n)}` });

export const deleteGrafana = (id: string) => ask({ service: 'grafana', method: 'DELETE', path: at(id), cli: `grafana delete-workspace --workspace-id ${id}` });

export interface Saml {
  idpMetadata: { url?: string; xml?: string };
  assertionAttributes?: Partial<Record<'name' | 'login' | 'email' | 'groups' | 'role' | 'org', string>>;
  roleValues?: { admin?: string[]; editor?: string[] };
  allowedOrganizations?: string[];
  /** Minutes. */
  loginValidityDuration?: number;
}

export interface Authentication {
  providers: string[];
  saml?: { status: string; configuration?: Saml };
}

export const authenticationOf = (id: string) => askJSON<{ authentication: Authentication }>({ service: 'grafana', path: at(id, '/authentication'), cli: `grafana describe-workspace-authentication --workspace-id ${id}` }).then((r) => r.authentication);

/** In a command, metadata in XML is too long to be read. */
const shown = (s: Saml): Saml => (s.idpMetadata.xml ? { ...s, idpMetadata: { xml: '<EntityDescriptor>…</EntityDescriptor>' } } : s);

export const setAuthentication = (id: string, providers: string[], saml?: Saml) =>
  ask({ service: 'grafana', method: 'POST', path: at(id, '/authentication'), json: { authenticationProviders: providers, samlConfiguration: saml }, cli: `grafana update-workspace-authentication --workspace-id ${id} --authentication-providers ${providers.join(' ')}${saml ? ` --saml-configuration ${quote(JSON.stringify(shown(saml)))}` : ''}` });

export interface Permission {
  user: { id: string; type: 'SSO_USER' | 'SSO_GROUP' };
  role: 'ADMIN' | 'EDITOR' | 'VIEWER';
}

export const permissionsOf = (id: string) =>
  pages(async (token) => {
    const r = await askJSON<{ permissions: Permission[]; nextToken?: string }>({ service: 'grafana', path: at(id, '/permissions'), params: { nextToken: token }, cli: `grafana list-permissions --workspace-id ${id}` });
    return { items: r.permissions, next: r.nextToken };
  });

export async function setPermission(id: string, action: 'ADD' | 'REVOKE', p: Permission): Promise<void> {
  const r = await askJSON<{ errors: { message: string }[] }>({
    service: 'grafana', method: 'PATCH', path: at(id, '/permissions'), json: { updateInstructionBatch: [{ action, role: p.role, users: [p.user] }] },
    cli: `grafana update-permissions --workspace-id ${id} --update-instruction-batch ${quote(`action=${action},role=${p.role},users=[{id=${p.user.id},type=${p.user.type}}]`)}`,
  });
  if (r.errors?.length) {
    throw new Error(r.errors.map((e) => e.message).join(' '));
  }
}
