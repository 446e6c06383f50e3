// The documentation pane: what the server says about itself, to read and to search.

const INTROSPECTION = `query Introspection {
  __schema {
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types {
      kind name description
      fields(includeDeprecated: true) {
        name description isDeprecated deprecationReason
        args { name description defaultValue type { ...Reference } }
        type { ...Reference }
      }
      inputFields { name description defaultValue type { ...Reference } }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      interfaces { name }
      possibleTypes { name }
    }
  }
}
fragment Reference on __Type {
  kind name ofType { kind name ofType { kind name ofType { kind name } } }
}`;

const KINDS = [
  ["OBJECT", "Types"], ["INTERFACE", "Interfaces"], ["UNION", "Unions"], ["INPUT_OBJECT", "Inputs"],
  ["ENUM", "Enums"], ["SCALAR", "Scalars"],
];

// documentation fills the pane and returns {show, clear}: show takes the introspected schema, clear a sentence.
function documentation(pane) {
  let schema = null;
  let types = new Map();
  let trail = []; // names of the types visited, the current one last

  const find = make("input", {
    className: "find", type: "search", placeholder: "Search types and fields", autocomplete: "off",
  });
  find.setAttribute("aria-label", "Search types and fields");
  const body = make("div");
  find.addEventListener("input", () => draw());

  const visit = (name) => {
    const known = trail.indexOf(name);
    trail = known < 0 ? [...trail, name] : trail.slice(0, known + 1);
    find.value = "";
    draw();
    pane.scrollTop = 0;
  };
  const link = (name, text = name) => {
    const button = make("button", { className: "link", type: "button" }, text);
    button.addEventListener("click", () => visit(name));
    return button;
  };
  const reference = (type) => {
    switch (type.kind) {
      case "NON_NULL": return [...reference(type.ofType), "!"];
      case "LIST": return ["[", ...reference(type.ofType), "]"];
      default: return [link(type.name)];
    }
  };
  const argument = (a) => [
    make("span", { className: "t-argument" }, a.name), ": ", ...reference(a.type),
    ...(a.defaultValue === null ? [] : [" = ", make("span", { className: "t-number" }, a.defaultValue)]),
  ];
  // Between backticks is code; that is all the markup that descriptions use.
  const prose = (text) => text.split("`").map((part, i) => (i % 2 === 1 ? make("code", {}, part) : part));
  const paragraph = (text) => (text ? [make("p", {}, ...prose(text))] : []);
  const deprecation = (item) => (item.isDeprecated
    ? [make("p", { className: "deprecated" }, "Deprecated: " + (item.deprecationReason ?? "do not use it."))] : []);

  const field = (f) => {
    const code = make("code", {}, make("span", { className: "t-key" }, f.name));
    if (f.args.length > 0) {
      code.append("(", ...f.args.map((a) => make("span", { className: "arguments" }, ...argument(a))), ")");
    }
    code.append(": ", ...reference(f.type));
    const entry = make("div", { className: "entry" }, code, ...paragraph(f.description), ...deprecation(f));
    for (const a of f.args.filter((one) => one.description)) {
      entry.append(make("p", {}, make("span", { className: "t-argument" }, a.name), " — ", ...prose(a.description)));
    }
    return entry;
  };
  const section = (title, entries) => (entries.length > 0 ? [make("h4", {}, title), ...entries] : []);
  const listed = (links) => (links.length > 0 ? [make("div", { className: "list" }, ...links)] : []);
  const list = (names) => listed(names.map((name) => link(name)));

  const drawType = (type) => [
    make("h3", {}, type.name),
    ...paragraph(type.description),
    ...section("Implements", list((type.interfaces ?? []).map((i) => i.name))),
    ...section("Is one of", list((type.possibleTypes ?? []).map((t) => t.name))),
    ...section("Fields", (type.fields ?? []).map(field)),
    ...section("Fields", (type.inputFields ?? []).map((f) => make("div", { className: "entry" },
      make("code", {}, ...argument(f)), ...paragraph(f.description)))),
    ...section("Values", (type.enumValues ?? []).map((v) => make("div", { className: "entry" },
      make("code", { className: "t-number" }, v.name), ...paragraph(v.description), ...deprecation(v)))),
  ];

  const roots = () => [schema.queryType, schema.mutationType, schema.subscriptionType]
    .filter(Boolean).map((t) => t.name);
  const named = () => [...types.values()].filter((t) => !t.name.startsWith("__"));
  const drawHome = () => [
    ...section("Start here", list(roots())),
    ...KINDS.flatMap(([kind, title]) => section(title, list(named()
      .filter((t) => t.kind === kind && !roots().includes(t.name)).map((t) => t.name).sort()))),
  ];
  const drawFound = (text) => {
    const wanted = (name) => name.toLowerCase().includes(text);
    const members = named().flatMap((t) => (t.fields ?? t.inputFields ?? t.enumValues ?? [])
      .filter((m) => wanted(m.name)).map((m) => link(t.name, t.name + "." + m.name)));
    const found = [
      ...section("Types", list(named().filter((t) => wanted(t.name)).map((t) => t.name))),
      ...section("Fields and values", listed(members.slice(0, 100))),
    ];
    return found.length > 0 ? found : [make("p", {}, "Nothing has that in its name.")];
  };

  function draw() {
    const text = find.value.trim().toLowerCase();
    const current = types.get(trail.at(-1));
    if (text !== "") {
      body.replaceChildren(...drawFound(text));
    } else if (current === undefined) {
      body.replaceChildren(...drawHome());
    } else {
      const home = make("button", { className: "link", type: "button" }, "All");
      home.addEventListener("click", () => { trail = []; draw(); });
      const crumbs = trail.slice(-4, -1).flatMap((name) => [" › ", link(name)]);
      body.replaceChildren(make("div", { className: "crumbs" }, home, ...crumbs, " ›"), ...drawType(current));
    }
  }

  return {
    show: (introspected) => {
      schema = introspected;
      types = new Map(schema.types.map((t) => [t.name, t]));
      pane.replaceChildren(find, body);
      draw();
    },
    clear: (sentence) => {
      schema = null;
      pane.replaceChildren(make("p", { className: "tail" }, sentence));
    },
  };
}
