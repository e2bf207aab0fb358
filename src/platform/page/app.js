import { Api } from './api.js';
import { button, byId, element } from './dom.js';
import { notice, Session } from './session.js';

/** Where the sign-in is kept, for as long as the tab is open. */
const KEPT = 'platform.signed-in';

let session = null;

function start(signedIn) {
  sessionStorage.setItem(KEPT, JSON.stringify(signedIn));
  show(true);
  notice(null);
  session = new Session(signedIn, (text) => stop(text));
}

function stop(text) {
  session?.close();
  session = null;
  sessionStorage.removeItem(KEPT);
  byId('connection').dataset.state = 'off';
  byId('connection').textContent = 'Not connected';
  show(false);
  notice(text);
  byId('sign-in-form').elements.email.focus();
}

function show(signedIn) {
  byId('sign-in').hidden = signedIn;
  for (const id of ['platform', 'who', 'sign-out']) byId(id).hidden = !signedIn;
}

async function signIn(email, password) {
  try {
    start(await new Api().post('/auth/login', { email, password }));
  } catch (error) {
    notice(error.message);
  }
}

/** In development one click is enough, and `#email` of the start lines fills the form. */
async function offerDemoUsers() {
  const { users } = await new Api().get('/demo');
  byId('demo-users').replaceChildren(
    ...users.map(({ email, password, role }) =>
      element(
        'li',
        {},
        button(`${email} (${role})`, () => signIn(email, password)),
      ),
    ),
  );
  byId('demo').hidden = false;
  const wanted = users.find(({ email }) => email === decodeURIComponent(location.hash.slice(1)));
  if (wanted === undefined) return;
  const { elements } = byId('sign-in-form');
  elements.email.value = wanted.email;
  elements.password.value = wanted.password;
}

byId('sign-in-form').onsubmit = (event) => {
  event.preventDefault();
  const { email, password } = event.currentTarget.elements;
  void signIn(email.value, password.value);
};
byId('sign-out').onclick = () => stop(null);

offerDemoUsers().catch(() => {
  // There are none outside development.
});

const kept = sessionStorage.getItem(KEPT);
if (kept === null) show(false);
else start(JSON.parse(kept));
