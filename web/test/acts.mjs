// What people do with dashboards beside looking at them.
import { readFileSync } from 'node:fs';
import { api, base, becomes, check, drawn, openPage, panelOf, quiet, serious, visit } from './browser.mjs';

const appears = (what, locator) =>
  locator.first().waitFor().then(() => true, () => false).then((ok) => check(what, ok, `not at ${locator.page().url()}`));

const chart = (page, title) => panelOf(page, title).locator('.u-over').first();
const hover = async (page, title, share) => {
  const box = await chart(page, title).boundingBox();
  await page.mouse.move(box.x + box.width * share, box.y + box.height / 2, { steps: 3 });
};

/** Crosshair, tooltips, legends and annotations. */
export async function together(page) {
  await visit(page, '/d/together');
  await chart(page, 'Upper').waitFor();
  await chart(page, 'Lower').waitFor();
  const upper = await becomes(async () => {
    await hover(page, 'Upper', 0.4 + 0.1 * Math.random());
    const all = await page.getByTestId('chart-tooltip').allInnerTexts();
    return { ok: all.length === 2, all };
  });
  check('a tooltip in one chart opens one in the other', upper.ok, JSON.stringify(upper.all));
  const values = (upper.all.find((t) => /c:9100/.test(t) && /\.\d%/.test(t)) ?? '').match(/[\d.]+(?=%)/g)?.map(Number) ?? [];
  check('of all series, the greatest first', values.length === 3 && values[0] >= values[1] && values[1] >= values[2], values.join(' '));
  const link = page.getByRole('link', { name: 'See b:9100' }).first();
  let linked = false;
  for (let attempt = 0; attempt < 4 && !linked; attempt++) {
    if (attempt > 0) { // a busy page took the click for something else: as if nothing had been
      await visit(page, '/d/together');
      await chart(page, 'Lower').waitFor();
      await quiet(page);
    }
    await hover(page, 'Lower', 0.5); // where the line of b:9100 is
    await page.mouse.down();
    await page.mouse.up();
    linked = await link.waitFor({ timeout: 10000 }).then(() => true, () => false);
  }
  check('a link of the series is in the tooltip', linked, `not at ${page.url()}`);
  await page.mouse.move(5, 500);
  check('a click pins the tooltip', (await becomes(async () => ({ ok: (await page.getByTestId('chart-tooltip').count()) >= 1 }))).ok);
  await page.keyboard.press('Escape');
  // Besides the lines, annotations have a colour.
  const colours = async () => new Set((await drawn(page, 'Lower')).strokes.filter((s) => !/rgba/.test(s.color)).map((s) => s.color)).size - 1;
  const name = (text) => panelOf(page, 'Lower').getByRole('button', { name: text });
  await name('a:9100').click();
  check('a click on a name shows it alone', (await becomes(async () => ({ ok: (await colours()) === 1 }))).ok, `${await colours()} lines`);
  await name('b:9100').click({ modifiers: ['Control'] });
  check('with Control, one more', (await becomes(async () => ({ ok: (await colours()) === 2 }))).ok, `${await colours()} lines`);
  const marks = page.getByRole('button', { name: /^Annotation: / });
  await appears('annotations are marked', marks);
  const before = await marks.count();
  await page.getByLabel('Switched off').click({ force: true });
  check('others can be switched on', (await becomes(async () => ({ ok: (await marks.count()) > before }))).ok, `${before} marks, then ${await marks.count()}`);
}

/** Why there is no data: the first thing that does not exist, and what is nearest. */
export async function reasons(page) {
  await visit(page, '/d/gallery-why');
  for (const [title, why, nearest] of [
    ['No such metric', 'No metric is called demo_requests_totl.', 'demo_requests_total'],
    ['No such label', 'No series of demo_load has the label instnce.', 'instance'],
    ['No such value', 'No series of demo_load has instance="d:9100".', 'a:9100'],
    ['No such job', 'Nothing is scraped as job "dem"', 'demo'],
  ]) {
    await panelOf(page, title).getByRole('button', { name: 'Why?' }).click();
    await appears(`${title}: ${why}`, page.getByText(why));
    await appears(`${title}: the nearest is ${nearest}`, page.getByText(nearest, { exact: true }));
    await page.keyboard.press('Escape');
  }
}

