// A text area over its own coloured copy. The copy is below and shows through.

// editor fills the element and returns {get, set, caret, onInput}.
function editor(element, { label, language, placeholder }) {
  const copy = make("pre", { ariaHidden: "true" });
  const area = make("textarea", {
    ariaLabel: label, placeholder, spellcheck: false, autocomplete: "off", wrap: "off",
  });
  area.setAttribute("autocapitalize", "off");
  element.append(copy, area);

  let listener = () => {};
  let tabLeaves = false; // after Escape, so that the keyboard is not trapped

  const show = () => {
    paint(copy, area.value + "\n", language);
    follow();
  };
  const follow = () => {
    // Moved, not scrolled: without scroll bars of its own the copy would end its way a little earlier.
    copy.style.transform = `translate(${-area.scrollLeft}px, ${-area.scrollTop}px)`;
  };
  const changed = () => {
    show();
    listener();
  };
  // insert goes through the browser's own editing, so that undo knows of it.
  const insert = (text) => {
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      changed();
    }
  };
  const lineToCaret = () => {
    const before = area.value.slice(0, area.selectionStart);
    return before.slice(before.lastIndexOf("\n") + 1);
  };
  const indentation = () => {
    const line = lineToCaret();
    return line.match(/^ */)[0] + (/[{([]\s*$/.test(line) ? "  " : "");
  };

  area.addEventListener("input", changed);
  area.addEventListener("scroll", follow);
  area.addEventListener("keyup", () => listener());
  area.addEventListener("click", () => listener());
  area.addEventListener("blur", () => { tabLeaves = false; });
  area.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Escape") {
      tabLeaves = true;
    } else if (event.key === "Tab" && !event.shiftKey && !tabLeaves) {
      event.preventDefault();
      insert("  ");
    } else if (event.key === "Enter") {
      event.preventDefault();
      insert("\n" + indentation());
    } else if (event.key === "}" && /^ {2,}$/.test(lineToCaret()) && area.selectionStart === area.selectionEnd) {
      event.preventDefault();
      area.setSelectionRange(area.selectionStart - 2, area.selectionStart);
      insert("}");
    }
  });

  show();
  return {
    get: () => area.value,
    set: (text) => {
      area.value = text;
      area.setSelectionRange(0, 0);
      area.scrollTop = 0;
      changed();
    },
    caret: () => area.selectionStart,
    onInput: (f) => { listener = f; },
  };
}
