// Example operations. Their variables name what comes from earlier answers: the last workflow, the last call.

// examples fills the pane; choose is called with {query, variables}. learn reads ids out of an answer's text.
function examples(pane, list, choose) {
  const last = { workflow: "", call: "" };
  let chosen = null;

  const key = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    return "playground-" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  };
  const now = () => new Date().toLocaleTimeString("en-GB");
  const fill = (variables) => variables
    .replaceAll("<now>", now)
    .replaceAll("<key>", key)
    .replaceAll("<workflow>", () => last.workflow || "wf_… (create one first)")
    .replaceAll("<call>", () => last.call || "call_… (reserve one first)");

  for (const example of list) {
    const kind = /^\s*(query|mutation)/m.exec(example.query)?.[1] ?? "query";
    const button = make("button", { className: "example", type: "button" },
      make("b", {}, example.title, make("i", {}, kind)), make("span", {}, example.about));
    button.addEventListener("click", () => {
      chosen?.removeAttribute("aria-current");
      chosen = button;
      button.setAttribute("aria-current", "true");
      choose({ query: example.query, variables: fill(example.variables) });
    });
    pane.append(button);
  }
  pane.append(make("p", { className: "tail" },
    "The ids of the last workflow and the last call that an answer showed are filled in for you."));

  return {
    first: () => pane.querySelector("button")?.click(),
    learn: (text) => {
      last.workflow = text.match(/\bwf_[0-9a-f-]{36}\b/)?.[0] ?? last.workflow;
      last.call = text.match(/\bcall_[0-9a-f-]{36}\b/)?.[0] ?? last.call;
    },
    remember: (workflow) => { last.workflow = workflow; },
  };
}
