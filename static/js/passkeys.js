// Passkeys (WebAuthn Level 2): asks the browser for one, and sends what it says with the form.
//
// form[data-passkey="create"]   makes one, by the options of the element that data-options names
// form[data-passkey="get"]      proves one, by the same
// form[data-passkey="sign-in"]  proves any, by options that the form's URL gives

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));

const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const withBytes = (list) => (list || []).map((known) => ({ ...known, id: toBytes(known.id) }));

function isPossible() {
  const isAddress = /^[\d.]+$|:/.test(location.hostname.replace(/^\[|\]$/g, ""));
  return Boolean(window.isSecureContext && window.PublicKeyCredential && !isAddress);
}

async function create(options, form) {
  const alone = form.elements.passwordless?.checked;
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
      authenticatorSelection: {
        ...options.authenticatorSelection,
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        userVerification: alone ? "required" : "preferred",
      },
    },
  });
  const { clientDataJSON, attestationObject } = credential.response;
  return said(credential, { clientDataJSON: toText(clientDataJSON), attestationObject: toText(attestationObject) });
}

async function get(options) {
  const credential = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return said(credential, {
    clientDataJSON: toText(clientDataJSON),
    authenticatorData: toText(authenticatorData),
    signature: toText(signature),
    userHandle: userHandle ? toText(userHandle) : null,
  });
}

function said(credential, response) {
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent).publicKey;
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()).request_options.publicKey;
}

function inWords(error) {
  if (error.name === "NotAllowedError") return "Nothing was chosen, or it took too long. Try again.";
  if (error.name === "InvalidStateError") return "This device has a passkey for your account already.";
  return "This did not work. Try again.";
}

async function ask(form) {
  const problem = form.querySelector("p.problems");
  problem.textContent = "";
  try {
    const options = await optionsOf(form);
    const credential = form.dataset.passkey === "create" ? await create(options, form) : await get(options);
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch (error) {
    problem.textContent = inWords(error);
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (isPossible()) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  } else if (!form.hidden) {
    const problem = form.querySelector("p.problems");
    problem.textContent = "Passkeys need a browser that knows them, HTTPS, and a host name instead of an address.";
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  }
}
