// Colours for GraphQL and JSON, and the little of GraphQL's grammar that the page needs to know.

const KEYWORDS = new Set(["query", "mutation", "subscription", "fragment", "on", "true", "false", "null"]);

const GRAPHQL = new RegExp([
  /(?<comment>#[^\n]*)/, /(?<string>"""[\s\S]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?)/, /(?<variable>\$\w+)/,
  /(?<directive>@\w+)/, /(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/, /(?<name>[A-Za-z_]\w*)/,
  /(?<punctuation>\.{3}|[{}()[\]:!=|&,])/, /(?<space>\s+)/, /(?<invalid>[^])/,
].map((part) => part.source).join("|"), "g");

const JSON_TEXT = new RegExp([
  /(?<key>"(?:\\.|[^"\\\n])*"(?=\s*:))/, /(?<string>"(?:\\.|[^"\\\n])*"?)/,
  /(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/, /(?<keyword>true|false|null)/, /(?<punctuation>[{}[\]:,])/,
  /(?<space>\s+)/, /(?<invalid>[^])/,
].map((part) => part.source).join("|"), "g");

// tokens yields {kind, text, index}: every character of the text belongs to exactly one token.
function* tokens(pattern, text) {
  for (const match of text.matchAll(pattern)) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    yield { kind, text: match[0], index: match.index };
  }
}

const jsonTokens = (text) => tokens(JSON_TEXT, text);

// graphqlTokens says more of a name: whether it is a keyword, a type or an argument.
function* graphqlTokens(text) {
  let argumentDepth = 0;
  for (const token of tokens(GRAPHQL, text)) {
    if (token.text === "(" || token.text === ")") {
      argumentDepth += token.text === "(" ? 1 : -1;
    }
    if (token.kind === "name") {
      const after = token.index + token.text.length;
      if (argumentDepth > 0 && /^\s*:/.test(text.slice(after, after + 20))) {
        token.kind = "argument";
      } else if (KEYWORDS.has(token.text)) {
        token.kind = "keyword";
      } else if (/^[A-Z]/.test(token.text)) {
        token.kind = "type";
      }
    }
    yield token;
  }
}

// paint replaces what an element shows by coloured text. Very long text is shown plain, so that the page stays quick.
function paint(element, text, language) {
  if (text.length > 200_000) {
    element.textContent = text;
    return;
  }
  const parts = [];
  for (const token of language(text)) {
    if (token.kind === "space" || token.kind === "name") {
      parts.push(token.text);
    } else {
      parts.push(make("span", { className: "t-" + token.kind }, token.text));
    }
  }
  element.replaceChildren(...parts);
}

// operations lists the operations of a document: {kind, name, start}. One written as bare braces has no name.
function operations(text) {
  const found = [];
  let depth = 0;
  let head = null;
  for (const token of graphqlTokens(text)) {
    if (token.kind === "space" || token.kind === "comment") {
      continue;
    }
    if (depth === 0 && head === null) {
      head = { kind: token.text === "{" ? "query" : token.text, name: "", start: token.index };
    } else if (depth === 0 && head.name === "" && ["name", "type", "keyword"].includes(token.kind)) {
      head.name = token.text;
    }
    if ("{([".includes(token.text)) {
      depth++;
    } else if ("})]".includes(token.text)) {
      depth--;
      if (depth <= 0 && token.text === "}") {
        found.push(head);
        depth = 0;
        head = null;
      }
    }
  }
  return found.filter((operation) => ["query", "mutation", "subscription"].includes(operation.kind));
}

// make creates an element; text stays text, never markup.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