/** No mark of an axis is cut at the edge of its chart, also where one stands at the very end. */
export async function edges(page) {
  const hour = 3_600_000;
  const to = Math.floor(Date.now() / hour) * hour;
  for (const hours of [2, 24]) {
    for (const uid of ['gallery-timeseries', 'gallery-shapes']) {
      await visit(page, `/d/${uid}?from=${to - hours * hour}&to=${to}`);
      await quiet(page);
      const marks = await page.evaluate(() => {
        const onCanvas = [...document.querySelectorAll('section canvas')].flatMap((c) => c.drawn?.texts ?? []).map(({ text, cut }) => ({ text, cut }));
        const inPicture = [...document.querySelectorAll('section svg[role=img] text')].map((t) => {
          const [box, all] = [t.getBoundingClientRect(), t.ownerSVGElement.getBoundingClientRect()];
          return { text: t.textContent, cut: box.left < all.left - 1 || box.right > all.right + 1 };
        });
        return [...onCanvas, ...inPicture];
      });
      const cut = marks.filter((m) => m.cut).map((m) => m.text);
      check(`${uid}, ${hours} hours: none of its marks is cut`, marks.length > 20 && cut.length === 0, `${marks.length} marks, cut: ${cut.join(', ')}`);
    }
  }
}

/** The title of a small panel has the room that there is, and gives some to the menu while the pointer is there. */
export async function titles(page) {
  const panel = { id: 1, type: 'stat', title: 'Upstream hosts', description: 'Of all clusters', datasource: { type: 'prometheus', uid: 'prom' }, gridPos: { x: 0, y: 0, w: 4, h: 4 }, targets: [{ refId: 'A', expr: 'demo_percent' }] };
  const row = { id: 2, type: 'row', title: 'Below', collapsed: false, gridPos: { x: 0, y: 4, w: 24, h: 1 }, panels: [] };
  await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { uid: 'titled', title: 'Titled', schemaVersion: 42, refresh: '1m', timezone: 'utc', panels: [panel, row] }, overwrite: true }) });
  await page.setViewportSize({ width: 1360, height: 900 });
  await visit(page, '/d/titled');
  const title = page.getByRole('heading', { name: 'Upstream hosts' });
  await title.waitFor();
  check('a short title is whole', (await becomes(async () => ({ ok: await title.evaluate((e) => e.scrollWidth <= e.clientWidth) }))).ok);
  await title.hover();
  const menu = page.getByRole('button', { name: 'Menu for panel Upstream hosts' });
  await menu.waitFor();
  const apart = await becomes(async () => {
    const [info, dots] = [await panelOf(page, 'Upstream hosts').getByTestId('title-items-container').boundingBox(), await menu.boundingBox()];
    return { ok: info.x + info.width <= dots?.x, info, dots };
  });
  check('the menu covers nothing beside it', apart.ok, JSON.stringify(apart));
  const found = await serious(page);
  check('a dashboard with rows and a refresh: nothing serious for axe', found.length === 0, JSON.stringify(found));
  await page.setViewportSize({ width: 1440, height: 2600 });
}

/** Pages of dashboards, for those who do not see them, and on a phone. */
export async function pages(page) {
  for (const [name, path, ready] of [
    ['the list of dashboards', '/dashboards', page.getByRole('link', { name: 'Single values' })],
    ['a dashboard', '/d/gallery-values', page.getByText('42.5')],
    ['a dashboard of tables', '/d/gallery-tables', page.getByRole('grid')],
    ['a dashboard of charts', '/d/gallery-shapes', page.getByTestId('pie-slice')],
    ['one panel', '/d/gallery-timeseries?viewPanel=17', page.getByText('Last *')],
    ['the import', '/dashboard/import', page.getByLabel('JSON')],
    ['Explore', '/explore?ds=prom&expr=demo_share', page.getByText('a:9100')],
  ]) {
    await visit(page, path);
    await ready.first().waitFor().catch(() => {});
    const found = await serious(page);
    check(`${name}: nothing serious for axe`, found.length === 0, JSON.stringify(found));
  }
  await visit(page, '/d/gallery-values');
  await page.getByText('42.5').first().waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [path, ready] of [['/d/gallery-values', '42.5'], ['/d/age-14', '8.00'], ['/d/together', 'b:9100'], ['/dashboards', 'Single values']]) {
    await visit(page, path);
    await page.getByText(ready).first().waitFor().catch(() => {});
    const wide = await becomes(async () => {
      const px = await page.evaluate(() => Math.max(document.documentElement.scrollWidth - innerWidth, document.getElementById('page').scrollWidth - document.getElementById('page').clientWidth));
      return { ok: px <= 0, px };
    });
    check(`${path} fits a phone`, wide.ok, `${wide.px} px too wide`);
  }
  await page.setViewportSize({ width: 1440, height: 2600 });
}

