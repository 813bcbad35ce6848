/* Whom things are told, and who may do what. */
export { TopicPage, Topics } from './Topics';
export { GrafanaWorkspaces } from './GrafanaWorkspaces';
export { GrafanaWorkspacePage } from './GrafanaWorkspace';
export { PrincipalPage, Principals, WhyDenied } from './Iam';
