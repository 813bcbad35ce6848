import { createTheme, ThemeContext, type GrafanaTheme2 } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { config, locationService, LocationServiceProvider } from '@grafana/runtime';
import { GlobalStyles, ModalsProvider, PortalContainer } from '@grafana/ui';
import { lazy, Suspense, useLayoutEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Router, type Navigator } from 'react-router-dom';
import { page } from './boot/page';
import { fillRegistries } from './boot/registries';
import { AppStyles } from './components/AppStyles';
import { Loading } from './components/States';
import { ThemeSwitch } from './components/theme';
import { keepTheme, preferredTheme, type ThemeName } from './lib/theme';

const Grafana = lazy(() => import('./pages/Grafana').then((m) => ({ default: m.Grafana })));
const Console = lazy(() => import('./pages/Console').then((m) => ({ default: m.Console })));

function themeOf(name: ThemeName): GrafanaTheme2 {
  // Of the dark theme's focused buttons the library makes the ground lighter, too light for white letters.
  const primary = { main: '#3D71D9', text: '#6E9FFF', border: '#6E9FFF', shade: '#3260C0' };
  return createTheme({ colors: name === 'dark' ? { mode: name, primary } : { mode: name }, name: name === 'dark' ? 'Dark' : 'Light' });
}

/** React Router on the history that Grafana's libraries move. */
function History({ children }: { children: React.ReactNode }) {
  const history = locationService.getHistory();
  const [location, setLocation] = useState(history.location);
  useLayoutEffect(() => history.listen((l: typeof location) => setLocation(l)), [history]);
  return (
    <Router location={location} navigator={history as unknown as Navigator}>
      {children}
    </Router>
  );
}

function App() {
  const [name, setName] = useState(preferredTheme);
  const theme = useMemo(() => themeOf(name), [name]);
  useLayoutEffect(() => {
    config.theme2 = theme;
    config.bootData.user.lightTheme = theme.isLight;
    config.bootData.user.theme = name;
    document.documentElement.dataset.theme = name;
    document.body.classList.toggle('theme-dark', theme.isDark);
    document.body.classList.toggle('theme-light', theme.isLight);
  }, [theme, name]);
  const choose = (next: ThemeName) => {
    keepTheme(next);
    setName(next);
  };
  return (
    <ThemeContext.Provider value={theme}>
      <ThemeSwitch.Provider value={{ name, choose }}>
        <LocationServiceProvider service={locationService}>
          <History>
            <ModalsProvider>
              <GlobalStyles />
              <AppStyles />
              <Suspense fallback={<Loading what="Hearth" />}>{page.workspace ? <Grafana /> : <Console />}</Suspense>
              <PortalContainer />
            </ModalsProvider>
          </History>
        </LocationServiceProvider>
      </ThemeSwitch.Provider>
    </ThemeContext.Provider>
  );
}

export async function start(): Promise<void> {
  fillRegistries();
  await initPluginTranslations('hearth');
  const root = document.getElementById('root');
  if (root) {
    createRoot(root).render(<App />);
  }
}
