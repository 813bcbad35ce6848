/* A picture of a part of the page: a copy of it with its styles written out, drawn as an image. */

/** What is there for whoever uses the page, not for whoever sees a picture of it. */
const tools = 'button[aria-label^="Menu for panel"], [data-testid="chart-tooltip"]';

const ratio = 2;

/** The element as a PNG, twice as fine as on the page. */
export async function pictureOf(box: HTMLElement): Promise<Blob | null> {
  const { width, height } = box.getBoundingClientRect();
  const canvas = Object.assign(document.createElement('canvas'), { width: width * ratio, height: height * ratio });
  const ctx = canvas.getContext('2d');
  if (!ctx) {
    return null;
  }
  ctx.scale(ratio, ratio);
  ctx.fillStyle = getComputedStyle(document.body).backgroundColor;
  ctx.fillRect(0, 0, width, height);
  ctx.drawImage(await imageOf(box, width, height), 0, 0, width, height);
  return new Promise((done) => canvas.toBlob(done, 'image/png'));
}

async function imageOf(box: HTMLElement, width: number, height: number): Promise<HTMLImageElement> {
  const defaults = new Defaults();
  const copy = styled(box, undefined, defaults) as HTMLElement;
  defaults.end();
  copy.style.margin = '0';
  copy.style.position = 'static';
  copy.style.transform = 'none';
  const html = new XMLSerializer().serializeToString(copy);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * ratio}" height="${height * ratio}" viewBox="0 0 ${width} ${height}"><style>${await fontFaces()}</style><foreignObject width="${width}" height="${height}">${html}</foreignObject></svg>`;
  const image = new Image();
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg);
  await image.decode();
  return image;
}

/** What an element of a kind looks like where nobody has styled it. */
class Defaults {
  private readonly room = document.body.appendChild(document.createElement('div'));
  private readonly known = new Map<string, CSSStyleDeclaration>();

  constructor() {
    this.room.style.cssText = 'all: initial; position: fixed; visibility: hidden';
  }

  of(el: Element): CSSStyleDeclaration {
    const kind = `${el.namespaceURI} ${el.tagName}`;
    let found = this.known.get(kind);
    if (!found) {
      const plain = document.createElementNS(el.namespaceURI, el.tagName.toLowerCase()) as HTMLElement;
      plain.style.setProperty('all', 'revert');
      this.room.appendChild(plain);
      found = getComputedStyle(plain);
      this.known.set(kind, found);
    }
    return found;
  }

  end() {
    this.room.remove();
  }
}

/** The element and all in it, each with what of its style is not what it would have anyway. */
function styled(el: Element, outer: CSSStyleDeclaration | undefined, defaults: Defaults): Element {
  if (el instanceof HTMLCanvasElement) {
    return still(el, defaults, outer);
  }
  const copy = el.cloneNode(false) as HTMLElement;
  const style = dress(el, copy, outer, defaults);
  for (const child of el.childNodes) {
    if (child instanceof Element) {
      if (!child.matches(tools)) {
        copy.appendChild(styled(child, style, defaults));
      }
    } else if (child.nodeType === Node.TEXT_NODE) {
      copy.appendChild(child.cloneNode());
    }
  }
  return copy;
}

/** A canvas as it is now. */
function still(canvas: HTMLCanvasElement, defaults: Defaults, outer: CSSStyleDeclaration | undefined): Element {
  const image = new Image();
  dress(canvas, image, outer, defaults);
  if (canvas.width && canvas.height) {
    image.src = canvas.toDataURL();
  }
  return image;
}

function dress(el: Element, copy: HTMLElement, outer: CSSStyleDeclaration | undefined, defaults: Defaults): CSSStyleDeclaration {
  const style = getComputedStyle(el);
  const plain = defaults.of(el);
  let text = '';
  for (const name of style) {
    const value = style.getPropertyValue(name);
    // What is inherited and not the same as outside has to be said, even where it is the default.
    if (value !== plain.getPropertyValue(name) || (outer && value !== outer.getPropertyValue(name))) {
      text += `${name}:${value};`;
    }
  }
  copy.removeAttribute('class');
  copy.setAttribute('style', text + 'transition:none;animation:none;');
  return style;
}

let faces: Promise<string> | undefined;

/** The page's fonts with their files in them: an image fetches nothing. */
function fontFaces(): Promise<string> {
  faces ??= Promise.all([...document.styleSheets].flatMap((sheet) => [...sheet.cssRules].filter((r) => r instanceof CSSFontFaceRule).map((r) => embedded(r.cssText)))).then((all) => all.join(''));
  return faces;
}

async function embedded(face: string): Promise<string> {
  const address = /url\(["']?([^"')]+)["']?\)/.exec(face)?.[1];
  if (!address || address.startsWith('data:')) {
    return face;
  }
  const blob = await (await fetch(address)).blob();
  const reader = new FileReader();
  const data = await new Promise((done) => {
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });
  return face.replace(address, String(data));
}
