// The page itself. The token lives in one variable and in its field: it is never stored, and gone with the page.

const at = (id) => document.getElementById(id);
const endpoint = new URL("graphql", location.origin + location.pathname);
let token = "";
let running = null; // the AbortController of the request that is under way

const query = editor(at("query"), {
  label: "Operation", language: graphqlTokens, placeholder: "Write an operation, or choose an example.",
});
const variables = editor(at("variables"), { label: "Variables", language: jsonTokens, placeholder: "{ }" });
const pane = documentation(at("documentation"));
const offered = examples(at("examples"), JSON.parse(at("example-data").textContent), (example) => {
  query.set(example.query);
  variables.set(example.variables);
});

// ask sends one operation and returns {status, requestID, text, milliseconds}.
async function ask(request, signal) {
  const headers = {
    "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json;q=0.9",
  };
  if (token !== "") {
    headers.Authorization = "Bearer " + token;
  }
  const start = performance.now();
  const response = await fetch(endpoint, {
    method: "POST", headers, signal, body: JSON.stringify(request), credentials: "omit", cache: "no-store",
  });
  const text = await response.text();
  return {
    status: response.status, requestID: response.headers.get("X-Request-Id") ?? "", text,
    milliseconds: Math.round(performance.now() - start),
  };
}

// Choosing among several operations: the one that the caret is in, or the one before it.
function operationAtCaret() {
  const all = operations(query.get());
  return all.findLast((operation) => operation.start <= query.caret()) ?? all[0];
}

function readVariables() {
  const text = variables.get().trim();
  const value = text === "" ? {} : JSON.parse(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new SyntaxError("Variables are one JSON object.");
  }
  return value;
}

function note(element, kind, ...parts) {
  element.className = "note " + kind;
  element.replaceChildren(...parts);
}

function noteVariables() {
  try {
    readVariables();
    note(at("variables-note"), "");
    return true;
  } catch (error) {
    note(at("variables-note"), "bad", error.message);
    return false;
  }
}

function noteOperation() {
  const all = operations(query.get());
  const current = operationAtCaret();
  note(at("operation"), "", all.length > 1 && current ? `${current.name || "unnamed"}, one of ${all.length}` : "");
}

async function run() {
  if (running !== null) {
    running.abort();
    return;
  }
  if (!noteVariables()) {
    return;
  }
  running = new AbortController();
  at("run").classList.add("running");
  at("run-label").textContent = "Stop";
  note(at("outcome"), "", "Waiting for the answer …");
  try {
    const request = { query: query.get(), variables: readVariables() };
    const operation = operationAtCaret();
    if (operation?.name) {
      request.operationName = operation.name;
    }
    showAnswer(await ask(request, running.signal));
  } catch (error) {
    note(at("outcome"), "bad", error.name === "AbortError" ? "Stopped. The server may have finished it all the same."
      : "No answer: the server could not be reached.");
  } finally {
    running = null;
    at("run").classList.remove("running");
    at("run-label").textContent = "Run";
  }
}

// verdict is an answer in a word: the codes of its errors, else those of its userErrors, else that all went well.
function verdict(status, value) {
  const words = (list) => [...new Set(list)].join(", ");
  const errors = (value?.errors ?? []).map((e) => e.extensions?.code ?? "error");
  if (errors.length > 0 || status >= 400) {
    return ["bad", words(errors) || `HTTP ${status}`];
  }
  const userErrors = Object.values(value?.data ?? {}).flatMap((payload) => payload?.userErrors ?? []);
  if (userErrors.length > 0) {
    return ["warn", words(userErrors.map((e) => e.code ?? "refused"))];
  }
  return ["good", "OK"];
}

function showAnswer({ status, requestID, text, milliseconds }) {
  let value = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Shown as it came.
  }
  const pretty = value === null ? text : JSON.stringify(value, null, 2);
  paint(at("answer"), pretty, value === null ? function* (t) { yield { kind: "name", text: t }; } : jsonTokens);
  at("answer").scrollTop = 0;
  at("copy").hidden = false;
  offered.learn(pretty);

  const size = text.length < 1000 ? `${text.length} B` : `${(text.length / 1000).toFixed(1)} kB`;
  const [kind, word] = verdict(status, value);
  note(at("outcome"), kind, make("b", {}, word), ` · ${milliseconds} ms · ${size}`);
  at("request").textContent = `HTTP ${status}` + (requestID === "" ? "" : ` · request ${requestID}`);
}

// claimsOf reads the token's own words, only to show them: the server decides what they are worth.
function claimsOf(text) {
  try {
    const bytes = atob(text.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0))));
  } catch {
    return null;
  }
}

function timeLeft(end) {
  const minutes = Math.floor((end * 1000 - Date.now()) / 60_000);
  if (minutes < 0) {
    return make("span", { className: "late" }, "expired");
  }
  if (minutes < 1) {
    return "less than a minute left";
  }
  return minutes < 120 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h left`;
}

function showIdentity() {
  const claims = claimsOf(token);
  const out = at("identity");
  if (claims === null) {
    out.replaceChildren(token === "" ? "Not signed in" : make("span", { className: "late" }, "This is not a token"));
    return;
  }
  out.title = `Organization ${claims.org}`;
  out.replaceChildren(make("b", {}, String(claims.sub)), ` · ${claims.role} · `, timeLeft(claims.exp));
}

async function loadDocumentation() {
  if (token === "") {
    pane.clear("Paste a token above: the documentation is read from the server.");
    return;
  }
  const asked = token;
  let schema = null;
  try {
    const { text } = await ask({ query: INTROSPECTION, operationName: "Introspection" });
    schema = JSON.parse(text).data?.__schema ?? null;
  } catch {
    // Said below.
  }
  if (asked !== token) {
    return; // a newer token is being asked about
  }
  if (schema === null) {
    pane.clear("The server did not describe itself to this token.");
  } else {
    pane.show(schema);
  }
}

function useToken(text) {
  token = text.trim().replace(/^Bearer\s+/i, "");
  at("token").value = token;
  showIdentity();
  loadDocumentation();
}

// A link may bring a token and a workflow after the #, which no server sees. They leave the address bar at once.
function readFragment() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (location.hash !== "") {
    history.replaceState(null, "", location.pathname);
  }
  if (/^wf_[0-9a-f-]{36}$/.test(given.get("workflow") ?? "")) {
    offered.remember(given.get("workflow"));
  }
  useToken(given.get("token") ?? token);
}

function selectTab(name) {
  for (const one of ["examples", "documentation"]) {
    at(one).hidden = one !== name;
    at("tab-" + one).setAttribute("aria-selected", String(one === name));
  }
}

query.onInput(noteOperation);
variables.onInput(noteVariables);
at("run").addEventListener("click", run);
at("token").addEventListener("change", () => useToken(at("token").value));
at("tab-examples").addEventListener("click", () => selectTab("examples"));
at("tab-documentation").addEventListener("click", () => selectTab("documentation"));
at("copy").addEventListener("click", async () => {
  await navigator.clipboard?.writeText(at("answer").textContent);
  at("copy").textContent = "Copied";
  setTimeout(() => { at("copy").textContent = "Copy"; }, 1500);
});
at("theme").addEventListener("click", () => {
  const style = document.documentElement.style;
  const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  style.colorScheme = (style.colorScheme || preferred) === "dark" ? "light" : "dark";
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
addEventListener("hashchange", readFragment);
setInterval(showIdentity, 30_000);

readFragment();
offered.first();
at("query").querySelector("textarea").focus();
