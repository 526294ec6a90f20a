// Asking the control API of this server.

// What was refused, as the control API says it; status 0 when there was no answer at all.
class Refused extends Error {
  constructor(status, message, field = "") {
    super(message);
    this.status = status;
    this.field = field;
  }
  get isMissing() {
    return this.status === 404 && this.message.startsWith("the control API has no ");
  }
  get isOfWorld() {
    return this.status === 404 && this.message.startsWith("there is no world named ");
  }
}

const address = /^(.*?)(?:\/_w\/([^/]+))?\/_mock\/?$/.exec(location.pathname) ?? ["", "", "default"];
const root = address[1];

const inWorld = (world, path) => `${root}/_w/${encodeURIComponent(world)}/_mock${path}`;

// --- the token ---

const TOKEN = "hypeman-mock control token";
let token = sessionStorage.getItem(TOKEN) ?? "";
let tokenDeclined = false;
let tokenQuestion = null; // a promise, while the dialog is open

function askToken() {
  tokenQuestion ??= new Promise((resolve) => {
    const dialog = byId("token");
    setText(byId("token-note"), token === "" ? "" : "That was not the token.");
    byId("token-form").reset();
    dialog.showModal();
    dialog.addEventListener("close", () => {
      tokenQuestion = null;
      tokenDeclined = dialog.returnValue !== "given";
      byId("give-token").hidden = !tokenDeclined;
      resolve();
    }, { once: true });
    dialog.returnValue = "";
  });
  return tokenQuestion;
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = new FormData(event.target).get("token");
  sessionStorage.setItem(TOKEN, token);
  byId("token").close("given");
});
byId("token-cancel").addEventListener("click", () => byId("token").close(""));
byId("give-token").addEventListener("click", () => {
  tokenDeclined = false;
  askToken();
});

// --- asking ---

async function send(method, url, body, signal) {
  const used = token;
  const headers = used === "" ? {} : { Authorization: `Bearer ${used}` };
  let answer;
  try {
    answer = await fetch(url, { method, headers, body, signal, cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "the server does not answer");
  }
  if (answer.status === 401 && !tokenDeclined) {
    if (used === token) await askToken();
    return send(method, url, body, signal);
  }
  if (answer.ok) return answer;
  const text = await answer.text();
  try {
    const said = JSON.parse(text);
    throw new Refused(answer.status, String(said.message ?? text), String(said.field ?? ""));
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(answer.status, `${answer.status}: ${text.slice(0, 200)}`);
  }
}

// The JSON of the answer; null for none. Throws Refused.
async function ask(method, url, body) {
  const answer = await send(method, url, body === undefined ? undefined : JSON.stringify(body));
  return answer.status === 204 ? null : answer.json();
}

// Calls onOpen() and, when that is done, onEvent(name, data) for every server-sent event until the stream
// ends or is aborted. Not an EventSource, which could not send the token.
async function follow(url, signal, onOpen, onEvent) {
  const answer = await send("GET", url, undefined, signal);
  await onOpen();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const fields = { event: "message", data: "" };
      for (const line of event.split("\n")) {
        const [, name, text] = /^([^:]*):? ?(.*)$/.exec(line);
        if (name === "data") fields.data += text;
        else if (name !== "") fields[name] = text;
      }
      if (fields.data !== "") onEvent(fields.event, JSON.parse(fields.data));
    }
  }
}
