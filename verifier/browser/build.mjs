// Copies the page and the two libraries into dist/, which any static server or a USB stick can carry.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';

const here = new URL('.', import.meta.url);
const at = (path) => new URL(path, here);
rmSync(at('dist/'), { recursive: true, force: true });
mkdirSync(at('dist/vendor/'), { recursive: true });
for (const name of ['opening.mjs', 'page.mjs', 'page.css']) cpSync(at(name), at(`dist/${name}`));
for (const name of ['curves', 'hashes']) {
  const scripts = (path) => !/node_modules.@noble.\w+.(src|.*\.(d\.ts|map|md)$)/.test(path);
  cpSync(at(`node_modules/@noble/${name}/`), at(`dist/vendor/${name}/`), { recursive: true, filter: scripts });
}
const page = readFileSync(at('index.html'), 'utf8');
const map = /<script type="importmap">(.*)<\/script>/.exec(page)[1];
writeFileSync(at('dist/index.html'), page.replace('@MAP@', createHash('sha256').update(map).digest('base64')));
