// How people sign in to a Grafana workspace: by SAML, by OpenID Connect, by password. And
// what who is refused sees. Started by `go test ./test/browser`, with real identity
// providers, whose next visitor is the person of a file. With SHOTS=FOLDER it keeps a
// picture of each page, dark and light.
import { mkdirSync, writeFileSync } from 'node:fs';
import { base, check, failures, grafana, launch, noMore, openPage, password, serious } from './browser.mjs';

const { HEARTH_PERSON: person, HEARTH_PROVIDERS: providers, SHOTS: shots } = process.env;

const browser = await launch();
const noted = await openPage(browser, { viewport: { width: 1360, height: 900 } });
const { page } = noted;
const button = (name) => page.getByRole('button', { name, exact: true });
const link = (name) => page.getByRole('link', { name, exact: true });

/** Who the identity providers say comes next. */
const next = (who) => writeFileSync(person, JSON.stringify(who));
const cook = (login, attributes, more = {}) => next({ name_id: `u-${login}`, attributes: { login: [login], displayName: [login], ...attributes }, ...more });

/** Axe, and pictures, in both themes; the app's pages take theirs when they are loaded. */
async function look(name, again = async () => {}) {
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    await again();
    const bad = await serious(page);
    check(`${name}, ${colorScheme}: nothing serious for axe`, bad.length === 0, JSON.stringify(bad));
    if (shots) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: `${shots}/${name.replaceAll(' ', '-')}-${colorScheme}.png` });
    }
  }
  await page.emulateMedia({ colorScheme: 'dark' });
}

const session = () => page.evaluate((at) => fetch(at).then((r) => r.json()), base + '/login/session');

/** Who is signed in, and as what, says the session and says the page. */
async function isIn(login, role, by) {
  await page.getByRole('button', { name: `Signed in as ${login}`, exact: true }).click();
  await page.getByText(`${role} of ${grafana}`).waitFor();
  await page.keyboard.press('Escape');
  const s = await session();
  check(`${login} is in by ${by}, as ${role}`, s.signedIn && s.login === login && s.role === role && s.provider === by, JSON.stringify(s));
}

/** Signs out by the menu. The cookie of before lets nobody in after that. */
async function out(login) {
  const cookies = await page.context().cookies();
  await page.getByRole('button', { name: `Signed in as ${login}`, exact: true }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
  check(`${login} is out`, (await session()).signedIn === false);
  await page.context().addCookies(cookies);
  check('and the session has ended', (await session()).signedIn === false);
  await page.context().clearCookies();
}

/** The page of who is refused, and the way back from it. */
async function refused(name, ...texts) {
  await page.getByRole('heading', { name: 'Not signed in' }).waitFor();
  for (const text of texts) {
    const ok = await page.getByText(text).first().waitFor().then(() => true, () => false);
    check(`${name}: the page says ${text}`, ok, ok ? '' : await page.locator('main').innerText());
  }
  check(`${name}: and has the request's id`, /Request [0-9a-f-]{36}/.test(await page.locator('main').innerText()));
  await look(name);
  await link('Try again').click();
  await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
}

// Who is not signed in is offered three ways.
noted.expected = true; // that nobody is signed in is told with 401
await page.goto(base + '/alerts/silences');
await link('Sign in with SAML').waitFor();
check('the page offers SAML, single sign-on and the local administrator', (await link('Sign in with Example').isVisible()) && (await page.getByLabel('Password').isVisible()));
check('and says for which Grafana workspace', await page.getByText('kitchen', { exact: true }).isVisible());
const wide = async (locator) => Math.round((await locator.boundingBox()).width);
check('its buttons are of one width', (await wide(button('Sign in'))) === (await wide(link('Sign in with SAML'))));
await look('three ways', async () => {
  await page.reload();
  await link('Sign in with SAML').waitFor();
});

// By SAML, back to where one was, with the role of the attribute.
cook('anna', { role: ['cook', 'admin'], org: ['home'] });
await link('Sign in with SAML').click();
await page.getByRole('heading', { level: 1, name: 'Silences' }).waitFor();
await noMore(noted);
check('who comes back by SAML is where they were', new URL(page.url()).pathname.endsWith('/alerts/silences'), page.url());
await isIn('anna', 'Admin', 'SAML');
check('an Admin has the pages of admins', await link('Data sources').isVisible());
noted.expected = true;
await out('anna');

// By OpenID Connect, with the role of the group.
next({ sub: 'u-bert', claims: { preferred_username: 'bert', name: 'Bert', groups: ['cooks'] } });
await link('Sign in with Example').click();
await page.getByRole('navigation', { name: 'Pages' }).waitFor();
await noMore(noted);
await isIn('bert', 'Editor', 'AWS_SSO');
check('an Editor has Explore, and no pages of admins', (await link('Explore').isVisible()) && (await link('Data sources').count()) === 0);
noted.expected = true;
await out('bert');

// Who is refused is told which attribute it was, and may try again.
cook('carl', { role: ['admin'], org: ['away'] });
await link('Sign in with SAML').click();
await refused('another organization', 'the attribute org', '"away"');
cook('carl', { role: ['admin'] });
await link('Sign in with SAML').click();
await refused('no organization', 'the attribute org');
cook('anna', { org: ['home'] }, { minutes: -10 });
await link('Sign in with SAML').click();
await refused('too late', 'no longer, or not yet, valid');
cook('dora', { org: ['home'] }, { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient', attributes: { org: ['home'] } });
await link('Sign in with SAML').click();
await refused('no name that stays', 'the attribute login');
next({ sub: 'u-emil', refuses: true });
await link('Sign in with Example').click();
await refused('the provider says no', 'the identity provider refused it');
check('nobody of these is in', (await session()).signedIn === false);

// Who has no role is a Viewer; the way in from the page of the refusal is open.
cook('dora', { role: ['cook'], org: ['away', 'home'] });
await link('Sign in with SAML').click();
await page.getByRole('navigation', { name: 'Pages' }).waitFor();
await noMore(noted);
await isIn('dora', 'Viewer', 'SAML');
check('a Viewer has no Explore', (await link('Explore').count()) === 0);
noted.expected = true;
await out('dora');

// By password.
await page.getByLabel('Password').fill(password);
await button('Sign in').click();
await page.getByRole('navigation', { name: 'Pages' }).waitFor();
await noMore(noted);
await isIn('admin', 'Admin', 'LOCAL');
noted.expected = true;
await out('admin');

const ours = (at) => providers.split(' ').some((p) => at.startsWith(p));
const foreign = noted.foreign.filter((at) => !ours(at));
check('the browser asked Hearth and the identity providers alone', foreign.length === 0 && noted.foreign.length > 0, foreign.join('\n'));
check('no error in the console', noted.errors.length === 0, noted.errors.join('\n'));
await browser.close();
process.exit(failures() ? 1 : 0);
