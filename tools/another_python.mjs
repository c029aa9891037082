// Runs days of `amanat simulate` under another Python (Pyodide: CPython compiled to WebAssembly) and prints their digests.
//
//   node tools/another_python.mjs SITE REGISTER SEED[:STATIONS:VOTERS]…
//
// SITE is the site-packages folder with persiantools; REGISTER a file with the simulated election's register, which only
// a Python with numpy can build.  Prints one JSON object: the Python's version, and the digests in order.
import { createCipheriv, createDecipheriv } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadPyodide } from "pyodide";

const tools = dirname(fileURLToPath(import.meta.url));
const [site, register, ...days] = process.argv.slice(2);

const ciphers = {
  ecb(key, data) {
    const cipher = createCipheriv(`aes-${8 * key.length}-ecb`, key, null).setAutoPadding(false);
    return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final()]));
  },
  gcmOpen(key, nonce, sealed, more) {
    const cipher = createDecipheriv(`aes-${8 * key.length}-gcm`, key, nonce);
    cipher.setAAD(more);
    cipher.setAuthTag(sealed.subarray(sealed.length - 16));
    return new Uint8Array(Buffer.concat([cipher.update(sealed.subarray(0, sealed.length - 16)), cipher.final()]));
  },
  gcmSeal(key, nonce, data, more) {
    const cipher = createCipheriv(`aes-${8 * key.length}-gcm`, key, nonce);
    cipher.setAAD(more);
    return new Uint8Array(Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]));
  },
};

const python = await loadPyodide({ stderr: (line) => process.stderr.write(`${line}\n`) });
python.registerJsModule("node_ciphers", ciphers);
python.FS.mkdirTree("/source");
python.FS.mkdirTree("/site");
python.FS.mount(python.FS.filesystems.NODEFS, { root: join(tools, "..", "src") }, "/source");
python.FS.mount(python.FS.filesystems.NODEFS, { root: join(site, "persiantools") }, "/site");
python.FS.writeFile("/register.bin", readFileSync(register));
python.globals.set("days", python.toPy(days));
try {
  console.log(python.runPython(readFileSync(join(tools, "another_python.py"), "utf8")));
} catch (fault) {
  console.error(fault.message); // not the whole of Pyodide's source around it
  process.exitCode = 1;
}