/** Kiosk, and what a panel can be taken away as. */
export async function takeAway(page) {
  await visit(page, '/d/gallery-values?kiosk');
  await page.getByText('42.5').first().waitFor();
  check('a kiosk has no bars around it', (await page.getByRole('banner').count()) === 0 && (await page.getByRole('navigation', { name: 'Pages' }).count()) === 0);
  await page.keyboard.press('Escape');
  await appears('Escape leaves it', page.getByRole('banner'));
  const take = async (title, entry) => {
    await panelOf(page, title).hover();
    await page.getByRole('button', { name: `Menu for panel ${title}`, exact: true }).click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: entry }).click()]);
    return readFileSync(await file.path());
  };
  const csv = (await take('On a background', 'Download CSV')).toString();
  check('CSV has the names and the values', ['a:9100', 'c:9100'].every((n) => csv.split('\n')[0].includes(n)) && /,20(%|)?,/.test(csv.replace(/"/g, '') + ','), csv.slice(0, 200));
  const png = await take('Gauge', 'Download PNG');
  check('PNG is a picture of the panel', png.subarray(1, 4).toString() === 'PNG' && png.readUInt32BE(16) > 400 && png.length > 4000, `${png.length} bytes, ${png.readUInt32BE(16)} wide`);
  const greens = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
    const ctx = canvas.getContext('2d');
    ctx.drawImage(image, 0, 0);
    const { data: px } = ctx.getImageData(0, 0, image.width, image.height);
    let n = 0;
    for (let i = 0; i < px.length; i += 4) {
      n += px[i + 1] > px[i] + 30 && px[i + 1] > px[i + 2] + 30 ? 1 : 0;
    }
    return n / (px.length / 4);
  }, (await take('On a background', 'Download PNG')).toString('base64'));
  check('with the colours behind the values', greens > 0.1, `${Math.round(greens * 100)} % are green`);
}

/** An edit of an old dashboard keeps every byte of what was not edited. */
export async function edit(page) {
  const stored = async () => (await (await api('/api/dashboards/uid/age-22')).json()).dashboard;
  const before = await stored();
  await visit(page, '/d/age-22?editPanel=2');
  await page.getByLabel('Title', { exact: true }).fill('Phases of pods');
  await page.getByLabel('Title', { exact: true }).blur();
  await page.getByRole('button', { name: 'Back to dashboard' }).click();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved', { exact: true }).first().waitFor();
  const after = await stored();
  check('the other panel is as it was written by Grafana 6', JSON.stringify(after.panels[0]) === JSON.stringify(before.panels[0]), JSON.stringify(after.panels[0]));
  const { panels: _a, version: _b, ...rest } = after;
  const { panels: _c, version: _d, ...was } = before;
  check('and so is all around it', JSON.stringify(rest) === JSON.stringify(was), JSON.stringify(rest));
  check('the edited one has its new title', after.panels[1].title === 'Phases of pods' && after.panels.length === 2);
}

/** A Viewer sees all and changes nothing. */
export async function viewer(browser) {
  const make = async (path, body) => (await api(path, { method: 'POST', body: JSON.stringify(body) })).json();
  const account = await make('/api/serviceaccounts', { name: 'onlooker' + Date.now(), role: 'Viewer' });
  const { key } = await make(`/api/serviceaccounts/${account.id}/tokens`, { name: 'browser' });
  const stored = await api('/api/dashboards/db', { method: 'POST', body: JSON.stringify({ dashboard: { title: 'Mine', panels: [] } }) }, key);
  check('a Viewer\'s dashboard is refused', stored.status === 403, `${stored.status} ${await stored.text()}`);
  const noted = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  const { page } = noted;
  // A token has no cookie: the page is told that there is a session; all else is asked with the token.
  await page.route('**/api/**', (r) => r.continue({ headers: { ...r.request().headers(), authorization: `Bearer ${key}` } }));
  await page.route('**/login/session', (r) => r.fulfill({ json: { signedIn: true } }));
  await page.goto(base + '/d/gallery-values');
  await page.getByText('42.5').first().waitFor();
  const editing = page.getByRole('button', { name: 'Edit', exact: true });
  check('there is nothing to edit with', (await editing.count()) === 0 || (await editing.isDisabled()));
  await panelOf(page, 'Plain stat').hover();
  await page.getByRole('button', { name: 'Menu for panel Plain stat', exact: true }).click();
  await page.getByRole('menuitem', { name: 'View' }).waitFor();
  check('neither in a panel\'s menu', (await page.getByRole('menuitem', { name: /Edit|Remove|Duplicate/ }).count()) === 0);
  check('a Viewer sees no error', noted.errors.length === 0, noted.errors.join('\n'));
  await page.context().close();
}
