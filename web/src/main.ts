/* What must hold before any library is evaluated, and then the app. */
import { page } from './boot/page';
import { standInForClipboard } from './lib/clipboard';
import { preferredTheme } from './lib/theme';

// Style elements that libraries make carry the nonce of the
// Content-Security-Policy.
if (page.nonce) {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (name.toLowerCase() === 'style') {
      element.setAttribute('nonce', page.nonce);
    }
    return element;
  }) as typeof document.createElement;
}

standInForClipboard();

// @grafana/runtime reads this when it is evaluated.
const theme = preferredTheme();
Object.assign(window, {
  __grafana_public_path__: page.assets,
  grafanaBootData: {
    assets: { dark: '', light: '' },
    navTree: [],
    user: { theme, locale: 'en-US', regionalFormat: navigator.language || 'en-US', timezone: 'browser', orgRole: '' },
    settings: {
      appSubUrl: page.base,
      appUrl: window.location.origin + page.base + '/',
      buildInfo: { version: page.version, commit: '', env: 'production', edition: 'Open Source' },
      featureToggles: {},
      disableSanitizeHtml: false,
      defaultDatasource: '',
      panels: {},
      datasources: {},
      apps: {},
    },
  },
});
document.documentElement.dataset.theme = theme;

// What the page will need is fetched at once, not each part when the one before it runs.
const app = import('./app');
if (!page.workspace) {
  void import('./pages/Console');
} else {
  void import('./pages/Grafana');
  if (window.location.pathname.startsWith(page.base + '/d/')) {
    void import('./pages/Dashboard');
  }
}
void app.then(({ start }) => start());
