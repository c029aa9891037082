// The page: reads what stands after # (no server sees it), fetches the manifest beside it, and says what was found.
import { Fault, checkOpening, hex, readElection } from './opening.mjs';

const SENTENCES = {
  waiting: ['کد آزمون را با دوربین بخوانید، یا متن آن را در نشانی پس از # بگذارید.', 'Scan the test code, or put its text after # in the address.'],
  unreadable: ['این متن یک آزمون کامل نیست.', 'This text is not a whole test opening.'],
  'other-election': ['این آزمون از این انتخابات نیست، یا برگه‌اش عوض شده است.', 'This test is not of this election, or its ballot was changed.'],
  choices: ['نامزدی در آن است که در این انتخابات نیست.', 'It names a candidate who does not stand in this election.'],
  cheated: ['دستگاه چیز دیگری رمز کرده است! این کاغذ را نگه دارید و به ناظران بدهید.', 'The machine enciphered something else! Keep this paper and show it to the observers.'],
  terminal: ['امضای دستگاه درست نیست. این کاغذ را به ناظران بدهید.', 'The signature of the machine does not hold. Show this paper to the observers.'],
  offline: ['فهرست نامزدها (manifest.cbor) خوانده نشد.', 'The manifest could not be read.'],
  good: ['دستگاه همین نام‌ها را رمز کرده است. این برگهٔ آزمایشی باطل است و شمرده نمی‌شود.', 'The machine enciphered these very names. This tested ballot is void and will not be counted.'],
};

const bytesOf = async (path, optional) => {
  const answer = await fetch(path);
  if (!answer.ok) {
    if (optional) return null;
    throw new Fault('offline');
  }
  return new Uint8Array(await answer.arrayBuffer());
};

function say(code, good) {
  const [fa, en] = SENTENCES[code];
  document.querySelector('#verdict').className = good ? 'good' : 'plain';
  document.querySelector('#fa').textContent = fa;
  document.querySelector('#en').textContent = en;
}

function list(found, election) {
  const names = document.querySelector('#names');
  names.replaceChildren();
  for (const { contest, names: chosen } of found.contests) {
    for (const name of chosen.length ? chosen : [{ code: '', fa: 'سفید', en: 'blank' }]) {
      const item = document.createElement('li');
      item.textContent = `${contest}: ${name.code} ${name.fa} · ${name.en}`;
      names.append(item);
    }
  }
  document.querySelector('#code').textContent = found.code;
  document.querySelector('#hash').textContent = hex(election.eh);
  document.querySelector('#unsigned').hidden = found.signatureChecked;
}

async function run() {
  document.querySelector('#names').replaceChildren();
  const text = decodeURIComponent(location.hash.slice(1));
  if (!text) return say('waiting', false);
  try {
    const election = readElection(await bytesOf('manifest.cbor'), await bytesOf('devices.seq', true));
    list(checkOpening(election, text), election);
    say('good', true);
  } catch (cause) {
    if (!(cause instanceof Fault)) console.error(cause);
    say(cause instanceof Fault ? cause.code : 'unreadable', false);
  }
}

addEventListener('hashchange', run);
run();
