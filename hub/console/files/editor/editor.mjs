// Improves each <textarea data-editor> of a page, which works without it too: colours, completion, errors at their lines.
// All that it shows was in the page: words in a <datalist>, errors in elements with data-file and data-line. It puts text
// into the document as text alone, and its styles lie in a shadow root, where a Content-Security-Policy lets them be.
import { basicSetup, EditorView } from "codemirror";
import { autocompletion } from "@codemirror/autocomplete";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { yaml } from "@codemirror/lang-yaml";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { search } from "@codemirror/search";
import { tags } from "@lezer/highlight";

// The colours are those of console.css, which a shadow root inherits; there they are named for light and dark.
const look = EditorView.theme({
  "&": { border: "1px solid var(--line)", borderRadius: "8px", background: "var(--paper)", color: "var(--ink)" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
  ".cm-scroller": { font: ".9rem/1.5 ui-monospace, 'DejaVu Sans Mono', 'Noto Sans SC', monospace", maxHeight: "36rem" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { background: "var(--soft)", color: "var(--quiet)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "color-mix(in srgb, var(--soft) 60%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--line)",
  },
  ".cm-panels, .cm-tooltip": { background: "var(--soft)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-panel.cm-search [name=close]": { color: "var(--ink)" },
  ".cm-textfield, .cm-button": { background: "var(--paper)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--accent)", color: "var(--on-accent)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", fontSize: ".9rem" },
  ".cm-completionDetail": { marginLeft: "1em", color: "inherit", fontStyle: "normal" },
  // CodeMirror draws these with images that stand in its styles, which `img-src 'self'` refuses.
  ".cm-lint-marker.cm-lint-marker": { content: "normal", color: "var(--alarm)", lineHeight: "1.1em" },
  ".cm-lint-marker-error:before": { content: '"●"' },
  ".cm-lint-marker-warning:before": { content: '"▲"' },
  ".cm-lintRange-error, .cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--alarm)" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap" },
});
const colours = HighlightStyle.define([
  { tag: [tags.comment, tags.punctuation, tags.separator, tags.meta], color: "var(--quiet)" },
  { tag: [tags.propertyName, tags.definition(tags.propertyName), tags.keyword], color: "var(--accent)" },
  { tag: [tags.string, tags.number, tags.bool, tags.atom], color: "var(--good)" },
  { tag: [tags.variableName, tags.typeName], color: "var(--alarm)" },
]);

const graphql = StreamLanguage.define({
  name: "graphql",
  startState: () => ({ block: false }),
  token(stream, state) {
    if (state.block || stream.match('"""')) {
      state.block = !stream.match(/.*?"""/);
      if (state.block) stream.skipToEnd();
      return "string";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/#.*/)) return "comment";
    if (stream.match(/"(\\.|[^"\\])*"?/)) return "string";
    if (stream.match(/-?\d+(\.\d+)?([eE][+-]?\d+)?/)) return "number";
    if (stream.match(/\$\w+/)) return "variableName";
    if (stream.match(/@\w+/)) return "meta";
    if (stream.match(/(query|subscription|fragment|on|true|false|null)\b/)) return "keyword";
    if (stream.match(/[A-Z]\w*/)) return "typeName";
    if (stream.match(/\w+/)) return "propertyName";
    stream.next();
    return "punctuation";
  },
  languageData: { commentTokens: { line: "#" } },
});
const LANGUAGES = { policy: yaml, graphql: () => graphql };
const WORDS = { policy: /[\p{L}\d_.$:*-]+/u, graphql: /[\w$]+/ };

/** The words of the <datalist> that a textarea names, each with what it is. */
function optionsOf(name) {
  return [...(document.getElementById(name)?.options ?? [])];
}

function completion(textarea) {
  const known = optionsOf(textarea.dataset.words).map(({ value, label }) => ({ label: value, detail: label }));
  const word = WORDS[textarea.dataset.editor];
  return (context) => {
    const before = context.matchBefore(word);
    return before || context.explicit ? { from: before?.from ?? context.pos, options: known, validFor: word } : null;
  };
}

/** What the page says about lines of this file. */
function diagnostics(textarea, doc) {
  return [...document.querySelectorAll("[data-file][data-line]")]
    .filter(({ dataset }) => dataset.file === textarea.dataset.file)
    .map(({ dataset, textContent }) => {
      const { from, to } = doc.line(Math.min(Math.max(Number(dataset.line), 1), doc.lines));
      return { from, to, severity: dataset.severity, message: textContent.trim() };
    });
}

/** How the keyboard is used, under the text: Tab leaves it. */
function hint(textarea) {
  const told = Object.assign(document.createElement("p"), { id: "hint", textContent: textarea.dataset.hint });
  Object.assign(told.style, { margin: ".2rem 0", color: "var(--quiet)", fontSize: ".85rem" });
  return told;
}

// Chromium keeps the look of a selection that is typed over in a `style` attribute, which the policy refuses, and says so.
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { main } = view.state.selection;
    if (event.inputType !== "insertText" || main.empty || view.composing || !event.data) return false;
    const typed = { userEvent: "input.type", scrollIntoView: true };
    const insert = () => view.state.update(view.state.replaceSelection(event.data), typed);
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((each) => each(view, main.from, main.to, event.data, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

function extensions(textarea, label) {
  return [
    basicSetup,
    LANGUAGES[textarea.dataset.editor](),
    autocompletion({ override: [completion(textarea)] }),
    lintGutter(),
    look,
    syntaxHighlighting(colours),
    search({ top: true }),
    typedOver,
    EditorView.darkTheme.of(matchMedia("(prefers-color-scheme: dark)").matches),
    EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": "hint", tabindex: "0" }),
    EditorState.phrases.of(Object.fromEntries(optionsOf("editor-phrases").map(({ value, label }) => [value, label]))),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) textarea.value = state.doc.toString();
    }),
  ];
}

/** Put the editor in the place of a textarea, which is sent with its form as before. */
function improve(textarea) {
  const label = textarea.labels[0];
  const host = document.createElement("div");
  label.after(host);
  const root = host.attachShadow({ mode: "open" });
  const name = label.textContent.replace(textarea.textContent, "").trim();
  const view = new EditorView({ doc: textarea.value, extensions: extensions(textarea, name), parent: root, root });
  root.append(hint(textarea));
  const said = diagnostics(textarea, view.state.doc);
  view.dispatch(setDiagnostics(view.state, said));
  const first = said.find(({ severity }) => severity === "error") ?? said[0];
  // Inside the editor alone: the page goes on showing what it says of the whole draft.
  if (first) view.requestMeasure({ read: () => view.lineBlockAt(first.from).top, write: (top) => view.scrollDOM.scrollTo(0, top - 80) });
  label.addEventListener("click", () => view.focus());
  textarea.hidden = true;
}

for (const textarea of document.querySelectorAll("textarea[data-editor]")) {
  const folded = textarea.closest("details:not([open])");
  // One of many texts is opened at a time.
  if (folded) folded.addEventListener("toggle", () => improve(textarea), { once: true });
  else improve(textarea);
}
