// Dashboards of every age and every kind of panel, with known samples: what stands on the
// page and what is drawn. Started by `go test ./test/browser`.
import { readdirSync, readFileSync } from 'node:fs';
import { api, becomes, check, drawn, finish, launch, openPage, panelOf, signIn, visit } from './browser.mjs';
import * as acts from './acts.mjs';
import * as keeping from './keeping.mjs';
import * as touching from './touching.mjs';
import { ages, axes, shown } from './expected.mjs';
import { reshaping } from './reshaping.mjs';
import { addresses, annotating, steps } from './steps.mjs';

const read = (folder) =>
  readdirSync(new URL(`../testdata/${folder}/`, import.meta.url)).map((f) => [f.replace('.json', ''), JSON.parse(readFileSync(new URL(`../testdata/${folder}/${f}`, import.meta.url), 'utf8'))]);

/** By the import page: those that ask for something. The others as any client stores them. */
const byHand = new Set(['age-14', 'age-30', 'age-library', 'age-resource', 'age-envelope']);
const stored = [...read('gallery'), ...read('ages')].filter(([name]) => !byHand.has(name));
await Promise.all(stored.map(async ([name, dashboard]) => {
  const answer = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard, overwrite: true }) });
  check(`${name} is stored`, answer.ok, answer.ok ? '' : await answer.text());
}));

const browser = await launch();
const noted = await openPage(browser);
const { page } = noted;
const only = process.argv.slice(2);

await signIn(noted);

/** A panel's words, with what its pictures say to those who do not see them. */
const wordsOf = (title) =>
  panelOf(page, title).evaluate((s) => s.innerText + '\n' + [...s.querySelectorAll('[aria-label]')].map((e) => e.getAttribute('aria-label')).join('\n')).catch(() => '');

/** Texts of a panel: each has to come, those after a "!" must not be there. */
async function panelShows(where, title, wants) {
  const found = await becomes(async () => {
    const text = (await wordsOf(title)).replace(/\s+/g, ' ');
    const missing = wants.filter((w) => (w.startsWith?.('!') ? text.includes(w.slice(1)) : w instanceof RegExp ? !w.test(text) : !text.includes(w)));
    return { ok: text !== ' ' && text !== '' && missing.length === 0, missing, text };
  });
  check(`${where}: ${title} shows ${wants.join(' | ')}`, found.ok, `not ${found.missing?.join(' | ')}, but ${JSON.stringify(found.text.slice(0, 300))}`);
}

async function panelDraws(where, title, want) {
  const found = await becomes(async () => {
    const d = await drawn(page, title);
    return { ok: Boolean(want(d)), d };
  });
  check(`${where}: ${title} draws ${want.what ?? want.toString().replace(/^\(?.*?=>\s*/, '')}`, found.ok, JSON.stringify({ texts: found.d.texts.map((t) => t.text), strokes: found.d.strokes.slice(0, 20), fills: found.d.fills.slice(0, 20) }));
}

/** No panel failed, and none is without data that should have some. */
async function allWell(where, without = []) {
  const bad = await page.locator('section').evaluateAll((all) => all.filter((s) => s.querySelector('.no-data') || /unexpected error/.test(s.innerText) || s.querySelector('[data-testid*="Panel status error"]')).map((s) => s.querySelector('h2,h6,[role=heading]')?.textContent ?? s.innerText));
  const unexpected = bad.filter((b) => !without.includes(b));
  check(`${where}: no panel failed`, unexpected.length === 0, unexpected.join(', '));
}

async function importByHand(name) {
  await api(`/api/dashboards/uid/${name}`, { method: 'DELETE' }); // of a run before
  await visit(page, '/dashboard/import');
  await page.getByLabel('JSON').fill(readFileSync(new URL(`../testdata/ages/${name}.json`, import.meta.url), 'utf8'));
  await page.getByRole('button', { name: 'Load' }).last().click();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.waitForURL(new RegExp(`/d/${name}`), { waitUntil: 'commit' });
}

for (const [name, expected] of Object.entries({ ...ages, ...shown })) {
  if (only.length && !only.some((o) => name.includes(o))) {
    continue;
  }
  if (byHand.has(name)) {
    await importByHand(name);
  } else {
    await visit(page, `/d/${name}`);
  }
  for (const [title, wants] of Object.entries(expected.panels)) {
    await panelShows(name, title, wants);
  }
  for (const [title, want] of Object.entries(axes[name] ?? {})) {
    for (const w of [want].flat()) {
      await panelDraws(name, title, w);
    }
  }
  for (const title of expected.absent ?? []) {
    check(`${name}: there is no panel ${title}`, (await page.getByRole('heading', { name: title, exact: true }).count()) === 0);
  }
  await allWell(name, expected.without);
}

for (const [name, act] of [['together', acts.together], ['reasons', acts.reasons], ['edges', acts.edges], ['titles', acts.titles], ['pages', acts.pages], ['take-away', acts.takeAway], ['edit', acts.edit], ...Object.entries(keeping), ...Object.entries(touching), ['steps', steps], ['reshaping', reshaping], ['addresses', addresses], ['annotating', annotating], ['viewer', () => acts.viewer(browser)]]) {
  if (!only.length || only.includes(name)) {
    await act(page).catch((err) => check(name, false, String(err)));
  }
}

check('no script of a text has run', (await page.title()) !== 'owned');
await finish(browser, noted);
