/* The pages of alerts. */
export { OneRule, Rules } from './Rules';
export { NewSilence, Silences } from './Silences';
export { RoutesPage } from './Routes';
export { Notifications } from './Notifications';
